import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type ImportLimits } from "../../src/core/limits/limits.ts";
import { sumDecimals } from "../../src/core/money/decimal.ts";
import { FOCUS_1_0 } from "../../src/importers/focus/columns.ts";
import { localFile } from "../../src/importers/shared/files.ts";
import type { InputFile, LoadReport } from "../../src/ports/load.ts";
import type { FileLoad, LoadedFiles } from "../../src/ports/loader.ts";
import type { LoadOptions, MetricStore } from "../../src/ports/metric-store.ts";
import type { StagedDataset, StorableLoad } from "../../src/ports/staged.ts";
import { cur2, type CurRow, KINDS, legacyCur, snakeCur } from "../import/cur-files.ts";
import { focusCsv } from "../import/lib.ts";
import { samplePath } from "../samples.ts";
import { loaderFor } from "../support/loading.ts";
import { memoryFile } from "../support/memory-file.ts";
import { ask, type Question } from "./lib/facts.ts";
import type { Fresh } from "./lib/fresh.ts";

const SOURCE = "focus:AWS:999999999999";

/** What every store must hold and report of files, whatever it is made of. Each test has tenants of its own. */
export function tableLoadCases(name: string, create: () => Promise<Fresh<MetricStore>>): void {
  describe(`files in a metric store: ${name}`, () => {
    let fresh: Fresh<MetricStore>;
    beforeAll(async () => {
      fresh = await create();
    });
    afterAll(async () => {
      await fresh.close();
    });
    const store = (): MetricStore => fresh.store;
    ownerCases(store);
    formatCases(store);
    replacementCases(store);
    refusalCases(store);
    limitCases(store);
  });
}

function limitCases(store: () => MetricStore): void {
  const bill = (rows: number, month = "09"): string =>
    focusCsv(
      Array.from({ length: rows }, () => ({
        BilledCost: "1",
        BillingPeriodStart: `2024-${month}-01T00:00:00Z`,
        ChargePeriodStart: `2024-${month}-03T00:00:00Z`,
        ChargePeriodEnd: `2024-${month}-04T00:00:00Z`,
      })),
    );
  const load = (content: string | Uint8Array, tenant: string, limits: Partial<ImportLimits>) =>
    loaderFor(store(), { ...DEFAULT_LIMITS.imports, ...limits }).load({
      files: [memoryFile("bill", content)],
      format: "auto",
      owners: { kind: "tenant", tenant },
      zones: {},
      snapshot: undefined,
      loadedAt: "2024-10-02T00:00:00.000Z",
      dryRun: false,
    });
  const tooLarge = { code: "import.too-large", kind: "too-large" };

  it("refuse an import over its limits, and leave the store as it was", async () => {
    const tenant = "limited";
    const charges = bill(1000);
    await load(bill(3), tenant, { rows: 3 });
    await expect(load(charges, tenant, { rows: 999 })).rejects.toMatchObject(tooLarge);
    await expect(load(charges, tenant, { storedBytes: 100 })).rejects.toMatchObject(tooLarge);
    await expect(load(charges, tenant, { unpackedBytes: charges.length - 1 })).rejects.toMatchObject(
      tooLarge,
    );
    const packed = gzipSync(charges);
    await expect(load(packed, tenant, { unpackedBytes: packed.length * 2 })).rejects.toMatchObject(tooLarge);
    expect(await sums(store(), tenant)).toEqual([["3"]]);
    await load(packed, tenant, { rows: 1000, unpackedBytes: charges.length + 1_000_000 });
    expect(await sums(store(), tenant)).toEqual([["1000"]]);
  });

  it("refuse rows beyond those a tenant may have, replaced ones not counted", async () => {
    const [tenant, limits] = ["full", { tenantRows: 30 }];
    await load(bill(10), tenant, limits);
    await load(bill(20, "08"), tenant, limits);
    await load(bill(10), tenant, limits);
    await expect(load(bill(11), tenant, limits)).rejects.toMatchObject({
      code: "import.tenant-full",
      message: expect.stringContaining("full would have 31 rows; a tenant may have 30") as string,
    });
    expect(await sums(store(), tenant)).toEqual([["10"]]);
    await load(bill(30), "another", limits);
  });
}

async function loadFiles(
  store: MetricStore,
  files: readonly InputFile[],
  target: Partial<FileLoad> = {},
  options: LoadOptions = {},
): Promise<LoadedFiles> {
  const input: FileLoad = {
    files,
    format: "auto",
    owners: { kind: "accounts", claims: [], seen: 0 },
    zones: {},
    snapshot: undefined,
    loadedAt: "2024-10-02T00:00:00.000Z",
    dryRun: false,
    ...target,
  };
  return loaderFor(store).load(input, options);
}

async function loadBill(
  store: MetricStore,
  content: string | Uint8Array,
  target: Partial<FileLoad> = {},
  options: LoadOptions = {},
): Promise<LoadReport> {
  const { reports } = await loadFiles(store, [memoryFile("bill", content)], target, options);
  const [report] = reports;
  if (report === undefined) throw new Error("no report");
  return report;
}

const toTenant = (tenant: string): Partial<FileLoad> => ({ owners: { kind: "tenant", tenant } });
const sums = async (store: MetricStore, tenant: string, question: Question = {}): Promise<unknown> =>
  (await ask(store, question, tenant)).rows;

function ownerCases(store: () => MetricStore): void {
  it("give rows to the tenants that claim their accounts, on the days of their zones", async () => {
    const hour = { ChargePeriodStart: "2024-09-10T02:00:00Z", ChargePeriodEnd: "2024-09-10T03:00:00Z" };
    const claims = [
      { account: "000000000011", tenant: "claims-one" },
      { account: "999999999999", tenant: "claims-payer" },
    ];
    const text = focusCsv([
      { ...hour, SubAccountId: "000000000011" },
      { ...hour, SubAccountId: "", BilledCost: "2" },
      { ...hour, SubAccountId: "000000000012", BilledCost: "4" },
    ]);
    const zones = { "claims-one": "America/New_York" };
    const report = await loadBill(store(), text, { owners: { kind: "accounts", claims, seen: 0 }, zones });
    expect(report.unassigned).toEqual([{ account: "000000000012", name: "One", rows: 1 }]);
    expect(
      report.partitions.map(({ tenant, source, period, rows }) => [tenant, source, period, rows]),
    ).toEqual(
      expect.arrayContaining(
        ["claims-one", "claims-payer", "unassigned"].map((tenant) => [tenant, SOURCE, "2024-09", 1]),
      ),
    );
    const byDay = { groupBy: ["day"] };
    expect(await sums(store(), "claims-one", byDay)).toEqual([["2024-09-09", "1.5"]]);
    expect(await sums(store(), "claims-payer", byDay)).toEqual([["2024-09-10", "2"]]);
  });
}

function formatCases(store: () => MetricStore): void {
  const sample = samplePath("focus/focus_sample.csv") ?? "";
  it.skipIf(sample === "")("load the published FOCUS sample to the last digit, twice the same", async () => {
    const billed = { billed_cost: "20.52022672899", effective_cost: "14.97651418586" };
    for (const round of [1, 2]) {
      const target = toTenant("sample");
      const { reports } = await loadFiles(store(), [localFile(sample, 0)], target);
      expect(reports).toMatchObject([
        { rowsRead: 1000, rowsAccepted: 1000, totals: [{ currency: "USD", source: billed, loaded: billed }] },
      ]);
      expect(reports[0]?.partitions.map((p) => [p.source, p.period, p.rows, p.replacedRows])).toEqual(
        [
          ["focus:AWS:1234567890123", "2024-09", 942],
          ["focus:Microsoft:/providers/Microsoft.Billing/billingAccounts/8611537", "2024-09", 51],
          ["focus:Oracle:20209880", "2024-09", 6],
          ["focus:Oracle:20209880", "2024-10", 1],
        ].map((partition) => [...partition, round === 1 ? 0 : partition[2]]),
      );
      const question = {
        range: { from: "2024-08-01", to: "2024-11-01" },
        measures: ["billed_cost", "effective_cost"],
      };
      expect(await sums(store(), "sample", question)).toEqual([Object.values(billed)]);
    }
  });

  it.each<[string, (rows: readonly CurRow[]) => string]>([
    ["legacy", legacyCur],
    ["underscores", snakeCur],
    ["two", cur2],
  ])("load each kind of line item of a Cost and Usage Report: %s", async (spelling, write) => {
    const tenant = `cur-${spelling}`;
    const rows = KINDS.map(({ row }) => ({ ...row, "bill/PayerAccountId": tenant }));
    const report = await loadBill(store(), gzipSync(write(rows)), toTenant(tenant));
    expect(report).toMatchObject({
      format: "cur",
      rowsAccepted: KINDS.length,
      rowsRejected: 0,
      warnings: [],
    });
    const expected = new Map<string, string>();
    for (const { category, effective } of KINDS)
      expected.set(category, sumDecimals([expected.get(category) ?? "0", effective]));
    const question = { groupBy: ["charge_category"], measures: ["effective_cost"] };
    const found = (await sums(store(), tenant, question)) as [string, string][];
    expect(new Map(found)).toEqual(expected);
  });

  const findings = samplePath("asff/asff_sample.json") ?? "";
  it.skipIf(findings === "")("load findings with the controls they stand for", async () => {
    const target = { ...toTenant("hub"), loadedAt: "2026-01-01T00:00:00.000Z" };
    const { reports, records } = await loadFiles(store(), [localFile(findings, 0)], target);
    expect(reports.map(({ dataset }) => dataset)).toEqual(["findings", "controls"]);
    expect(records?.rejected).toBe(0);
    const [report] = reports;
    const period = report?.partitions.at(-1)?.period ?? "";
    const range = { from: `${period.slice(0, 4)}-01-01`, to: `${Number(period.slice(0, 4)) + 1}-01-01` };
    const { facts } = await ask(store(), { dataset: "findings", range, groupBy: ["severity"] }, "hub");
    expect(facts).toBeGreaterThan(0);
  });

  it("tell of rows that break FOCUS, and load them", async () => {
    const usage = { ChargeFrequency: "Usage-Based", PricingCategory: "Standard", ServiceCategory: "Storage" };
    const rows = [usage, { ...usage, PricingCategory: "" }, { ...usage, ChargeCategory: "Purchase" }];
    const report = await loadBill(store(), focusCsv(rows, { columns: FOCUS_1_0 }), toTenant("conformance"));
    expect(report.rowsAccepted).toBe(3);
    expect(report.warnings.filter((text) => text.startsWith("FOCUS: "))).toEqual([
      "FOCUS: ChargeFrequency must not be Usage-Based where ChargeCategory is Purchase (Charge Frequency): 1 row",
      "FOCUS: PricingCategory must not be null where ChargeCategory is Usage or Purchase and ChargeClass is not Correction (Pricing Category): 1 row",
    ]);
  });

  it("count refused rows with line and reason, and add up what of them can be read", async () => {
    const lines = focusCsv([
      { BilledCost: "1" },
      { BilledCost: "lots", EffectiveCost: "4" },
      { BilledCost: "2" },
    ])
      .trimEnd()
      .split("\n");
    lines.splice(3, 0, "too,few,fields");
    const report = await loadBill(store(), `\ufeff${lines.join("\r\n")}\r\n`, toTenant("rejected"));
    expect([report.rowsRead, report.rowsAccepted, report.rowsRejected]).toEqual([4, 2, 2]);
    expect(report.rejections).toEqual([
      { file: "bill", line: 3, row: 2, field: "BilledCost", reason: '"lots" is not a number' },
      { file: "bill", line: 4, row: 3, field: null, reason: "the row has 3 fields where the header has 17" },
    ]);
    expect(report.totals).toEqual([
      {
        currency: "USD",
        source: { billed_cost: "3", effective_cost: "6.5", list_cost: "6", contracted_cost: "6" },
        loaded: { billed_cost: "3", effective_cost: "2.5", list_cost: "4", contracted_cost: "4" },
      },
    ]);
    expect(await sums(store(), "rejected")).toEqual([["3"]]);
  });

  it("hold exact values: the smallest, the largest, two currencies, tags, several days and sources", async () => {
    const large = "12345678901234567890.123456789012345678";
    const rows = [
      { BilledCost: "0.000000000000000001", Tags: '{"env":"pröd \\"x\\""}' },
      { BilledCost: large, ChargePeriodStart: "2024-09-04", ChargePeriodEnd: "2024-09-05" },
      { BilledCost: "-7", BillingCurrency: "EUR", ProviderName: "Other" },
      ...Array.from({ length: 9_000 }, (_, i) => ({
        BilledCost: "0.001",
        ServiceName: `S${i % 3}`,
        ChargePeriodStart: `2024-09-${String((i % 20) + 10)}`,
        ChargePeriodEnd: "",
      })),
    ];
    const tenant = "exact";
    const report = await loadBill(store(), focusCsv(rows), toTenant(tenant));
    const usd = sumDecimals([large, "9.000000000000000001"]);
    expect(report.totals.map(({ currency, loaded }) => [currency, loaded["billed_cost"]])).toEqual([
      ["EUR", "-7"],
      ["USD", usd],
    ]);
    const answer = await ask(store(), { groupBy: ["currency"] }, tenant);
    expect(answer.facts).toBe(9_003);
    expect(answer.rows).toEqual([
      ["USD", usd],
      ["EUR", "-7"],
    ]);
    expect(await sums(store(), tenant, { groupBy: ["tag:env"], filters: tagged })).toEqual([
      ['pröd "x"', "0.000000000000000001"],
    ]);
    expect((await ask(store(), { groupBy: ["day"] }, tenant)).groups).toBe(22);
  });
}

const tagged = [{ field: "tag:env", op: "equals" as const, value: 'pröd "x"' }];

function replacementCases(store: () => MetricStore): void {
  const account = (id: string, more: Record<string, string> = {}): Record<string, string> => ({
    SubAccountId: id,
    ...more,
  });

  it("restate a period as a whole, and tell which accounts are gone, also in a dry run", async () => {
    const target = toTenant("restated");
    const august = { BillingPeriodStart: "2024-08-01", BilledCost: "7" };
    await loadBill(store(), focusCsv([account("77"), account("88"), account("99", august)]), target);
    const gone = "accounts that the replaced load had and this delivery lacks: 88";
    const dry = await loadBill(store(), focusCsv([account("77")]), { ...target, dryRun: true });
    expect(dry.warnings).toContain(gone);
    const months = { groupBy: ["month"], range: { from: "2024-08-01", to: "2024-10-01" } };
    expect((await ask(store(), months, "restated")).facts).toBe(3);
    const wet = await loadBill(store(), focusCsv([account("77")]), target);
    expect(wet).toEqual({ ...dry, dryRun: false });
    expect(wet.partitions).toEqual([
      { tenant: "restated", source: SOURCE, period: "2024-09", rows: 1, replacedRows: 2 },
    ]);
    expect((await ask(store(), months, "restated")).facts).toBe(2);
  });

  it("tell which of very many accounts are gone", async () => {
    const target = toTenant("many-accounts");
    const all = Array.from({ length: 700 }, (_, i) => account(String(i).padStart(12, "0")));
    await loadBill(store(), focusCsv(all), target);
    const report = await loadBill(store(), focusCsv(all.slice(0, -1)), target);
    expect(report.warnings).toContain(
      "accounts that the replaced load had and this delivery lacks: 000000000699",
    );
  });

  it("say who keeps facts of the same source and period", async () => {
    const bill = focusCsv([{ BillingAccountId: "555555555555" }]);
    await loadBill(store(), bill, toTenant("keeper"));
    const { warnings } = await loadBill(store(), bill, toTenant("taker"));
    expect(warnings).toContain(
      "keeper keeps 1 rows of focus:AWS:555555555555 2024-09 from an earlier load, none of which this delivery holds for it",
    );
  });
}

function refusalCases(store: () => MetricStore): void {
  const charge = focusCsv([{ BilledCost: "1" }]);

  it("leave the store as it was when a file is damaged, a quote is open or a column is missing", async () => {
    const target = toTenant("careful");
    await loadBill(store(), charge, target);
    const whole = gzipSync(focusCsv(Array.from({ length: 3000 }, (_, i) => ({ BilledCost: `${i}.123` }))));
    const broken: [string, string | Uint8Array][] = [
      ["import.damaged", whole.subarray(0, whole.length - 20)],
      ["import.unclosed-quote", `${charge}"never closed,1`],
      ["import.missing-column", charge.replace("BilledCost", "Cost")],
    ];
    for (const [code, content] of broken)
      await expect(loadBill(store(), content, target), code).rejects.toMatchObject({ code });
    expect(await sums(store(), "careful")).toEqual([["1"]]);
  });

  it("are not stored when the store would hold other totals, or fewer rows, than were staged", async () => {
    const target = toTenant("reconciled");
    await loadBill(store(), charge, target);
    /** A store that is given a load which says of itself something else than its facts do. */
    const given = (change: (dataset: StagedDataset) => StagedDataset): MetricStore => ({
      ...store(),
      loadStaged: (load: StorableLoad, options) =>
        store().loadStaged({ ...load, datasets: load.datasets.map(change) }, options),
    });
    const otherSums = given((dataset) => ({
      ...dataset,
      sums: dataset.sums.map((sum) => ({
        ...sum,
        values: { ...sum.values, billed_cost: "5.000000000000000001" },
      })),
    }));
    const moreRows = given((dataset) => ({ ...dataset, report: { ...dataset.report, rowsAccepted: 2 } }));
    for (const wrong of [otherSums, moreRows])
      await expect(loadBill(wrong, focusCsv([{ BilledCost: "5" }]), target)).rejects.toMatchObject({
        code: "import.not-reconciled",
      });
    expect(await sums(store(), "reconciled")).toEqual([["1"]]);
    expect(await store().loads({ tenant: "reconciled" })).toMatchObject([{ rows: 1 }]);
  });

  it("stop when told to, in any phase, and leave the store as it was", async () => {
    const target = toTenant("stopped");
    await loadBill(store(), charge, target);
    const bill = focusCsv(Array.from({ length: 2000 }, () => ({ BilledCost: "2" })));
    for (const phase of ["checking", "storing"]) {
      const abort = new AbortController();
      const reason = new Error(`enough at ${phase}`);
      const onProgress: LoadOptions["onProgress"] = (progress) => {
        if (progress.phase === phase) abort.abort(reason);
      };
      const stopped = loadBill(store(), bill, target, { signal: abort.signal, onProgress });
      await expect(stopped).rejects.toBe(reason);
    }
    const late = loadBill(store(), bill, target, { signal: AbortSignal.abort(new Error("too late")) });
    await expect(late).rejects.toThrow("too late");
    expect(await sums(store(), "stopped")).toEqual([["1"]]);
    expect(await store().loads({ tenant: "stopped" })).toHaveLength(1);
  });
}
