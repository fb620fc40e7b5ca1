import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finding } from "../../../test/conformance/lib/facts.ts";
import { type TestTenant, testTenant } from "../../../test/support/tenant-context.ts";
import { usageDashboard, usageTable } from "./dashboard.ts";

const RANGE = { from: "2024-09-02", to: "2024-09-04" };

const used = (
  day: string,
  metric: string,
  unit: string,
  quantity: string | null,
  resource_id: string | null = null,
  service_name = "EC2",
) =>
  finding(
    day,
    { metric, unit, quantity, resource_id, service_name },
    { source: `cloudwatch:${unit}`, period: "2024-09" },
  );

describe("usage", () => {
  let tenant: TestTenant;
  beforeAll(async () => {
    tenant = await testTenant();
    await tenant.load("usage", [
      used("2024-09-01", "compute_hours", "hours", "10", "i-1"),
      used("2024-09-02", "compute_hours", "hours", "24", "i-1"),
      used("2024-09-02", "compute_hours", "hours", "6", "i-2"),
      used("2024-09-02", "compute_hours", "hours", "0", "i-3"),
      used("2024-09-03", "compute_hours", "hours", "24", "i-1"),
      used("2024-09-01", "storage_gb", "GB", "50", "b-1", "S3"),
      used("2024-09-02", "storage_gb", "GB", "100", "b-1", "S3"),
      used("2024-09-02", "storage_gb", "GB", "20", "b-2", "S3"),
      used("2024-09-03", "storage_gb", "GB", "140", "b-1", "S3"),
      used("2024-09-03", "storage_gb", "GB", "20", "b-2", "S3"),
      used("2024-09-02", "api_calls", "calls", "1000"),
      used("2024-09-03", "weather", "degrees", "21"),
      used("2024-09-03", "data_transfer_gb", "GB", null),
    ]);
  });
  afterAll(() => tenant.close());

  it("adds counters up, averages gauges, and never adds units", async () => {
    const { metrics, notes } = await usageDashboard(tenant.context, {
      range: RANGE,
      filters: [],
      top: 5,
      compare: "previous-period",
    });
    expect(metrics).toMatchObject([
      {
        metric: "api_calls",
        label: "API calls",
        unit: "calls",
        kind: "counter",
        value: "1000",
        total: "1000",
        dailyAverage: "1000",
        last: null,
        days: 1,
        previous: null,
        change: null,
        changePercent: null,
        activeResources: null,
        perActiveResource: null,
      },
      {
        metric: "compute_hours",
        label: "Compute hours",
        unit: "hours",
        kind: "counter",
        value: "54",
        total: "54",
        dailyAverage: "27",
        last: null,
        days: 2,
        previous: "10",
        change: "44",
        changePercent: "440",
        activeResources: 2,
        perActiveResource: "27",
      },
      {
        metric: "storage_gb",
        label: "Storage",
        unit: "GB",
        kind: "gauge",
        value: "140",
        total: null,
        dailyAverage: "140",
        last: "160",
        days: 2,
        previous: "50",
        change: "90",
        changePercent: "180",
        activeResources: 2,
        perActiveResource: "80",
      },
      {
        metric: "data_transfer_gb",
        label: "Data transfer",
        unit: "GB",
        kind: "counter",
        value: null,
        total: null,
        dailyAverage: null,
        last: null,
        days: 1,
        previous: null,
        change: null,
        changePercent: null,
        activeResources: null,
        perActiveResource: null,
      },
      {
        metric: "weather",
        label: "Weather",
        unit: "degrees",
        kind: "unknown",
        value: null,
        total: null,
        dailyAverage: "21",
        last: "21",
        days: 1,
        previous: null,
        change: null,
        changePercent: null,
        activeResources: null,
        perActiveResource: null,
      },
    ]);
    expect(notes).toEqual([
      "It is not known whether these metrics are counters or gauges, so they have no total: weather.",
      "The previous period 2024-08-31 to 2024-09-01 has usage data from 2024-09-01 on (1 of 2 days); changes against it are not like for like.",
    ]);
    const storage = metrics.find(({ metric }) => metric === "storage_gb")!;
    expect(storage.trend!.rows).toEqual([
      ["2024-09-02", "120"],
      ["2024-09-03", "160"],
    ]);
    expect(storage.services!.rows[0]?.slice(0, 4)).toEqual(["S3", "160", "50", "110"]);
  });

  it("has a total row only where one metric is asked for", async () => {
    const scope = { range: RANGE, filters: [] };
    expect((await usageTable(tenant.context, scope)).totals).toEqual([]);
    const one = await usageTable(tenant.context, scope, "compute_hours");
    expect(one.totals[0]?.cells.slice(3, 7)).toEqual(["54", "10", "44", "440"]);
    expect(one.columns.find(({ id }) => id === "value")?.unit).toBe("hours");
    expect((await usageTable(tenant.context, scope, "nothing")).completeness.notes).toEqual([
      "There is no usage in this range.",
    ]);
  });
});
