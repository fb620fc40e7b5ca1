import type { Severity } from "../../core/findings/severity.ts";
import { controlStatusOf, type ControlStatus, type FindingStatus } from "../../core/findings/status.ts";
import { formatInstant } from "./instants.ts";
import type { ObservedFinding, Values } from "./record-format.ts";

/** What every finding needs, and what decides where it belongs. */
export interface FindingKey {
  id: string;
  account: string;
  /** Who reports it, as part of the partition's source. */
  product: string;
  /** Milliseconds since 1970. */
  firstSeen: number;
  lastSeen: number;
  /** When the record was written, at the latest; decides the snapshot's day. */
  observedAt: number;
}

/** The rest of a finding, in the words of the core, whatever wrote it. */
export interface FindingDetails {
  /** The product's name as people know it. */
  productName: string | null;
  title: string | null;
  severity: Severity | undefined;
  status: FindingStatus;
  /** The source's own word for where work on it stands. */
  workflow: string | null;
  checkId: string | null;
  service: string | null;
  region: string | null;
  resourceId: string | null;
  resourceType: string | null;
  remediation: string | null;
  tags: string | null;
  /** What the check said; undefined for findings that are no checks. */
  verdict: ControlStatus | undefined;
  controls: () => readonly FindingControl[];
}

export interface FindingControl {
  framework: string;
  control: string;
  title: string | null;
}

/** The facts a finding makes: one for findings, one for each control its check stands for. */
export function observedFinding(key: FindingKey, details: () => FindingDetails): ObservedFinding {
  const { account, product, observedAt } = key;
  return {
    kind: "finding",
    account,
    product,
    observedAt,
    facts: () => {
      const known = details();
      const last = formatInstant(key.lastSeen);
      const first = key.firstSeen < key.lastSeen ? formatInstant(key.firstSeen) : last;
      const times = { first, last };
      return { finding: findingValues(key, known, times), controls: controlValues(key, known, times.last) };
    },
  };
}

function findingValues(
  key: FindingKey,
  details: FindingDetails,
  times: { first: string; last: string },
): Values {
  return {
    first_observed_at: times.first,
    last_observed_at: times.last,
    finding_id: key.id,
    title: details.title,
    severity: details.severity ?? null,
    status: details.status,
    workflow_status: details.workflow,
    source_product: details.productName ?? key.product,
    check_id: details.checkId,
    service_name: details.service,
    sub_account_id: key.account,
    region_id: details.region,
    resource_id: details.resourceId,
    resource_type: details.resourceType,
    remediation: details.remediation,
    tags: details.tags,
  };
}

function controlValues(key: FindingKey, details: FindingDetails, evaluatedAt: string): Values[] {
  const { verdict } = details;
  if (verdict === undefined) return [];
  const status = controlStatusOf(verdict, details.status);
  const seen = new Set<string>();
  const results: Values[] = [];
  for (const { framework, control, title } of details.controls()) {
    const name = `${framework}\0${control}`;
    if (seen.has(name)) continue;
    seen.add(name);
    results.push({
      evaluated_at: evaluatedAt,
      framework,
      control_id: control,
      control_title: title,
      control_status: status,
      severity: details.severity ?? null,
      source_product: details.productName ?? key.product,
      check_id: details.checkId,
      service_name: details.service,
      sub_account_id: key.account,
      region_id: details.region,
      resource_id: details.resourceId,
      finding_id: key.id,
    });
  }
  return results;
}
