import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cost } from "../../../test/conformance/lib/facts.ts";
import { type TestTenant, testTenant } from "../../../test/support/tenant-context.ts";
import { chartData, type SeriesChart } from "../../core/charts/series.ts";
import type { ChartSpec } from "../../core/charts/spec.ts";
import { sumDecimals } from "../../core/money/decimal.ts";
import type { AnalyticsQuery } from "../../core/query/query.ts";
import { addDays } from "../../core/time/dates.ts";
import { runQuery } from "../analytics/run-query.ts";
import { chartAnswer } from "./chart-answer.ts";

const FROM = "2023-10-01";
const DAYS = 366;
const SERVICES = 20;
const BY_SERVICE: ChartSpec = { kind: "stacked-area", x: "day", y: ["billed_cost"], series: "service" };
const query = (more: Partial<AnalyticsQuery> = {}): AnalyticsQuery => ({
  dataset: "cost",
  range: { from: FROM, to: "2024-10-01" },
  groupBy: ["day", "service"],
  measures: ["billed_cost"],
  ...more,
});

describe("the answer behind a chart with a time axis", () => {
  let tenant: TestTenant;
  const sum = (values: readonly (string | null)[]): string =>
    sumDecimals(values.filter((value) => value !== null));
  const drawn = async (spec: ChartSpec, asked: AnalyticsQuery): Promise<SeriesChart> => {
    const chart = chartData(spec, await chartAnswer(tenant.context, spec, asked));
    if (chart.shape !== "series") throw new Error(chart.shape);
    return chart;
  };

  beforeAll(async () => {
    tenant = await testTenant();
    const facts = Array.from({ length: DAYS * SERVICES }, (_, i) => {
      const service = i % SERVICES;
      return cost(addDays(FROM, Math.floor(i / SERVICES)), {
        // The second largest has no name.
        service_name: service === 1 ? null : `Service ${service}`,
        billed_cost: `${(SERVICES - service) * 100}.000000000000000001`,
        effective_cost: "1",
        sub_account_id: "1",
      });
    });
    await tenant.load("cost", facts);
  });
  afterAll(() => tenant.close());

  it("has every day of a year, the largest series, and the exact rest of each day", async () => {
    const chart = await drawn(BY_SERVICE, query());
    expect([chart.categories.length, chart.categories[0], chart.categories.at(-1)]).toEqual([
      ...[DAYS, FROM, "2024-09-30"],
    ]);
    expect(chart.series.map(({ name }) => name)).toEqual([
      ...["Service 0", "(none)", "Service 2", "Service 3", "Service 4", "Service 5", "Service 6"],
      "Others (13)",
    ]);
    expect(chart.series.at(-1)).toMatchObject({ others: true });
    expect(chart.notes).toEqual(['The 13 smallest of 20 are added up as "Others".']);
    // 13 services of 1300, 1200 … 100.
    expect(new Set(chart.series.at(-1)?.values)).toEqual(new Set(["9100.000000000000000013"]));
    const whole = await runQuery(tenant.context, query({ groupBy: [] }));
    expect(sum(chart.series.flatMap(({ values }) => values))).toBe(whole.totals[0]?.cells[0]);
  });

  it("takes a limit as a number of series, never of days", async () => {
    const chart = await drawn(BY_SERVICE, query({ limit: 3 }));
    expect(chart.series.map(({ name }) => name)).toEqual([
      ...["Service 0", "(none)", "Service 2", "Others (17)"],
    ]);
    expect(chart.categories.length).toBe(DAYS);
    const line = await drawn(
      { kind: "line", x: "day", y: ["billed_cost"] },
      query({ groupBy: ["day"], limit: 5 }),
    );
    expect(line.categories.length).toBe(DAYS);
    expect(line.series[0]?.values.every((value) => value === "21000.00000000000000002")).toBe(true);
  });

  it("is whole where the rest cannot be told by subtraction: several dimensions, comparisons", async () => {
    const compared = await drawn(BY_SERVICE, query({ compare: "previous-period" }));
    const split = await drawn(BY_SERVICE, query({ groupBy: ["day", "service", "account"] }));
    for (const chart of [compared, split]) {
      expect([chart.categories.length, chart.series.length]).toEqual([DAYS, 8]);
      expect(chart.series.at(-1)?.name).toBe("Others (13)");
    }
  });

  it("leaves a limit on other axes to the question, and says what is not drawn", async () => {
    const spec: ChartSpec = { kind: "bar", x: "account", y: ["billed_cost"], series: "service" };
    const chart = await drawn(spec, query({ groupBy: ["account", "service"], limit: 2 }));
    expect(chart.notes).toContain("18 more rows, beyond the query's limit, are not drawn.");
  });
});
