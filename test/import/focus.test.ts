import { readFileSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Database } from "../../src/adapters/embedded/database.ts";
import { dateInZone } from "../../src/core/time/zones.ts";
import { inputFiles } from "../../src/importers/shared/files.ts";
import { openEmbedded } from "../../src/runtimes/embedded.ts";
import { samplePath } from "../samples.ts";
import { memoryFile } from "../support/memory-file.ts";
import { allFacts, focusCsv, freshFolder, importInto, select } from "./lib.ts";

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

const write = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const sample = samplePath("focus/focus_sample.csv") ?? "";

describe.skipIf(sample === "")("the published FOCUS sample", () => {
  it("loads to the last digit, and the second time changes nothing", async () => {
    const first = await importInto(database, [sample]);
    expect(first).toMatchObject({ format: "focus", version: "1.0", dataset: "cost" });
    expect([first.rowsRead, first.rowsAccepted, first.rowsRejected]).toEqual([1000, 1000, 0]);
    const billed = { billed_cost: "20.52022672899", effective_cost: "14.97651418586" };
    expect(first.totals).toMatchObject([{ currency: "USD", source: billed, loaded: billed }]);
    expect(first.unassigned).toHaveLength(73);
    // Seven rows of Oracle's, five of them of usage.
    expect(first.warnings).toEqual([
      "columns that are not used: Id",
      "FOCUS: ContractedCost must not be null (Contracted Cost): 7 rows",
      "FOCUS: ChargeFrequency must be one of One-Time, Recurring, Usage-Based (Charge Frequency): 7 rows",
      "FOCUS: PricingCategory must not be null where ChargeCategory is Usage or Purchase and ChargeClass is not Correction (Pricing Category): 5 rows",
    ]);
    const facts = await allFacts(database);
    const second = await importInto(database, [sample]);
    expect(second.partitions.map((p) => [p.source, p.period, p.rows, p.replacedRows])).toEqual([
      ["focus:AWS:1234567890123", "2024-09", 942, 942],
      ["focus:Microsoft:/providers/Microsoft.Billing/billingAccounts/8611537", "2024-09", 51, 51],
      ["focus:Oracle:20209880", "2024-09", 6, 6],
      ["focus:Oracle:20209880", "2024-10", 1, 1],
    ]);
    expect(await allFacts(database)).toEqual(facts);
  });

  it("gives accounts to the tenants that claim them", async () => {
    const claims = [
      { account: "51738928782", tenant: "acme" },
      { account: "43883916739", tenant: "globex" },
    ];
    const report = await importInto(database, [sample], { owners: { kind: "accounts", claims, seen: 0 } });
    expect(report.unassigned).toHaveLength(71);
    const sums = await select(
      database,
      `SELECT k.id, count(*) FROM facts_cost f JOIN tenant_keys k ON k.key = f.tenant GROUP BY 1 ORDER BY 1`,
    );
    const lines = readFileSync(sample, "utf8").split("\n");
    const of = (account: string): string => `${lines.filter((l) => l.includes(`,"${account}",`)).length}`;
    expect(sums.slice(0, 2)).toEqual([
      ["acme", of("51738928782")],
      ["globex", of("43883916739")],
    ]);
  });

  it("gives everything to one tenant when asked", async () => {
    const report = await importInto(database, [sample], { owners: { kind: "tenant", tenant: "acme" } });
    expect(report.unassigned).toEqual([]);
    expect(new Set(report.partitions.map((p) => p.tenant))).toEqual(new Set(["acme"]));
  });

  it("is the same from gzip, Parquet, CR LF with a byte-order mark, and a stream", async () => {
    await importInto(database, [sample]);
    const facts = await allFacts(database);
    const text = readFileSync(sample, "utf8");
    const parquet = join(folder, "sample.parquet");
    await toParquet(sample, parquet);
    const variants = [
      write("packed", gzipSync(text)),
      write("two-members", Buffer.concat([gzipSync(text.slice(0, 9999)), gzipSync(text.slice(9999))])),
      parquet,
      write("windows.csv", `\ufeff${text.replaceAll("\n", "\r\n")}`),
      write("mixed.csv", text.replace("\n", "\r\n")),
      write("a [b]*.csv", text),
      write("blank-lines.csv", `\n\n${text}\n\n`),
      memoryFile("stdin", text, 1 << 16),
      memoryFile("stdin", gzipSync(text), 1000),
    ];
    for (const variant of variants) {
      const other = await Database.open(join(folder, `other-${variants.indexOf(variant)}`));
      try {
        const report = await importInto(other, [variant]);
        expect(report.totals[0]?.loaded.billed_cost).toBe("20.52022672899");
        expect(await allFacts(other)).toEqual(facts);
      } finally {
        other.close();
      }
    }
  });

  it("changes nothing in a dry run and says what it would do", async () => {
    const dry = await importInto(database, [sample], { dryRun: true });
    expect(await allFacts(database)).toEqual([]);
    const wet = await importInto(database, [sample]);
    expect({ ...dry, dryRun: false }).toEqual(wet);
    expect(await importInto(database, [sample], { dryRun: true })).toMatchObject({
      partitions: wet.partitions.map((p) => ({ ...p, replacedRows: p.rows })),
    });
  });

  it("leaves no files of its own behind", async () => {
    const directory = join(folder, "own");
    const runtime = await openEmbedded({ directory, env: { SECUREBASE_LOG: "silent" } });
    const load = async (path: string) => runtime.importFiles(await inputFiles([path]), {});
    await load(write("x.gz", gzipSync(readFileSync(sample))));
    await expect(load(write("y.gz", gzipSync(focusCsv([])).subarray(0, 60)))).rejects.toThrow();
    expect(await readdir(join(directory, "tmp", "spool"))).toEqual([]);
    await runtime.close();
  });
});

async function toParquet(csv: string, parquet: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(
    `COPY (SELECT * REPLACE (BilledCost::DECIMAL(30,15) AS BilledCost, ChargePeriodStart::TIMESTAMP AS ChargePeriodStart,
      BillingPeriodStart::TIMESTAMPTZ AS BillingPeriodStart, Tags::JSON::MAP(VARCHAR, VARCHAR) AS Tags)
      FROM read_csv('${csv}', all_varchar = true, nullstr = 'NULL')) TO '${parquet}' (FORMAT parquet)`,
  );
  connection.disconnectSync();
  instance.closeSync();
}

describe("days", () => {
  const zones = { acme: "America/New_York" };
  const owners = { kind: "tenant", tenant: "acme" } as const;
  const dayOf = async (start: string, end: string): Promise<string | null | undefined> => {
    const row = { ChargePeriodStart: start, ChargePeriodEnd: end };
    await importInto(database, [write("day.csv", focusCsv([row]))], { zones, owners });
    return (await select(database, "SELECT day::VARCHAR FROM facts_cost"))[0]?.[0];
  };

  it("counts an hour in the tenant's zone and a day as the bill names it", async () => {
    expect(await dayOf("2024-09-01T02:00:00Z", "2024-09-01T03:00:00Z")).toBe("2024-08-31");
    expect(await dayOf("2024-09-01T04:00:00Z", "2024-09-01T05:00:00Z")).toBe("2024-09-01");
    expect(await dayOf("2024-09-01", "2024-09-02")).toBe("2024-09-01");
    expect(await dayOf("2024-09-01 00:00:00", "2024-10-01 00:00:00")).toBe("2024-09-01");
    expect(await dayOf("2024-09-01 00:00:00", "")).toBe("2024-09-01");
    expect(await dayOf("2024-09-01T01:00:00+02:00", "2024-09-01T02:00:00+02:00")).toBe("2024-08-31");
  });
});

describe("days of many starts", () => {
  // Clocks there were set back at one minute past midnight until 2011.
  const around = ["2010-11-07T02:30:58.5Z", "2010-11-07T02:31:00Z", "2010-11-07T03:29:59.999999Z"];
  const zones = { north: "America/St_Johns", east: "Asia/Kathmandu", south: "Australia/Lord_Howe" };

  it("are those that their instants have in each tenant's zone", async () => {
    const steps = Array.from({ length: 300 }, (_, i) =>
      new Date(Date.UTC(2010, 10, 7) + i * 1_357_913).toISOString(),
    );
    const tenants = Object.keys(zones);
    const rows = [...around, ...steps].flatMap((start) =>
      tenants.map((tenant) => ({
        SubAccountId: tenant,
        BillingPeriodStart: "2010-11-01",
        ChargePeriodStart: start,
        ChargePeriodEnd: start,
      })),
    );
    const claims = tenants.map((tenant) => ({ tenant, account: tenant }));
    const path = write("starts.csv", focusCsv(rows));
    await importInto(database, [path], { owners: { kind: "accounts", claims, seen: 0 }, zones });
    const found = await select(
      database,
      `SELECT sub_account_id, strftime(charge_period_start, '%Y-%m-%dT%H:%M:%S.%gZ'), day::VARCHAR
        FROM facts_cost ORDER BY rowid`,
    );
    expect(found).toHaveLength(rows.length);
    for (const [tenant, start, day] of found) {
      const zone = zones[tenant as keyof typeof zones];
      expect([tenant, start, day]).toEqual([tenant, start, dateInZone(new Date(String(start)), zone)]);
    }
    // Each tenant's days lie together, which lets the engine pass over the others'.
    const places = found.map(([tenant, , day]) => `${tenant} ${day}`);
    expect(places).toEqual([...places].sort());
  });
});

describe("columns with one value in all rows", () => {
  const services = (): Promise<(string | null)[][]> =>
    select(database, "SELECT DISTINCT service_name FROM facts_cost ORDER BY ALL");
  const load = async (...names: string[]): Promise<void> => {
    const rows = names.map((name) => ({ ServiceName: name, BilledCost: "1" }));
    await importInto(database, [write("services.csv", focusCsv(rows))]);
  };

  it("are kept as they are, whatever the value", async () => {
    for (const name of ["it's é 🙂", "a\\x00b", "long ".repeat(500) + "end"]) {
      await load(name, name);
      expect(await services()).toEqual([[name]]);
    }
  });

  it("are told from those that have it in some rows", async () => {
    await load("same", "");
    expect(await services()).toEqual([["same"], [null]]);
    const long = "x".repeat(400);
    await load(`${long}1`, `${long}2`);
    expect(await services()).toEqual([[`${long}1`], [`${long}2`]]);
  });
});

describe("replacement", () => {
  const costs = (): Promise<(string | null)[][]> =>
    select(
      database,
      `SELECT l.source, l.period, sum(billed_cost)::DECIMAL(18,2)::VARCHAR FROM facts_cost JOIN loads l USING (load_id)
        GROUP BY ALL ORDER BY ALL`,
    );

  it("restates a period as a whole, leaves other periods and other sources alone", async () => {
    const august = { BillingPeriodStart: "2024-08-01", BilledCost: "7" };
    const first = [{ BilledCost: "1" }, { BilledCost: "2", SubAccountId: "000000000002" }, august];
    await importInto(database, [write("a.csv", focusCsv(first))]);
    await importInto(database, [write("b.csv", focusCsv([{ ProviderName: "Microsoft", BilledCost: "5" }]))]);
    const restated = await importInto(database, [write("a2.csv", focusCsv([{ BilledCost: "10" }]))]);
    expect(restated.partitions).toEqual([
      { tenant: "unassigned", source: "focus:AWS:999999999999", period: "2024-09", rows: 1, replacedRows: 2 },
    ]);
    expect(restated.warnings).toContain(
      "accounts that the replaced load had and this delivery lacks: 000000000002",
    );
    expect(await costs()).toEqual([
      ["focus:AWS:999999999999", "2024-08", "7.00"],
      ["focus:AWS:999999999999", "2024-09", "10.00"],
      ["focus:Microsoft:999999999999", "2024-09", "5.00"],
    ]);
  });

  it("loads the files of one command together, and one named twice once", async () => {
    const parts = [
      write("p1.csv", focusCsv([{ BilledCost: "1" }])),
      write("p2.csv.gz", gzipSync(focusCsv([{ BilledCost: "2" }], { delimiter: ";", newline: "\r\n" }))),
    ];
    const report = await importInto(database, [...parts, ...parts]);
    expect(report).toMatchObject({ rowsAccepted: 2, files: parts });
    expect(await costs()).toEqual([["focus:AWS:999999999999", "2024-09", "3.00"]]);
  });

  it("says who keeps facts of the same source and period", async () => {
    const path = write("a.csv", focusCsv([{}]));
    await importInto(database, [path], { owners: { kind: "tenant", tenant: "acme" } });
    const report = await importInto(database, [path], { owners: { kind: "tenant", tenant: "globex" } });
    expect(
      report.warnings.some((w) => w.startsWith("acme keeps 1 rows of focus:AWS:999999999999 2024-09")),
    ).toBe(true);
  });

  it("stops when told to and leaves the store as it was", async () => {
    await importInto(database, [write("a.csv", focusCsv([{ BilledCost: "1" }]))]);
    const before = await allFacts(database);
    const path = write("b.csv", focusCsv(Array.from({ length: 2000 }, () => ({ BilledCost: "2" }))));
    for (const phase of ["reading", "checking", "storing"]) {
      const abort = new AbortController();
      const reason = new Error(`enough at ${phase}`);
      await expect(
        importInto(database, [memoryFile("b.csv", readFileSync(path))], {
          signal: abort.signal,
          onProgress: (progress) => {
            if (progress.phase === phase) abort.abort(reason);
          },
        }),
      ).rejects.toBe(reason);
      expect(await allFacts(database)).toEqual(before);
    }
    await expect(
      importInto(database, [path], { signal: AbortSignal.abort(new Error("no")) }),
    ).rejects.toThrow("no");
  });
});

describe("owners", () => {
  it("falls back to the billing account, and lists what nobody claims", async () => {
    const claims = [{ account: "999999999999", tenant: "payer" }];
    const rows = [
      { SubAccountId: "" },
      { SubAccountId: "000000000001" },
      { SubAccountId: "1" },
      { SubAccountId: "", BillingAccountId: "" },
      { SubAccountId: "NULL", BillingAccountId: "5" },
    ];
    const report = await importInto(database, [write("a.csv", focusCsv(rows))], {
      owners: { kind: "accounts", claims, seen: 0 },
    });
    expect(report.unassigned).toEqual([
      { account: "(no account)", name: "One", rows: 1 },
      { account: "000000000001", name: "One", rows: 1 },
      { account: "1", name: "One", rows: 1 },
      { account: "5", name: "One", rows: 1 },
    ]);
    expect(report.partitions.map((p) => [p.tenant, p.source, p.rows])).toEqual(
      expect.arrayContaining([
        ["payer", "focus:AWS:999999999999", 1],
        ["unassigned", "focus:AWS:-", 1],
      ]),
    );
    expect(report.rowsAccepted).toBe(5);
  });
});
