import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { complianceDashboard } from "../../src/app/compliance/dashboard.ts";
import { securityChanges } from "../../src/app/security/changed-findings.ts";
import { riskScore } from "../../src/app/security/score.ts";
import { metricUsage } from "../../src/app/usage/metrics.ts";
import { SEVERITY_WEIGHTS, type Severity } from "../../src/core/findings/severity.ts";
import { daysBetween } from "../../src/core/time/dates.ts";
import { demoControls, demoFindings, demoRecordLoads, demoUsage } from "../../src/demo/facts.ts";
import type { LoadedFact } from "../../src/ports/load.ts";
import { records } from "../support/records.ts";
import { type TestTenant, testTenant } from "../support/tenant-context.ts";

/*
 * The demo's own facts, counted the plain way with everything in memory, against what the service answers from its
 * store: the figures on the dashboards are those of the data, by another road.
 */

const OPTIONS = { seed: 20_240_917, end: "2024-10-01", months: 4 };
const TENANT = "meridian-health";
const RANGE = { from: "2024-08-01", to: "2024-10-01" };

const ofTenant = (batches: Iterable<readonly LoadedFact[]>): LoadedFact[] =>
  [...batches].flat().filter((fact) => fact.tenant === TENANT);
const within = (fact: LoadedFact): boolean => fact.day >= RANGE.from && fact.day < RANGE.to;
const date = (instant: string | null | undefined): string => (instant ?? "").slice(0, 10);

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

describe("the demo's posture", () => {
  let tenant: TestTenant;
  const findings = ofTenant(demoFindings(OPTIONS));
  const days = [...new Set(findings.map(({ day }) => day))].sort();
  const last = days.filter((day) => day < RANGE.to).at(-1)!;
  const open = (day: string): LoadedFact[] =>
    findings.filter((fact) => fact.day === day && fact.values.status === "open");

  beforeAll(async () => {
    tenant = await testTenant({ id: TENANT });
    for (const load of demoRecordLoads(OPTIONS, "2024-10-01T06:00:00.000Z"))
      await tenant.context.services.loader.loadRecords(load);
  });
  afterAll(() => tenant.close());

  it("has the risk points of the open findings of its last snapshot", async () => {
    const points = open(last).reduce(
      (sum, { values }) => sum + SEVERITY_WEIGHTS[values.severity as Severity],
      0,
    );
    const score = await riskScore(tenant.context, { range: RANGE, filters: [] });
    expect(points).toBeGreaterThan(0);
    expect(score.totals[0]?.cells[6]).toBe(String(points));
    expect(score.totals[0]?.cells[2]).toBe(String(open(last).length));
  });

  it("has the new, reopened and resolved findings that comparing sets of ids finds", async () => {
    const steps = [days.filter((day) => day < RANGE.from).at(-1)!, ...days.filter((d) => d >= RANGE.from)];
    const expected = { new: 0, reopened: 0, resolved: 0, "set-aside": 0, "short-lived": 0 };
    const durations: number[] = [];
    const since = new Map<string, string>();
    const listedSoFar = new Set<string>();
    for (const fact of findings.filter(({ day }) => day === steps[0])) {
      listedSoFar.add(fact.values.finding_id!);
      since.set(fact.values.finding_id!, date(fact.values.first_observed_at));
    }
    steps.slice(1).forEach((day, i) => {
      const before = new Map(
        findings.filter((f) => f.day === steps[i]).map((f) => [f.values.finding_id!, f]),
      );
      const now = new Map(findings.filter((f) => f.day === day).map((f) => [f.values.finding_id!, f]));
      const resolvedOn = (fact: LoadedFact | undefined): string => {
        const said = date(fact?.values.last_observed_at);
        return said > steps[i]! && said < day ? said : day;
      };
      for (const id of new Set([...before.keys(), ...now.keys()])) {
        const [was, is] = [before.get(id)?.values.status, now.get(id)?.values.status];
        const first = date((now.get(id) ?? before.get(id))!.values.first_observed_at);
        if (is === "open" && was !== "open") {
          const fresh = was === undefined && !listedSoFar.has(id) && first > steps[i]!;
          expected[fresh ? "new" : "reopened"]++;
          since.set(id, fresh ? first : day);
        } else if (was === "open" && is === "suppressed") expected["set-aside"]++;
        else if (was === "open" && is !== "open") {
          expected.resolved++;
          durations.push(daysBetween(since.get(id) ?? first, resolvedOn(now.get(id))));
        } else if (is === "resolved" && was === undefined && !listedSoFar.has(id) && first > steps[i]!) {
          expected["short-lived"]++;
          durations.push(daysBetween(first, resolvedOn(now.get(id))));
        }
      }
      for (const id of now.keys()) listedSoFar.add(id);
    });
    const { changes, notes } = await securityChanges(tenant.context, { range: RANGE, filters: [] }, 80);
    expect(notes).toEqual([]);
    expect(changes?.counts).toEqual({ ...expected, "brought-back": 0 });
    expect(expected.resolved).toBeGreaterThan(10);
    expect(expected.reopened).toBeGreaterThan(0);
    expect([changes?.openBefore, changes?.openNow]).toEqual([open(steps[0]!).length, open(last).length]);
    const mean = durations.reduce((sum, each) => sum + each, 0) / durations.length;
    expect(changes?.timeToResolve.n).toBe(durations.length);
    expect(Number(changes?.timeToResolve.meanDays)).toBeCloseTo(mean, 1);
  });

  it("names changed findings with what they are about", async () => {
    const { findings: named } = await securityChanges(tenant.context, { range: RANGE, filters: [] }, 5);
    expect(named.length).toBeGreaterThan(5);
    for (const each of named) {
      const fact = findings.find(({ values }) => values.finding_id === each.finding)!;
      expect([each.title, each.check, each.resource]).toEqual([
        ...[fact.values.title, fact.values.check_id, fact.values.resource_id],
      ]);
    }
  });

  it("has a compliance score of passed controls by those evaluated", async () => {
    const controls = ofTenant(demoControls(OPTIONS)).filter(({ day }) => day === last);
    const byControl = groupBy(controls, ({ values }) => values.control_id!);
    const outcomes = [...byControl.values()].map((results) => {
      const has = (status: string): boolean => results.some(({ values }) => values.control_status === status);
      return has("failed") ? "failed" : has("passed") ? "passed" : "not_available";
    });
    const count = (outcome: string): number => outcomes.filter((each) => each === outcome).length;
    const { frameworks, failed } = await complianceDashboard(tenant.context, {
      range: RANGE,
      filters: [],
      top: 1000,
      compare: "previous-period",
    });
    const [hipaa] = records(frameworks);
    expect([hipaa?.passed, hipaa?.failed, hipaa?.not_available]).toEqual(
      [count("passed"), count("failed"), count("not_available")].map(String),
    );
    expect(Number(hipaa?.score)).toBeCloseTo(
      (100 * count("passed")) / (count("passed") + count("failed")),
      3,
    );
    const failing = controls.filter(({ values }) => values.control_status === "failed");
    expect(failed!.totals[0]?.cells.at(-1)).toBe(String(failing.length));
  });

  it("adds up counters, and averages the daily level of storage", async () => {
    const usage = ofTenant(demoUsage(OPTIONS)).filter(within);
    const of = (metric: string): number =>
      usage.reduce((sum, { values }) => sum + (values.metric === metric ? Number(values.quantity) : 0), 0);
    const metrics = new Map(
      (await metricUsage(tenant.context, { range: RANGE, filters: [] })).map((each) => [each.metric, each]),
    );
    expect(Number(metrics.get("compute_hours")?.value)).toBeCloseTo(of("compute_hours"), 3);
    expect(Number(metrics.get("api_calls")?.total)).toBe(of("api_calls"));
    expect(metrics.get("storage_gb")?.total).toBeNull();
    const average = of("storage_gb") / daysBetween(RANGE.from, RANGE.to);
    expect(Number(metrics.get("storage_gb")?.value)).toBeCloseTo(average, 3);
    const resources = new Set(
      usage.filter(({ values }) => values.metric === "compute_hours").map(({ values }) => values.resource_id),
    );
    expect(metrics.get("compute_hours")?.activeResources).toBe(resources.size);
  });
});
