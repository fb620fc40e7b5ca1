import { must } from "../core/errors/must.ts";
import type { FactRecord } from "../core/metrics/facts.ts";
import type { LoadedFact, RecordLoad } from "../ports/load.ts";
import { dateOfDay } from "../core/time/dates.ts";
import { controlStatusOf, type ControlStatus } from "../core/findings/status.ts";
import { demoDays, type DemoDay, type DemoOptions, snapshotDays } from "./calendar.ts";
import { type Check, CHECKS, MANUAL_CONTROLS } from "./checks.ts";
import { buildInventory, type Inventory } from "./inventory.ts";
import { CATALOGUES, CONTROL_TITLES } from "./frameworks.ts";
import { type DemoFinding, findingsOf, type FindingState, stateOn } from "./posture.ts";
import { PROFILES } from "./profiles.ts";
import { usageOf } from "./usage.ts";

/** Sources of the demo's facts: no customer's load ever replaces them, nor they a customer's. */
const SOURCES = { findings: "demo:findings", controls: "demo:controls", usage: "demo:usage" } as const;
const BATCH = 2000;

type Values = FactRecord["values"];

/** Weekly snapshots of all findings (partition: tenant and snapshot day). */
export function* demoFindings(options: DemoOptions): Generator<readonly LoadedFact[], void, undefined> {
  yield* batched(snapshots(options, SOURCES.findings, findingValues));
}

/** Weekly control results of the frameworks each tenant answers to (partition: tenant and snapshot day). */
export function* demoControls(options: DemoOptions): Generator<readonly LoadedFact[], void, undefined> {
  yield* batched(snapshots(options, SOURCES.controls, controlValues));
}

/** Daily usage, in step with the demo's cost (partition: tenant and month). */
export function* demoUsage(options: DemoOptions): Generator<readonly LoadedFact[], void, undefined> {
  yield* batched(usageFacts(options));
}

/**
 * The three as loads, ready for `Loader.loadRecords`.
 * @param loadedAt RFC 3339 instant
 */
export function demoRecordLoads(options: DemoOptions, loadedAt: string): RecordLoad[] {
  const load = (
    dataset: keyof typeof SOURCES,
    facts: Generator<readonly LoadedFact[], void, undefined>,
  ): RecordLoad => ({
    dataset,
    format: "demo",
    files: [`demo ${dataset}`],
    records: asAsync(facts),
    partitions: [],
    rejections: { count: 0, kept: [] },
    assignment: { kind: "named" },
    loadedAt,
    dryRun: false,
  });
  return [
    load("findings", demoFindings(options)),
    load("controls", demoControls(options)),
    load("usage", demoUsage(options)),
  ];
}

// eslint-disable-next-line @typescript-eslint/require-await -- the facts are computed; the port takes any source
async function* asAsync<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  yield* items;
}

function* batched(facts: Iterable<LoadedFact>): Generator<readonly LoadedFact[], void, undefined> {
  let batch: LoadedFact[] = [];
  for (const fact of facts) {
    batch.push(fact);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** A finding that a snapshot lists, with its status. */
interface Listed {
  finding: DemoFinding;
  state: FindingState;
}

function* snapshots(
  options: DemoOptions,
  source: string,
  valuesOf: (inventory: Inventory, day: DemoDay, listed: readonly Listed[]) => Iterable<Values>,
): Generator<LoadedFact> {
  const days = demoDays(options);
  for (const profile of PROFILES) {
    const inventory = buildInventory(profile, days, options.seed);
    const findings = findingsOf(inventory);
    for (const day of snapshotDays(days)) {
      const listed = findings.flatMap((finding) => {
        const state = stateOn(finding, day);
        return state === undefined ? [] : [{ finding, state }];
      });
      for (const values of valuesOf(inventory, day, listed)) {
        yield { tenant: profile.id, source, period: day.date, day: day.date, values };
      }
    }
  }
}

/** When the scanners run: every snapshot's observations carry this time of day. */
const SCAN_TIME = "T06:00:00Z";
const WORKFLOW: Readonly<Record<FindingState, string>> = {
  open: "NEW",
  resolved: "RESOLVED",
  suppressed: "SUPPRESSED",
};

function* findingValues(inventory: Inventory, day: DemoDay, listed: readonly Listed[]): Generator<Values> {
  const first = must(inventory.days[0], "a day of the demo").number;
  for (const { finding, state } of listed) {
    const { check } = finding;
    const last = state === "resolved" ? first + finding.resolved : day.number;
    yield {
      first_observed_at: dateOfDay(first + finding.opened) + SCAN_TIME,
      last_observed_at: dateOfDay(last) + SCAN_TIME,
      finding_id: finding.id,
      title: check.title,
      severity: check.severity,
      status: state,
      workflow_status: WORKFLOW[state],
      source_product: check.product,
      check_id: check.id,
      service_name: check.service,
      sub_account_id: finding.account.id,
      region_id: finding.region,
      resource_id: finding.resourceId,
      resource_type: check.resourceType,
      remediation: check.remediation,
      tags: Object.keys(finding.tags).length === 0 ? null : JSON.stringify(finding.tags),
    };
  }
}

/**
 * For every framework, control and account: one failed result for each open finding of a check behind the control,
 * or one passed result when there is none; and one result without a verdict for controls that people must judge.
 */
function* controlValues(inventory: Inventory, day: DemoDay, listed: readonly Listed[]): Generator<Values> {
  const found = new Map<string, Listed[]>();
  for (const item of listed) {
    const key = `${item.finding.check.id} ${item.finding.account.id}`;
    const items = found.get(key);
    if (items === undefined) found.set(key, [item]);
    else items.push(item);
  }
  const accounts = inventory.profile.accounts.filter((account) =>
    inventory.lines.some((line) => line.account.id === account.id && line.born <= day.index),
  );
  for (const framework of inventory.profile.frameworks) {
    const catalogue = CATALOGUES[framework];
    if (catalogue === undefined) continue;
    const result = (
      control: string,
      status: ControlStatus,
      about: Partial<Record<string, string>>,
    ): Values => ({
      evaluated_at: day.date + SCAN_TIME,
      framework,
      control_id: control,
      control_title: CONTROL_TITLES[catalogue].get(control) ?? null,
      control_status: status,
      severity: about.severity ?? null,
      source_product: about.product ?? null,
      check_id: about.check ?? null,
      service_name: about.service ?? null,
      sub_account_id: about.account ?? null,
      region_id: about.region ?? inventory.profile.region,
      resource_id: about.resource ?? null,
      finding_id: about.finding ?? null,
    });
    for (const check of CHECKS) {
      for (const control of check[catalogue]) {
        for (const account of accounts) {
          const items = found.get(`${check.id} ${account.id}`) ?? [];
          yield* checkResults(check, account.id, items, (status, about) => result(control, status, about));
        }
      }
    }
    for (const control of MANUAL_CONTROLS[catalogue]) {
      yield result(control, "not_available", { account: inventory.profile.accounts[0].id });
    }
  }
}

function* checkResults(
  check: Check,
  account: string,
  items: readonly Listed[],
  result: (status: ControlStatus, about: Partial<Record<string, string>>) => Values,
): Generator<Values> {
  const base = { product: check.product, check: check.id, service: check.service, severity: check.severity };
  const failed = items.filter(({ state }) => controlStatusOf("failed", state) === "failed");
  for (const { finding } of failed) {
    const { region, resourceId: resource, id } = finding;
    yield result("failed", { ...base, account, region, resource, finding: id });
  }
  if (failed.length === 0) {
    yield result("passed", { ...base, account, resource: `AWS::::Account:${account}` });
  }
}

function* usageFacts(options: DemoOptions): Generator<LoadedFact> {
  const days = demoDays(options);
  for (const profile of PROFILES) {
    const inventory = buildInventory(profile, days, options.seed);
    for (const day of days) {
      for (const values of usageOf(inventory, day)) {
        yield { tenant: profile.id, source: SOURCES.usage, period: day.month, day: day.date, values };
      }
    }
  }
}
