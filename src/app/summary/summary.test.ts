import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cost, finding } from "../../../test/conformance/lib/facts.ts";
import { type TestTenant, testTenant } from "../../../test/support/tenant-context.ts";
import { summaryComputations } from "./computations.ts";
import { type Figure, summary } from "./summary.ts";

const SEPTEMBER = { range: { from: "2024-09-01", to: "2024-10-01" }, filters: [] };
const ask = { ...SEPTEMBER, compare: "previous-period" as const };

const charge = (day: string, service_name: string, billed_cost: string, billing_currency = "USD") =>
  cost(day, {
    service_name,
    billed_cost,
    effective_cost: billed_cost,
    billing_currency,
    sub_account_id: "1",
  });
const open = (day: string, check_id: string, severity: string, count: number) =>
  Array.from({ length: count }, (_, i) =>
    finding(day, {
      finding_id: `${check_id}-${i}`,
      check_id,
      title: `Title of ${check_id}`,
      severity,
      status: "open",
      sub_account_id: "1",
    }),
  );

describe("summary", () => {
  let tenant: TestTenant;
  let figures: ReadonlyMap<string, Figure>;
  beforeAll(async () => {
    tenant = await testTenant();
    await tenant.load("cost", [
      // Data of both months whole, as far as loads go.
      charge("2024-08-01", "EC2", "0"),
      charge("2024-09-30", "EC2", "0"),
      charge("2024-08-10", "EC2", "100"),
      charge("2024-08-10", "S3", "50"),
      charge("2024-09-10", "EC2", "160"),
      charge("2024-09-10", "S3", "40"),
      charge("2024-09-10", "Vertex", "7", "EUR"),
    ]);
    await tenant.load("findings", [
      ...open("2024-08-25", "A", "critical", 1),
      ...open("2024-08-25", "B", "low", 2),
      ...open("2024-09-25", "A", "critical", 2),
      ...open("2024-09-25", "B", "low", 30),
    ]);
    const control = (day: string, control_id: string, control_status: string) =>
      finding(day, { framework: "HIPAA", control_id, control_status });
    await tenant.load("controls", [
      control("2024-08-25", "1", "passed"),
      control("2024-08-25", "2", "passed"),
      control("2024-09-25", "1", "failed"),
      control("2024-09-25", "2", "passed"),
    ]);
    const answer = await summary(tenant.context, ask);
    figures = new Map(answer.figures.map((figure) => [`${figure.id} ${figure.unit ?? ""}`.trim(), figure]));
  });
  afterAll(() => tenant.close());

  it("tells cost once a currency, with the service that moved it", () => {
    expect(figures.get("billed_cost USD")).toMatchObject({
      value: "200",
      previous: "150",
      change: "50",
      changePercent: "33.3333",
      drivers: [
        { dimension: "service", name: "EC2", change: "60", sharePercent: "120" },
        { dimension: "account", name: "1", change: "50", sharePercent: "100" },
      ],
    });
    expect(figures.get("billed_cost EUR")).toMatchObject({ value: "7", previous: null });
  });

  it("tells days without data, and no percentages where they are more than half of a period", async () => {
    const { notes, figures: told } = await summary(tenant.context, {
      ...ask,
      range: { from: "2024-05-01", to: "2024-09-01" },
      compare: "previous-period",
    });
    expect(notes).toEqual(["Cost data begins on 2024-08-01, covering 31 of the 123 days requested."]);
    expect(told.map(({ previous }) => previous)).toEqual(told.map(() => null));
    const wide = await summary(tenant.context, { ...ask, range: { from: "2024-08-15", to: "2024-10-01" } });
    expect(wide.notes).toEqual([
      "The previous period 2024-06-29 to 2024-08-14 has cost data from 2024-08-01 on (14 of 47 days); changes against it are not like for like, and percentages are omitted.",
    ]);
    const billed = wide.figures.find(({ id, unit }) => id === "billed_cost" && unit === "USD");
    expect(billed).toMatchObject({ value: "200", previous: "150", change: "50", changePercent: null });
    // What tells the last state of a period is compared whatever the number of its days.
    const risk = (await summary(tenant.context, ask)).figures.find(({ id }) => id === "risk_points");
    expect(risk?.changePercent).not.toBeNull();
  });

  it("weighs what drove the risk, and counts what drove the number of findings", () => {
    // Two more low findings weigh less than one more critical, 28 do not weigh more than 40 points.
    expect(figures.get("risk_points")).toMatchObject({
      value: "110",
      previous: "42",
      change: "68",
      drivers: [{ dimension: "check", name: "Title of A", change: "40", sharePercent: "58.8" }],
    });
    expect(figures.get("open_critical_high")).toMatchObject({ value: "2", previous: "1", change: "1" });
  });

  it("tells the score in percentage points, and the controls that failed", () => {
    expect(figures.get("compliance_score")).toMatchObject({
      value: "50",
      previous: "100",
      change: "-50",
      changePercent: null,
      driversOf: "failed controls",
      drivers: [
        { dimension: "framework", name: "HIPAA", change: "1" },
        { dimension: "control", name: "HIPAA 1", change: "1" },
      ],
    });
  });

  it("has no usage figure where there is no usage, and nothing known is null", async () => {
    expect([...figures.values()].filter(({ area }) => area === "usage")).toEqual([]);
    const nothing = await summary(tenant.context, {
      ...ask,
      range: { from: "2020-01-01", to: "2020-02-01" },
    });
    for (const figure of nothing.figures)
      expect(figure).toMatchObject({ value: null, previous: null, change: null, drivers: [] });
    expect(nothing.figures.map(({ id }) => id)).toEqual([
      ...["billed_cost", "effective_cost", "risk_points", "open_critical_high", "compliance_score"],
    ]);
  });

  it("is a table for reports", async () => {
    const table = await summaryComputations["summary-kpis"](tenant.context, { ...SEPTEMBER, parameters: {} });
    expect("rows" in table && table.rows.find(([figure]) => figure === "Compliance score")).toEqual([
      ...["Compliance score", "%", "50", "100", "-50", null, "HIPAA (failed controls)", "1"],
    ]);
  });
});
