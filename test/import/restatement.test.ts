import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Database } from "../../src/adapters/embedded/database.ts";
import { createMetricStore } from "../../src/adapters/embedded/metric-store.ts";
import { planFiles } from "../../src/importers/registry/plan.ts";
import { inputFiles } from "../../src/importers/shared/files.ts";
import type { LoadReport, Ownership } from "../../src/ports/load.ts";
import { type CurRow, legacyCur } from "./cur-files.ts";
import { allFacts, focusCsv, freshFolder, select } from "./lib.ts";
import { loadTables } from "../support/loading.ts";

let folder: string;
let remove: () => Promise<void>;
let database: Database;
beforeEach(async () => {
  ({ folder, remove } = await freshFolder());
  database = await Database.open(join(folder, "data"));
});
afterEach(async () => {
  database.close();
  await remove();
});

/** Delivers files into a folder of their own and imports that folder. */
async function deliver(
  name: string,
  files: Readonly<Record<string, string>>,
  claims: Record<string, string> = {},
): Promise<LoadReport> {
  const target = join(folder, name);
  mkdirSync(target, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(target, file), content);
  const plan = await planFiles(await inputFiles([target]));
  if (plan.kind !== "tables") throw new Error(plan.kind);
  const owners: Ownership = {
    kind: "accounts",
    seen: 0,
    claims: Object.entries(claims).map(([account, tenant]) => ({ account, tenant })),
  };
  const { mapping, files: found } = plan;
  const loadedAt = "2024-11-02T00:00:00Z";
  const input = { mapping, files: found, owners, zones: {}, loadedAt, dryRun: false };
  return loadTables(createMetricStore(database), input);
}

/** Tenant, source, period, day and sum of what the store holds. */
const held = (): Promise<(string | null)[][]> =>
  select(
    database,
    `SELECT k.id, l.source, l.period, f.day::VARCHAR, sum(f.billed_cost)::DECIMAL(18, 2)::VARCHAR FROM facts_cost f
      JOIN loads l USING (load_id) JOIN tenant_keys k ON k.key = f.tenant GROUP BY ALL ORDER BY ALL`,
  );
const cost = (amount: string, more: CurRow = {}): CurRow => ({ "lineItem/UnblendedCost": amount, ...more });
const manifest = (...parts: string[]): string =>
  JSON.stringify({
    assemblyId: "a",
    account: "999999999999",
    reportKeys: parts.map((part) => `b/r/20240901-20241001/${part}`),
  });
const PAYER = "cur:AWS:999999999999";

describe("a bill that is delivered again", () => {
  it("restates its month: the new one stands alone", async () => {
    await deliver("first", { "cur.csv": legacyCur([cost("1"), cost("2")]) });
    const report = await deliver("again", { "cur.csv": legacyCur([cost("10")]) });
    expect(report.partitions).toMatchObject([{ source: PAYER, period: "2024-09", rows: 1, replacedRows: 2 }]);
    expect(await held()).toEqual([["unassigned", PAYER, "2024-09", "2024-09-03", "10.00"]]);
  });

  it("adds a late part, as its manifest names all parts; until the part is there nothing changes", async () => {
    const one = legacyCur([cost("1")]);
    await deliver("bill", { "r-Manifest.json": manifest("r-1.csv"), "r-1.csv": one });
    const before = await allFacts(database);
    const both = manifest("r-1.csv", "r-2.csv");
    await expect(deliver("bill", { "r-Manifest.json": both })).rejects.toMatchObject({
      code: "import.missing-part",
    });
    expect(await allFacts(database)).toEqual(before);
    const report = await deliver("bill", { "r-2.csv": legacyCur([cost("0.5")]) });
    expect(report).toMatchObject({ rowsAccepted: 2, partitions: [{ replacedRows: 1 }] });
    expect(await held()).toEqual([["unassigned", PAYER, "2024-09", "2024-09-03", "1.50"]]);
  });

  it("corrects an old charge in a new bill: on the old day, in the new bill's partition, and the old bill stays", async () => {
    const september = {
      ProviderName: "AWS",
      BilledCost: "100",
      ChargePeriodStart: "2024-09-10",
      ChargePeriodEnd: "2024-09-11",
    };
    await deliver("september", { "f.csv": focusCsv([september]) });
    const october = [
      { ...september, BillingPeriodStart: "2024-10-01", BilledCost: "-30" },
      {
        BillingPeriodStart: "2024-10-01",
        BilledCost: "7",
        ChargePeriodStart: "2024-10-02",
        ChargePeriodEnd: "2024-10-03",
      },
    ];
    await deliver("october", { "f.csv": focusCsv(october) });
    const source = "focus:AWS:999999999999";
    const expected = [
      ["unassigned", source, "2024-09", "2024-09-10", "100.00"],
      ["unassigned", source, "2024-10", "2024-09-10", "-30.00"],
      ["unassigned", source, "2024-10", "2024-10-02", "7.00"],
    ];
    expect(await held()).toEqual(expected);
    // September delivered again does not take October's correction with it, nor the other way round.
    await deliver("september", { "f.csv": focusCsv([{ ...september, BilledCost: "101" }]) });
    expect(await held()).toEqual([
      ["unassigned", source, "2024-09", "2024-09-10", "101.00"],
      ...expected.slice(1),
    ]);
    await deliver("october", { "f.csv": focusCsv(october.slice(1)) });
    expect(await held()).toEqual([["unassigned", source, "2024-09", "2024-09-10", "101.00"], expected[2]]);
  });

  it("leaves the bill of another payer alone", async () => {
    const other = { "bill/PayerAccountId": "888888888888" };
    await deliver("both", { "a.csv": legacyCur([cost("1")]), "b.csv": legacyCur([cost("2", other)]) });
    await deliver("other", { "b.csv": legacyCur([cost("3", other)]) });
    expect((await held()).map(([, source, , , sum]) => [source, sum])).toEqual([
      ["cur:AWS:888888888888", "3.00"],
      [PAYER, "1.00"],
    ]);
  });

  it("moves an account to its new tenant, and says so where the old one has nothing left in the bill", async () => {
    const file = {
      "cur.csv": legacyCur([
        cost("1", { "lineItem/UsageAccountId": "111" }),
        cost("2", { "lineItem/UsageAccountId": "222" }),
      ]),
    };
    await deliver("bill", file, { "111": "acme", "222": "acme" });
    const moved = await deliver("bill", file, { "111": "acme", "222": "globex" });
    expect(moved.warnings).toEqual([]);
    expect((await held()).map(([tenant, , , , sum]) => [tenant, sum])).toEqual([
      ["acme", "1.00"],
      ["globex", "2.00"],
    ]);
    const gone = await deliver("bill", file, { "111": "globex", "222": "globex" });
    expect(gone.warnings).toEqual([
      `acme keeps 1 rows of ${PAYER} 2024-09 from an earlier load, none of which this delivery holds for it`,
    ]);
  });
});
