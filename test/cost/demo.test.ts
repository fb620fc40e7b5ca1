import { beforeAll, describe, expect, it } from "vitest";
import { DEMO_SEED } from "../../src/demo/calendar.ts";
import { type DemoEvent, demoScenario } from "../../src/demo/scenario.ts";
import { anomaliesOf, type ServiceAnomaly } from "../support/anomaly-trials.ts";
import { averageOf, demoBills, type Trial, trialsOn } from "../support/forecast-trials.ts";

/** A smaller back-test than bench/forecast.ts: each tenant on six days, early and late in a month. */
const OPTIONS = { seed: DEMO_SEED, end: "2025-01-01", months: 9 };
const DAYS = ["2024-08-07", "2024-09-19", "2024-10-04", "2024-10-25", "2024-11-12", "2024-12-20"];

describe("a forecast of the demo tenants' bills, as they were known on earlier days", () => {
  let trials: Trial[];
  beforeAll(() => {
    trials = demoBills(OPTIONS).flatMap((bill) => DAYS.flatMap((day) => trialsOn(bill, day)));
  });
  const errors = (method: Trial["method"], of: "monthError" | "scaledError", tenant?: string): number =>
    averageOf(
      trials
        .filter((t) => t.method === method && (tenant ?? t.tenant) === t.tenant)
        .map((trial) => trial[of]),
    );

  it("is nearer than carrying the last day forward, for every tenant", () => {
    for (const tenant of new Set(trials.map((trial) => trial.tenant))) {
      for (const of of ["monthError", "scaledError"] as const)
        expect(errors("ours", of, tenant), tenant).toBeLessThan(errors("carry forward", of, tenant));
    }
  });

  it("errs less than half as much as carrying the last day forward or repeating the last week, over all", () => {
    for (const other of ["carry forward", "seasonal naive"] as const)
      for (const of of ["monthError", "scaledError"] as const)
        expect(errors("ours", of), `${other} ${of}`).toBeLessThan(errors(other, of) / 2);
  });

  it("has intervals that hold about as many outcomes as they say, and are not wide", () => {
    const told = trials.filter((trial) => trial.held !== undefined);
    expect(told).toHaveLength(5 * DAYS.length);
    const held = told.filter((trial) => trial.held === true).length / told.length;
    expect(held).toBeGreaterThan(0.6);
    expect(averageOf(told.map((trial) => trial.width ?? 0))).toBeLessThan(12);
  });
});

/** Whether an anomaly comes from the demo scenario, or lies in the days around it. */
function isExplained(anomaly: ServiceAnomaly, scenario: readonly DemoEvent[]): boolean {
  const day = anomaly.days[0]!.day;
  return scenario.some((event) => {
    if (event.tenant !== anomaly.tenant) return false;
    if (event.kind === "region-move") return day >= event.from && day < event.to;
    if (event.kind === "restatement")
      return day >= event.from && day < event.to && event.service === anomaly.key;
    if (event.kind === "new-account") return day >= event.day && daysAfter(event.day, day) < 40;
    return event.service === anomaly.key && day === event.day;
  });
}

const daysAfter = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 86_400_000;

describe.each([
  [DEMO_SEED, "2024-10-03"],
  [DEMO_SEED, "2026-11-24"],
  [7, "2025-06-15"],
])("anomalies of the demo with seed %d that ends on %s", (seed, end) => {
  const options = { seed, end, months: 14 };
  const scenario = demoScenario(options);
  const results = demoBills(options, "effective").map(anomaliesOf);
  const all = results.flatMap((result) => result.anomalies);

  it("hold the announced spike, on its day alone and among the largest of its tenant, and the refund", () => {
    const spike = scenario.find((event) => event.kind === "cost-spike")!;
    const own = all.filter((anomaly) => anomaly.tenant === spike.tenant);
    const largest = own.sort((a, b) => Math.abs(b.impact) - Math.abs(a.impact)).slice(0, 3);
    const found = largest.find((anomaly) => anomaly.key === spike.service);
    expect(found).toMatchObject({ kind: "spike", days: [{ day: spike.day }] });
    const refund = scenario.find((event) => event.kind === "refund")!;
    const drops = all.filter((anomaly) => anomaly.key === refund.service && anomaly.kind === "drop");
    expect(drops.map((anomaly) => anomaly.days[0]!.day)).toContain(refund.day);
  });

  it("do not flood: less than one in two thousand days of a service is flagged without being told", () => {
    const judged = results.reduce((sum, result) => sum + result.judged, 0);
    const unexplained = all
      .filter((anomaly) => !isExplained(anomaly, scenario))
      .flatMap((anomaly) => anomaly.days);
    expect(judged).toBeGreaterThan(50_000);
    expect(unexplained.length / judged).toBeLessThan(1 / 2000);
  });
});
