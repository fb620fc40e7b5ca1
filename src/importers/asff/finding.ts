import { serviceOfArn, serviceOfResourceType } from "../../core/findings/services.ts";
import { type Severity, severityFromLabel, severityFromScore } from "../../core/findings/severity.ts";
import { type ControlStatus, type FindingStatus, verdictOf } from "../../core/findings/status.ts";
import {
  type Fields,
  fieldsAt,
  firstText,
  isFields,
  listAt,
  numberAt,
  tagsJson,
  textAt,
} from "../shared/fields.ts";
import type { FindingDetails, FindingKey } from "../shared/finding-values.ts";
import { noInstant, parseInstant } from "../shared/instants.ts";
import { type Refused, refuse } from "../shared/record-format.ts";
import { asffControls } from "./controls.ts";

/** Reads what every finding needs: its id, its account and a time it was observed at. */
export function asffKey(record: Fields): FindingKey | Refused {
  const id = textAt(record, "Id");
  if (id === null) return refuse("Id", "has no Id");
  const account = textAt(record, "AwsAccountId");
  if (account === null) return refuse("AwsAccountId", "has no AwsAccountId");
  const times = timesOf(record);
  if ("kind" in times) return times;
  const { firstSeen, lastSeen, observedAt } = times;
  return { id, account, product: productId(record), firstSeen, lastSeen, observedAt };
}

export function asffDetails(record: Fields): FindingDetails {
  const resource = fieldsOf(listAt(record, "Resources")[0]);
  const title = textAt(record, "Title");
  const word = textAt(fieldsAt(record, "Compliance"), "Status");
  const verdict = word === null ? undefined : verdictOf(word);
  return {
    productName: productName(record),
    title,
    severity: severityOf(fieldsAt(record, "Severity")),
    status: statusOf(record, verdict),
    workflow: firstText(textAt(fieldsAt(record, "Workflow"), "Status"), textAt(record, "WorkflowState")),
    checkId: checkId(record),
    service: serviceOf(resource, record),
    region: firstText(
      textAt(record, "Region"),
      textAt(resource, "Region"),
      regionOfArn(textAt(record, "ProductArn")),
    ),
    resourceId: textAt(resource, "Id"),
    resourceType: textAt(resource, "Type"),
    remediation: remediationOf(record),
    tags: tagsJson(Object.entries(fieldsAt(resource, "Tags"))),
    verdict,
    controls: () => asffControls(record, title),
  };
}

const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

type Times = Pick<FindingKey, "firstSeen" | "lastSeen" | "observedAt">;

function timesOf(record: Fields): Times | Refused {
  const created = timeAt(record, "CreatedAt");
  const updated = timeAt(record, "UpdatedAt");
  const first = timeAt(record, "FirstObservedAt");
  const last = timeAt(record, "LastObservedAt");
  for (const time of [created, updated, first, last]) if (typeof time === "object") return time;
  const [c, u, f, l] = [created, updated, first, last] as (number | undefined)[];
  const lastSeen = l ?? u ?? c;
  if (lastSeen === undefined) return refuse("UpdatedAt", "has no UpdatedAt");
  return { firstSeen: f ?? c ?? lastSeen, lastSeen, observedAt: Math.max(lastSeen, u ?? lastSeen) };
}

function timeAt(record: Fields, name: string): number | undefined | Refused {
  const text = textAt(record, name);
  if (text === null) return undefined;
  return parseInstant(text) ?? refuse(name, `${name} ${noInstant(text)}`);
}

/** `aws/securityhub` of `arn:aws:securityhub:us-east-1::product/aws/securityhub`. */
function productId(record: Fields): string {
  const arn = textAt(record, "ProductArn");
  const tail = arn?.split(":product/")[1];
  return tail ?? firstText(textAt(record, "ProductName"), arn) ?? "unknown";
}

function productName(record: Fields): string | null {
  const fields = fieldsAt(record, "ProductFields");
  return firstText(
    textAt(record, "ProductName"),
    textAt(fields, "aws/securityhub/ProductName"),
    textAt(fields, "ProviderName"),
    textAt(fields, "Product Name"),
  );
}

function severityOf(severity: Fields): Severity | undefined {
  const label = textAt(severity, "Label");
  const score = numberAt(severity, "Normalized");
  const original = textAt(severity, "Original");
  return (
    (label === null ? undefined : severityFromLabel(label)) ??
    (score === undefined ? undefined : severityFromScore(score)) ??
    (original === null ? undefined : severityFromLabel(original))
  );
}

/** `Workflow.Status` replaced `WorkflowState` in 2020; both are still written, and the older one is never updated. */
function statusOf(record: Fields, verdict: ControlStatus | undefined): FindingStatus {
  const workflow = (
    firstText(textAt(fieldsAt(record, "Workflow"), "Status"), textAt(record, "WorkflowState")) ?? ""
  ).toUpperCase();
  if (workflow === "SUPPRESSED") return "suppressed";
  if (workflow === "RESOLVED") return "resolved";
  if (textAt(record, "RecordState")?.toUpperCase() === "ARCHIVED") return "resolved";
  if (verdict === "passed" || verdict === "not_available") return verdict;
  return "open";
}

function checkId(record: Fields): string | null {
  return firstText(
    textAt(fieldsAt(record, "Compliance"), "SecurityControlId"),
    textAt(fieldsAt(record, "ProductFields"), "ControlId"),
    textAt(record, "GeneratorId"),
  );
}

function serviceOf(resource: Fields, record: Fields): string | null {
  const type = textAt(resource, "Type");
  const id = textAt(resource, "Id");
  // "Other" is what scanners write for resources Security Hub has no type for.
  if (type !== null && type !== "Other") return serviceOfResourceType(type);
  return firstText(id === null ? null : (serviceOfArn(id) ?? null), productName(record), type);
}

function regionOfArn(arn: string | null): string | null {
  const region = arn?.split(":")[3];
  return region === undefined || region === "" ? null : region;
}

function remediationOf(record: Fields): string | null {
  const recommendation = fieldsAt(record, "Remediation", "Recommendation");
  const parts = [textAt(recommendation, "Text"), textAt(recommendation, "Url")].filter(
    (part) => part !== null,
  );
  return parts.length === 0 ? null : parts.join(" ");
}
