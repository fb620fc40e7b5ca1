import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cost } from "../../../test/conformance/lib/facts.ts";
import { type TestTenant, testTenant } from "../../../test/support/tenant-context.ts";
import { sumDecimals } from "../../core/money/decimal.ts";
import { EXPORT_FORMATS } from "../../core/reports/formats.ts";
import { definitionFrom, sampleDefinition, templateOf } from "../../core/reports/templates/index.ts";
import { datesIn } from "../../core/time/zones.ts";
import type { LoadedFact } from "../../ports/load.ts";
import { drainStream, runQuery } from "../analytics/run-query.ts";
import { renderDocument } from "../../../test/support/rendering.ts";
import { buildDocument } from "../reports/build-document.ts";
import { anomaliesOf } from "./anomalies.ts";
import { createBudget, getBudget, removeBudget, replaceBudget, viewBudget } from "./budgets.ts";
import { chargebackOf } from "./chargeback.ts";
import { forecastOf } from "./forecast.ts";
import { savingsAnswer } from "./savings.ts";

const SEPTEMBER = { from: "2024-09-01", to: "2024-10-01" };
const NOW = new Date("2024-09-21T12:00:00Z");
const usage = (day: string, billed: string, more: Record<string, string | null> = {}): LoadedFact =>
  cost(day, {
    charge_category: "Usage",
    pricing_category: "Standard",
    service_name: "EC2",
    sub_account_id: "1",
    billed_cost: billed,
    effective_cost: billed,
    contracted_cost: billed,
    list_cost: billed,
    ...more,
  });

const daysTo = (last: string, days: number): string =>
  `Cost data ends on ${last}, covering ${days} of the 30 days requested.`;

let acme: TestTenant;
beforeEach(async () => {
  acme = await testTenant({}, () => NOW);
});
afterEach(() => acme.close());

describe("savings", () => {
  const covered = { pricing_category: "Committed", commitment_discount_id: "sp", billed_cost: "0" };
  const facts = [
    usage("2024-09-02", "90", { list_cost: "100" }),
    usage("2024-09-02", "0", {
      ...covered,
      commitment_discount_status: "Used",
      list_cost: "50",
      contracted_cost: "45",
      effective_cost: "30",
    }),
    usage("2024-09-02", "0", {
      ...covered,
      commitment_discount_status: "Unused",
      list_cost: "0",
      contracted_cost: "0",
      effective_cost: "5",
    }),
    // What was paid for the commitment is in the usage it covers: counted again, savings would be 35 too high.
    usage("2024-09-01", "35", {
      charge_category: "Purchase",
      commitment_discount_id: "sp",
      effective_cost: "0",
    }),
    usage("2024-09-03", "-7", { charge_category: "Credit" }),
  ];

  it("follow the FOCUS definitions, without purchases that cover later usage", async () => {
    await acme.load("cost", facts);
    const { views, compared, savings, commitments, notes } = await savingsAnswer(acme.context, {
      range: SEPTEMBER,
      filters: [],
    });
    expect(views).toEqual({ billed: "118", effective: "118", list: "178", contracted: "163" });
    expect(compared).toEqual({ list: "150", contracted: "135", effective: "125" });
    expect(savings).toEqual({ negotiated: "15", commitment: "10", total: "25", totalPercent: "16.67" });
    expect(commitments).toEqual({
      used: "30",
      unused: "5",
      utilizationPercent: "85.71",
      coverage: { covered: "50", eligible: "150", percent: "33.33" },
    });
    expect(notes).toEqual([daysTo("2024-09-03", 3)]);
  });

  it("show credits apart, and savings by service and commitment that add up", async () => {
    await acme.load("cost", facts);
    const answer = await savingsAnswer(acme.context, { range: SEPTEMBER, filters: [] });
    const credit = answer.categories.rows.find((row) => row[0] === "Credit");
    expect(credit?.slice(2)).toEqual(["-7", "-7", "-7", "-7"]);
    expect(answer.services.rows).toEqual([["EC2", "150", "135", "125", "15", "10", "25", "16.67"]]);
    expect(answer.services.totals[0]?.cells.slice(1)).toEqual(answer.services.rows[0]?.slice(1));
    expect(answer.commitmentTable.rows).toEqual([["sp", "30", "5", "85.71", "10"]]);
  });

  it("are told of the facts that carry both costs, and say of how much that is", async () => {
    const s3 = { service_name: "S3" };
    await acme.load("cost", [
      ...facts,
      usage("2024-09-04", "3", { ...s3, list_cost: null }),
      usage("2024-09-04", "1", { ...s3, list_cost: "1.25" }),
    ]);
    const { compared, savings, told, notes, services, commitments } = await savingsAnswer(acme.context, {
      range: SEPTEMBER,
      filters: [],
    });
    // Of 129 it costs, 126 have a list cost: nothing is told of the other 3, and no sum holds them in part.
    expect(compared).toEqual({ list: null, contracted: "139", effective: "129" });
    expect(savings).toEqual({
      negotiated: "15.25",
      commitment: "10",
      total: "25.25",
      totalPercent: "16.69",
    });
    const most = { facts: 4, ofFacts: 5, percent: "97.67" };
    expect(told).toEqual({
      negotiated: most,
      commitment: { facts: 5, ofFacts: 5, percent: "100" },
      total: most,
    });
    expect(notes).toEqual([
      "Savings from negotiated rates are computed over 4 of the 5 facts (97.67% of the effective cost), those with both a list and a contracted cost.",
      "Total savings are computed over 4 of the 5 facts (97.67% of the effective cost), those with both a list and an effective cost.",
      daysTo("2024-09-04", 4),
    ]);
    expect(services.rows).toEqual([
      ["EC2", "150", "135", "125", "15", "10", "25", "16.67"],
      // Its list cost is not known, what one of its facts saved is.
      ["S3", null, "4", "4", "0.25", "0", "0.25", "20"],
    ]);
    expect(services.totals[0]?.cells.slice(1)).toEqual([
      ...[null, "139", "129", "15.25", "10", "25.25", "16.69"],
    ]);
    // All of usage carries a contracted cost, so coverage is told at those.
    expect(commitments.coverage).toEqual({ covered: "45", eligible: "135", percent: "33.33" });
  });

  it("count what nobody used of a commitment also where its fee tells it, as a Cost and Usage Report does", async () => {
    const cur = { contracted_cost: null };
    const plan = { ...cur, commitment_discount_id: "sp", service_name: "Savings Plans" };
    const report = [
      usage("2024-09-02", "90", { ...cur, list_cost: "100" }),
      usage("2024-09-02", "50", {
        ...cur,
        ...covered,
        billed_cost: "50",
        effective_cost: "30",
        commitment_discount_status: "Used",
      }),
      usage("2024-09-02", "-50", {
        ...plan,
        effective_cost: "0",
        list_cost: "0",
        commitment_discount_status: "Used",
        pricing_category: "Committed",
        service_name: "EC2",
      }),
      // A discount in a row of its own lowers what was paid, and no list cost.
      usage("2024-09-02", "-9", { ...cur, list_cost: "0" }),
      usage("2024-09-01", "35", {
        ...plan,
        charge_category: "Purchase",
        commitment_discount_status: "Unused",
        effective_cost: "5",
        list_cost: null,
      }),
      usage("2024-09-01", "400", { ...plan, charge_category: "Purchase", effective_cost: "0" }),
    ];
    await acme.load("cost", report);
    const { compared, savings, told, notes, services, commitments, commitmentTable } = await savingsAnswer(
      acme.context,
      { range: SEPTEMBER, filters: [] },
    );
    expect(compared).toEqual({ list: "150", contracted: null, effective: "116" });
    expect(savings).toEqual({ negotiated: null, commitment: null, total: "34", totalPercent: "22.67" });
    expect(told.total).toEqual({ facts: 5, ofFacts: 5, percent: "100" });
    expect(notes).toEqual([
      "Savings from negotiated rates are unknown: none of the 5 facts has both a list and a contracted cost.",
      "Savings from commitments are unknown: none of the 5 facts has both a contracted and an effective cost.",
      daysTo("2024-09-02", 2),
    ]);
    expect(commitments).toEqual({
      used: "30",
      unused: "5",
      utilizationPercent: "85.71",
      coverage: { covered: "50", eligible: "150", percent: "33.33" },
    });
    expect(commitmentTable.rows).toEqual([["sp", "30", "5", "85.71", null]]);
    expect(services.rows).toEqual([
      ["EC2", "150", null, "111", null, null, "39", "26"],
      ["Savings Plans", null, null, "5", null, null, "-5", null],
    ]);
  });

  it("count what nobody used also where its fee has no list cost, and some usage has none", async () => {
    const fee = {
      charge_category: "Purchase",
      commitment_discount_id: "sp",
      commitment_discount_status: "Unused",
    };
    await acme.load("cost", [
      usage("2024-09-02", "10", { list_cost: "12" }),
      usage("2024-09-02", "10", { list_cost: null }),
      usage("2024-09-02", "1", { ...fee, list_cost: null, contracted_cost: null }),
    ]);
    const { savings, told } = await savingsAnswer(acme.context, { range: SEPTEMBER, filters: [] });
    expect(savings).toMatchObject({ negotiated: "2", commitment: "0", total: "1" });
    expect(told.total).toEqual({ facts: 2, ofFacts: 3, percent: "52.38" });
    // The fee has no contracted cost, and is left out of what commitments saved as its usage would be.
    expect(told.commitment).toEqual({ facts: 2, ofFacts: 3, percent: "95.24" });
  });

  it("tell nothing of fees alone where no usage carries a list cost", async () => {
    const unknown = { list_cost: null, contracted_cost: null };
    const fee = {
      charge_category: "Purchase",
      commitment_discount_id: "sp",
      commitment_discount_status: "Unused",
    };
    await acme.load("cost", [
      usage("2024-09-02", "1", unknown),
      usage("2024-09-02", "2", { ...unknown, ...fee }),
    ]);
    const { savings, told } = await savingsAnswer(acme.context, { range: SEPTEMBER, filters: [] });
    expect(savings).toEqual({ negotiated: null, commitment: null, total: null, totalPercent: null });
    expect(told.total).toEqual({ facts: 0, ofFacts: 2, percent: null });
  });

  it("tell no utilization where a commitment's facts lack their cost, and none unused as 0", async () => {
    const used = (effective_cost: string | null): LoadedFact =>
      usage("2024-09-02", "0", { ...covered, commitment_discount_status: "Used", effective_cost });
    await acme.load("cost", [used("30")]);
    const ask = () => savingsAnswer(acme.context, { range: SEPTEMBER, filters: [] });
    expect((await ask()).commitments).toMatchObject({ used: "30", unused: "0", utilizationPercent: "100" });
    await acme.load("cost", [used(null)]);
    expect((await ask()).commitments).toMatchObject({ used: null, utilizationPercent: null });
  });

  it("are null without any facts", async () => {
    const { views, savings } = await savingsAnswer(acme.context, { range: SEPTEMBER, filters: [] });
    expect(views.billed).toBeNull();
    expect(savings.total).toBeNull();
  });
});

describe("a chargeback", () => {
  const facts = [
    usage("2024-09-02", "10.000000000000000001", { tags: '{"team":"web"}', sub_account_name: "prod" }),
    usage("2024-09-03", "20", { tags: '{"team":"data"}', sub_account_id: "2", sub_account_name: "lab" }),
    usage("2024-09-03", "5", { tags: '{"team":""}' }),
    usage("2024-09-04", "0.5"),
    usage("2024-09-04", "-2", { charge_category: "Credit", sub_account_id: null }),
  ];
  const ask = (by: string, shared: "none" | "proportional" | "even" = "none") =>
    chargebackOf(acme.context, { range: SEPTEMBER, by, shared, measure: "billed_cost", filters: [] });

  it("adds up to the bill, with what has no tag or an empty one as a row of its own", async () => {
    await acme.load("cost", facts);
    const { total, unallocated, table } = await ask("tag:team");
    const bill = await runQuery(acme.context, { dataset: "cost", range: SEPTEMBER });
    expect(total).toBe(bill.totals[0]?.cells[0]);
    expect(unallocated).toBe("3.5");
    expect(table.rows.map(([key, , direct]) => [key, direct])).toEqual([
      ["data", "20"],
      ["web", "10.000000000000000001"],
      ["Unallocated", "3.5"],
    ]);
    expect(sumDecimals(table.rows.map((row) => row[5] ?? "0"))).toBe("100");
  });

  it("names accounts, and spreads what belongs to none", async () => {
    await acme.load("cost", facts);
    const { table, total } = await ask("account", "even");
    expect(table.rows.map(([key, name]) => [key, name])).toEqual([
      ["2", "lab"],
      ["1", "prod"],
      ["Unallocated", "without account"],
    ]);
    expect(sumDecimals(table.rows.map((row) => row[4] ?? "0"))).toBe(total);
    expect(table.rows[2]?.slice(2, 5)).toEqual(["-2", "2", "0"]);
  });

  it("refuses to add currencies, and takes one of them", async () => {
    await acme.load("cost", [...facts, usage("2024-09-05", "1", { billing_currency: "EUR" })]);
    await expect(ask("account")).rejects.toMatchObject({ code: "query.mixed-currencies" });
    const euros = [{ field: "currency", op: "equals" as const, value: "EUR" }];
    const request = { range: SEPTEMBER, by: "account", shared: "none", measure: "billed_cost" } as const;
    expect(await chargebackOf(acme.context, { ...request, filters: euros })).toMatchObject({ total: "1" });
  });

  it("is a report's dataset, with the same rows, totals and hash in every format", async () => {
    await acme.load("cost", facts);
    const definition = definitionFrom(templateOf("chargeback"), { by: "tag:team" });
    const hashes = new Set<string>();
    for (const format of EXPORT_FORMATS) {
      const document = await buildDocument(acme.context, definition, { range: SEPTEMBER });
      const { body, manifest } = await renderDocument(document, format);
      let bytes = 0;
      for await (const chunk of body) bytes += chunk.byteLength;
      expect(bytes).toBeGreaterThan(100);
      expect(manifest()).toMatchObject({ rowsWritten: 3, rowsTotal: 3, complete: true });
      expect(manifest().totals[0]?.values).toMatchObject({ cost: "33.500000000000000001" });
      hashes.add(manifest().datasetHash);
    }
    expect([...hashes]).toEqual([expect.stringMatching(/^sha256:[0-9a-f]{64}$/)]);
  });
});

/** From June on, 100 a day and 60 at weekends, and 310 on each first; on one day ten times as much in one account. */
function summer(to: string, odd?: string): LoadedFact[] {
  return datesIn("2024-06-01", to).flatMap((day, i) => {
    const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
    const usual = String((weekday % 6 === 0 ? 60 : 100) + (i % 5));
    const facts = [
      usage(day, usual, { region_id: "eu-west-1", resource_id: "i-1" }),
      usage(day, "40", { service_name: "S3", sub_account_id: "2" }),
    ];
    if (day === odd)
      facts.push(usage(day, "900.25", { sub_account_id: "3", region_id: "us-east-1", resource_id: "i-9" }));
    return day.endsWith("-01")
      ? [...facts, usage(day, "310", { charge_category: "Purchase", service_name: "RI" })]
      : facts;
  });
}

describe("a forecast", () => {
  const ask = (months = 1) => forecastOf(acme.context, { measure: "billed_cost", months, filters: [] });

  it("adds estimates to what is spent exactly", async () => {
    await acme.load("cost", summer("2024-09-21"));
    const { asOf, until, months, table, notes, historyDays } = await ask();
    expect([asOf, until, historyDays, notes]).toEqual(["2024-09-21", "2024-10-01", 112, []]);
    const bill = await runQuery(acme.context, { dataset: "cost", range: SEPTEMBER });
    expect(months[0]?.spent).toBe(bill.totals[0]?.cells[0]);
    // Ten days are ahead: 6 at about 142 and 4 at about 102.
    const ahead = Number(months[0]?.forecast.amount) - Number(months[0]?.spent);
    expect(Math.abs(ahead - 1260)).toBeLessThan(40);
    expect(Number(months[0]?.forecast.low)).toBeLessThan(Number(months[0]?.forecast.amount));
    expect(months[0]?.forecast.amount).toMatch(/^\d+(\.\d\d?)?$/);
    expect(table.rows.filter((row) => row[2] !== null)).toHaveLength(10);
    expect(table.rows.filter((row) => row[1] !== null)).toHaveLength(60);
  });

  it("leaves today and what looks incomplete to the estimate", async () => {
    const known = summer("2024-09-20");
    await acme.load("cost", [...known, usage("2024-09-20", "3"), usage("2024-09-21", "1")]);
    const { asOf, notes, months } = await ask();
    expect(asOf).toBe("2024-09-20");
    expect(notes[0]).toContain("look incomplete");
    expect(Number(months[0]?.forecast.amount)).toBeGreaterThan(Number(months[0]?.spent) + 1300);
  });

  it("says that facts are old, and forecasts from where they end", async () => {
    await acme.load("cost", summer("2024-08-11"));
    const { asOf, notes } = await ask();
    expect(asOf).toBe("2024-08-11");
    expect(notes).toEqual(["The newest facts are 41 days old; the forecast starts on 2024-08-11."]);
  });

  it("is null with a reason where there is too little to tell from", async () => {
    expect((await ask()).months[0]).toMatchObject({ spent: null, forecast: { amount: null } });
    await acme.load("cost", [usage("2024-09-18", "5"), usage("2024-09-20", "5")]);
    const { months, notes } = await ask();
    expect(months[0]).toMatchObject({ spent: "10", forecast: { amount: null, low: null, high: null } });
    expect(notes.join()).toContain("There are 3 days of facts; a forecast needs two weeks.");
  });
});

describe("anomalies", () => {
  const ask = (more: object = {}) =>
    anomaliesOf(acme.context, {
      range: { from: "2024-08-25", to: "2024-09-21" },
      filters: [],
      measure: "billed_cost",
      limit: 20,
      ...more,
    });

  it("are found and explained by what contributed", async () => {
    await acme.load("cost", summer("2024-09-21", "2024-09-12"));
    const { anomalies, total, judged } = await ask();
    expect(total).toBe(1);
    expect(judged).toBe(27 * 3);
    expect(anomalies[0]).toMatchObject({
      service: "EC2",
      kind: "spike",
      from: "2024-09-12",
      to: "2024-09-12",
    });
    expect(Math.abs(Number(anomalies[0]?.impact) - 900.25)).toBeLessThan(10);
    const by = Object.fromEntries(
      [...anomalies[0]!.contributors].reverse().map((each) => [each.dimension, each]),
    );
    expect(by["account"]).toMatchObject({ name: "3", usual: "0", change: "900.25" });
    expect(by["region"]).toMatchObject({ name: "us-east-1", change: "900.25" });
    expect(by["resource"]).toMatchObject({ name: "i-9" });
    const { table } = await ask();
    expect(table.rows[0]?.[7]).toMatch(/^account 3 \+\$900\.25; region us-east-1 \+\$900\.25; resource i-9/);
  });

  it("take days to come and days not loaded yet for no drop", async () => {
    await acme.load("cost", summer("2024-09-15"));
    expect((await ask({ range: { from: "2024-09-01", to: "2024-10-01" } })).total).toBe(0);
  });

  it("count what a limit leaves out", async () => {
    await acme.load("cost", [
      ...summer("2024-09-21", "2024-09-12"),
      usage("2024-09-17", "700", { service_name: "S3" }),
    ]);
    const { total, anomalies, table } = await ask({ limit: 1 });
    expect([total, anomalies.length]).toEqual([2, 1]);
    expect(table.completeness).toMatchObject({ rows: 1, rowsTotal: 2, complete: false });
  });

  it("say so when there is not enough before the range", async () => {
    await acme.load("cost", summer("2024-06-20"));
    const { notes, judged } = await ask({ range: { from: "2024-06-10", to: "2024-06-20" } });
    expect(notes.join()).toContain("9 days of facts before 2024-06-10");
    expect(judged).toBe(0);
  });
});

describe("budgets", () => {
  const spec = {
    name: "All",
    amount: "4000",
    currency: "USD",
    measure: "billed_cost" as const,
    filters: [],
    thresholds: [50, 80, 100],
  };

  it("stand where the exact cost and the forecast put them", async () => {
    await acme.load("cost", summer("2024-09-21"));
    const budget = await createBudget(acme.context, spec);
    const { state } = await viewBudget(acme.context, budget);
    const bill = await runQuery(acme.context, { dataset: "cost", range: SEPTEMBER });
    expect(state).toMatchObject({
      month: "2024-09-01",
      spent: bill.totals[0]?.cells[0],
      lastDay: "2024-09-20",
    });
    // 20 of 30 days; some 2,900 spent and some 4,250 by the end.
    expect(state.expected).toBe("2666.67");
    expect(state).toMatchObject({
      status: "warning",
      thresholds: [{ reached: true }, { reached: false }, {}],
    });
    expect(Number(state.forecastPercent)).toBeGreaterThan(100);
  });

  it("count only what their filters and currency leave", async () => {
    await acme.load("cost", summer("2024-09-21"));
    const s3 = [{ field: "service", op: "equals" as const, value: "S3" }];
    const own = await viewBudget(acme.context, await createBudget(acme.context, { ...spec, filters: s3 }));
    expect(own.state.spent).toBe("800");
    expect(Number(own.state.forecast.amount)).toBeCloseTo(1200, 0);
    const euros = await viewBudget(
      acme.context,
      await createBudget(acme.context, { ...spec, currency: "EUR" }),
    );
    expect(euros.state).toMatchObject({ spent: "0", status: "ok" });
  });

  it("are looked back at, and unknown for a month without facts", async () => {
    await acme.load("cost", summer("2024-09-21"));
    const budget = await createBudget(acme.context, spec);
    const august = await viewBudget(acme.context, budget, "2024-08");
    expect(august.state).toMatchObject({ status: "over", lastDay: "2024-08-31", forecast: { amount: null } });
    const before = await viewBudget(acme.context, budget, "2024-05");
    expect(before.state).toMatchObject({ status: "unknown", spent: null, spentPercent: null });
    await expect(viewBudget(acme.context, budget, "2024-13")).rejects.toMatchObject({ code: "date.invalid" });
  });

  it("are replaced and removed only as they were seen", async () => {
    const first = await createBudget(acme.context, spec);
    const second = await replaceBudget(acme.context, first.id, { ...spec, amount: "5000" }, first.etag);
    expect(second.etag).not.toBe(first.etag);
    const stale = { code: "budget.changed" };
    await expect(replaceBudget(acme.context, first.id, spec, first.etag)).rejects.toMatchObject(stale);
    await expect(removeBudget(acme.context, first.id, first.etag)).rejects.toMatchObject(stale);
    await removeBudget(acme.context, first.id);
    await expect(getBudget(acme.context, first.id)).rejects.toMatchObject({ code: "budget.not-found" });
  });
});

describe("the cost analysis", () => {
  it("is whole on a bill of a few days, with unknowns as such", async () => {
    await acme.load("cost", [usage("2024-09-18", "5", { list_cost: null })]);
    const document = await buildDocument(acme.context, sampleDefinition(templateOf("cost-analysis")));
    const cards = document.sections.flatMap((section) => (section.kind === "kpis" ? section.items : []));
    const value = (id: string): string | null | undefined => cards.find((card) => card.id === id)?.value;
    expect(value("billed")).toBe("5");
    for (const id of ["month-forecast", "saved", "coverage", "utilization"]) expect(value(id), id).toBeNull();
    for (const section of document.sections) if (section.kind === "table") await drainStream(section.table);
    expect(document.manifest().rowsWritten).toBe(1);
  });
});
