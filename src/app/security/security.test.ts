import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finding } from "../../../test/conformance/lib/facts.ts";
import { records } from "../../../test/support/records.ts";
import { type TestTenant, testTenant } from "../../../test/support/tenant-context.ts";
import { findingAges } from "./ages.ts";
import { compareSnapshots } from "./changes.ts";
import { changesByDay, changesBySeverity } from "./computations.ts";
import { securityDashboard } from "./dashboard.ts";
import { riskScore, riskTrend } from "./score.ts";

const SEPTEMBER = { range: { from: "2024-09-01", to: "2024-10-01" }, filters: [] };

interface Finding {
  id: string;
  severity?: string;
  status?: string;
  first?: string;
  last?: string;
  service?: string;
}

const snapshot = (source: string, day: string, findings: readonly Finding[]) =>
  findings.map(
    ({ id, severity = "high", status = "open", first = "2024-08-01", last = day, service = "S3" }) =>
      finding(
        day,
        {
          finding_id: id,
          severity,
          status,
          service_name: service,
          sub_account_id: "1",
          check_id: "C.1",
          first_observed_at: `${first}T06:00:00Z`,
          last_observed_at: `${last}T06:00:00Z`,
        },
        { source },
      ),
  );

describe("security", () => {
  let tenant: TestTenant;
  beforeAll(async () => {
    tenant = await testTenant();
    await tenant.load("findings", [
      ...snapshot("asff:hub:1", "2024-08-25", [
        { id: "stays" },
        { id: "fixed", severity: "critical", first: "2024-08-15" },
        { id: "silenced", severity: "low" },
        { id: "vanishes", severity: "medium", first: "2024-08-20" },
        { id: "was fixed", status: "resolved" },
      ]),
      ...snapshot("asff:hub:1", "2024-09-10", [
        { id: "stays" },
        { id: "fixed", severity: "critical", status: "resolved", first: "2024-08-15", last: "2024-09-01" },
        { id: "silenced", severity: "low", status: "suppressed" },
        { id: "was fixed" },
        { id: "appears", severity: "critical", first: "2024-09-05", service: "EC2" },
        { id: "quick", status: "resolved", first: "2024-09-02", last: "2024-09-05" },
      ]),
      ...snapshot("asff:hub:1", "2024-09-24", [
        { id: "stays" },
        { id: "silenced", severity: "low", status: "muted" },
        { id: "was fixed" },
        { id: "appears", severity: "critical", first: "2024-09-05", service: "EC2" },
      ]),
      // Scanned once, and scanned before only.
      ...snapshot("prowler:aws:2", "2024-09-20", [
        { id: "p", severity: "informational", first: "2023-01-01" },
      ]),
      ...snapshot("old:3", "2024-07-01", [{ id: "o", severity: "critical" }]),
    ]);
  });
  afterAll(() => tenant.close());

  it("tells new, reopened and resolved findings apart, and how long they took", async () => {
    const { changes, steps, findings, notes } = await compareSnapshots(tenant.context, SEPTEMBER, 10);
    expect(steps).toBe("all");
    expect(changes).toMatchObject({
      openBefore: 4,
      openNow: 3,
      counts: { new: 1, reopened: 1, resolved: 2, "set-aside": 1, "brought-back": 0, "short-lived": 1 },
      // 17 days for fixed, 21 until vanishes was no longer there, 3 for quick.
      timeToResolve: { n: 3, meanDays: "13.67", medianDays: "17" },
    });
    expect(findings.filter(({ change }) => change === "resolved").map(({ finding: id }) => id)).toEqual([
      "fixed",
      "vanishes",
    ]);
    expect(notes).toEqual([
      "Only one snapshot, so changes are not available: prowler:aws:2.",
      "Not recorded in this range: old:3.",
    ]);
  });

  it("shows the same as tables, by severity and by snapshot", async () => {
    const bySeverity = records(await changesBySeverity(tenant.context, SEPTEMBER));
    expect(
      bySeverity.map(({ severity, new: added, resolved, mean_days: mean }) => [
        severity,
        added,
        resolved,
        mean,
      ]),
    ).toEqual([
      ["critical", "1", "1", "17"],
      ["high", "0", "0", "3"],
      ["medium", "0", "1", "21"],
      ["low", "0", "0", null],
    ]);
    const byDay = await changesByDay(tenant.context, SEPTEMBER);
    expect(records(byDay).map(({ day }) => day)).toEqual(["2024-09-10"]);
    expect(byDay.totals[0]?.cells).toEqual([null, "1", "1", "2", "1", "0", "1"]);
  });

  it("says that changes are not available, not that there were none", async () => {
    const once = { ...SEPTEMBER, filters: [], range: { from: "2024-07-01", to: "2024-07-02" } };
    const answer = await changesBySeverity(tenant.context, once);
    expect([answer.rows, answer.totals]).toEqual([[], []]);
    expect(answer.completeness.notes[0]).toContain("not available");
    const before = { range: { from: "2023-01-01", to: "2023-02-01" }, filters: [] };
    expect((await riskScore(tenant.context, before)).totals[0]?.cells[2]).toBeNull();
    expect((await findingAges(tenant.context, before)).rows).toEqual([]);
  });

  it("weighs open findings of each source's last snapshot, and compares with the period before", async () => {
    const score = await riskScore(tenant.context, SEPTEMBER);
    expect(
      records(score).map(({ severity, findings, risk_points: points }) => [severity, findings, points]),
    ).toEqual([
      ["critical", "1", "40"],
      ["high", "2", "20"],
      ["medium", "0", "0"],
      ["low", "0", "0"],
      ["informational", "1", "0"],
    ]);
    const total = score.totals[0]!.cells;
    // 40 + 2 x 10 now; 40 + 10 + 3 + 1 in August.
    expect(total.slice(2)).toEqual(["4", "4", "0", "0", "60", "54", "6", "11.1111"]);
    expect(score.completeness.notes[0]).toContain("40 x critical");
  });

  it("draws the score over the snapshots, each source with its latest", async () => {
    const trend = records(await riskTrend(tenant.context, SEPTEMBER));
    const shown = trend.map(({ day, risk_points: points, informational }) => [day, points, informational]);
    // From the range's start, since there is a snapshot before it, to the last snapshot, a row a day.
    expect(shown).toHaveLength(24);
    expect([shown[0], shown[8], shown[9], shown[19], shown[23]]).toEqual([
      ["2024-09-01", "54", "0"],
      ["2024-09-09", "54", "0"],
      ["2024-09-10", "60", "0"],
      ["2024-09-20", "60", "1"],
      ["2024-09-24", "60", "1"],
    ]);
  });

  it("counts ages from first observed to the day of the snapshot", async () => {
    const ages = await findingAges(tenant.context, SEPTEMBER);
    expect(ages.rows).toEqual([
      ["0 to 7 days", "0", "0", "0"],
      ["8 to 30 days", "1", "1", "0"],
      ["31 to 90 days", "2", "0", "2"],
      ["91 to 180 days", "0", "0", "0"],
      ["181 to 365 days", "0", "0", "0"],
      ["Over a year", "1", "0", "0"],
    ]);
    expect(ages.totals[0]?.cells).toEqual([null, "4", "1", "2"]);
  });

  it("puts the dashboard together, open, suppressed and muted apart", async () => {
    const dashboard = await securityDashboard(tenant.context, {
      ...SEPTEMBER,
      top: 5,
      compare: "previous-period",
    });
    expect(records(dashboard.statuses).map(({ status, findings }) => [status, findings])).toEqual([
      ["open", "4"],
      ["muted", "1"],
      ["resolved", "0"],
    ]);
    expect(dashboard.services!.rows.map(([service, findings]) => [service, findings])).toEqual([
      ["S3", "3"],
      ["EC2", "1"],
    ]);
    expect(dashboard.heatmap!.rows).toContainEqual(["EC2", "critical", "1"]);
    expect(dashboard.snapshots).toContainEqual({ source: "old:3", day: "2024-07-01", inRange: false });
  });

  it("asks about a part of the findings when it is filtered", async () => {
    const filtered = { ...SEPTEMBER, filters: [{ field: "service", op: "equals" as const, value: "EC2" }] };
    const { changes } = await compareSnapshots(tenant.context, filtered);
    expect(changes).toMatchObject({ openBefore: 0, openNow: 1, counts: { new: 1, resolved: 0 } });
  });

  it("takes a snapshot without findings for all resolved", async () => {
    const other = await testTenant({ id: "empty" });
    try {
      const key = { tenant: "empty", source: "asff:hub:9" };
      await other.load("findings", [
        {
          ...snapshot("asff:hub:9", "2024-09-01", [{ id: "x", first: "2024-08-30" }])[0]!,
          ...key,
          period: "2024-09-01",
        },
      ]);
      await other.load("findings", [], [{ ...key, period: "2024-09-08" }]);
      const { changes } = await compareSnapshots(other.context, SEPTEMBER);
      expect(changes).toMatchObject({ openBefore: 1, openNow: 0, counts: { resolved: 1 } });
      expect(changes?.timeToResolve).toEqual({ meanDays: "9", medianDays: "9", n: 1 });
    } finally {
      await other.close();
    }
  });
});
