import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AwsStore } from "../../src/adapters/aws/store.ts";
import type { EmbeddedStore } from "../../src/adapters/embedded/store.ts";
import { DomainError } from "../../src/core/errors/errors.ts";
import { formatDecimal } from "../../src/core/money/decimal.ts";
import { planImport } from "../../src/importers/registry/registry.ts";
import { localFile } from "../../src/importers/shared/files.ts";
import type { InputFile, LoadReport, TableLoad } from "../../src/ports/load.ts";
import type { MetricStore } from "../../src/ports/metric-store.ts";
import { freshStore } from "../conformance/lib/embedded.ts";
import { ask } from "../conformance/lib/facts.ts";
import type { Fresh } from "../conformance/lib/fresh.ts";
import { cur2, KINDS, snakeCur } from "../import/cur-files.ts";
import { samplePath } from "../samples.ts";
import { memoryFile } from "../support/memory-file.ts";
import {
  type ParquetFixture,
  PARQUET_FIXTURES,
  parquetFixtures,
  writeByEngine,
} from "../support/parquet-files.ts";
import { byteArrays, int32, parquetBytes, type RawPage, runs } from "../support/parquet-writer.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";
import { loadTables } from "../support/loading.ts";

let folder: string;
let cloud: LocalCloud;
let aws: AwsStore;
let embedded: Fresh<EmbeddedStore["metrics"]>;
let fixtures: ParquetFixture[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "securebase-parquet-"));
  fixtures = await parquetFixtures(folder);
  cloud = await startLocalCloud();
  aws = cloud.open();
  embedded = await freshStore((store) => store.metrics);
});
afterAll(async () => {
  await aws.close();
  await cloud.close();
  await embedded.close();
  rmSync(folder, { recursive: true, force: true });
});

const fixture = (what: string): string => fixtures.find((one) => one.what === what)!.path;
const onDisk = (path: string): InputFile => localFile(path, statSync(path).size);

async function inputOf(file: InputFile, dryRun = false): Promise<TableLoad> {
  const plan = await planImport([file]);
  if (plan.mapping === undefined) throw new Error("no mapping");
  const claims = [
    { account: "111", tenant: "one" },
    { account: "222", tenant: "two" },
  ];
  return {
    ...{ mapping: plan.mapping, files: plan.files, dryRun },
    owners: { kind: "accounts", claims },
    zones: { two: "Asia/Tokyo", one: "America/New_York" },
    loadedAt: "2024-10-01T06:00:00.000Z",
  };
}

function sorted(report: LoadReport): LoadReport {
  const partitions = [...report.partitions].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return { ...report, partitions };
}

const QUESTION = {
  range: { from: "2024-08-01", to: "2024-11-01" },
  measures: ["billed_cost", "effective_cost", "list_cost", "contracted_cost", "consumed_quantity"],
};
const GROUPINGS = [
  ["day", "service", "account", "currency", "tag:env", "tag:a", "tag:b", "unit"],
  ["charge_category", "region", "provider", "billing_account", "commitment", "tag:aws:createdBy"],
];

async function factsOf(store: MetricStore): Promise<unknown[]> {
  const answers = [];
  for (const tenant of ["one", "two", "unassigned"])
    for (const groupBy of GROUPINGS) answers.push(await ask(store, { ...QUESTION, groupBy }, tenant));
  return answers;
}

/** Loads a file into both stores and holds report and facts of the one against those of the other. */
async function expectSame(file: InputFile): Promise<LoadReport> {
  const input = await inputOf(file);
  const mine = sorted(await aws.metrics.loadTables(input));
  expect(mine).toEqual(sorted(await loadTables(embedded.store, input)));
  expect(await factsOf(aws.metrics)).toEqual(await factsOf(embedded.store));
  return mine;
}

describe("Parquet means the same on DynamoDB and in the engine", () => {
  it.each(PARQUET_FIXTURES)("with $what: report, rejections and every fact", async ({ what, rows }) => {
    const report = await expectSame(onDisk(fixture(what)));
    expect(report.rowsRead).toBe(rows);
    expect(report.rowsRejected > 0).toBe(what === "values that are refused");
  });

  it("to the last digit of what was written", async () => {
    const report = await expectSame(onDisk(fixture("zstd")));
    const billed = (i: number): bigint =>
      (i % 50 === 0 ? -100_000_000_000_000n : 1_000_000_000_000_000n) * BigInt(i) + 1000n;
    const sums = { EUR: 0n, USD: 0n };
    for (let i = 0; i < 2100; i++) sums[i % 100 === 99 ? "EUR" : "USD"] += billed(i);
    const found = report.totals.map(({ currency, loaded }) => [currency, loaded.billed_cost]);
    expect(found).toEqual([
      ["EUR", formatDecimal(sums.EUR)],
      ["USD", formatDecimal(sums.USD)],
    ]);
  });

  const sample = samplePath("focus/focus_sample.csv");
  it.skipIf(sample === undefined)(
    "for the published FOCUS sample, from a path and from a stream",
    async () => {
      const path = await writeByEngine(
        join(folder, "sample.parquet"),
        `SELECT * REPLACE (BilledCost::DECIMAL(30,15) AS BilledCost, EffectiveCost::DOUBLE AS EffectiveCost,
        ChargePeriodStart::TIMESTAMP AS ChargePeriodStart, TRY_CAST(Tags AS JSON)::MAP(VARCHAR, VARCHAR) AS Tags)
        FROM read_csv('${sample ?? ""}', all_varchar = true, nullstr = 'NULL')`,
      );
      for (const file of [onDisk(path), memoryFile("sample.parquet", readFileSync(path), 10_000)]) {
        const report = await expectSame(file);
        expect([report.rowsAccepted, report.rowsRejected]).toEqual([1000, 0]);
        expect(report.totals).toMatchObject([
          { currency: "USD", loaded: { billed_cost: "20.52022672899", effective_cost: "14.97651418586" } },
        ]);
      }
      expect(readdirSync(tmpdir()).filter((name) => /^securebase-stream-/.test(name))).toEqual([]);
    },
  );

  it.each([
    ["a CUR with underscores", snakeCur, "resource_tags_user_env AS resource_tags_user_env"],
    [
      "CUR 2.0",
      cur2,
      "resource_tags::JSON::MAP(VARCHAR, VARCHAR) AS resource_tags, product::JSON::MAP(VARCHAR, VARCHAR) AS product",
    ],
  ])("for %s with binary amounts, as AWS writes it", async (_, make, maps) => {
    const csv = join(folder, "cur.csv");
    writeFileSync(csv, make(KINDS.map(({ row }) => ({ ...row, "lineItem/UsageAccountId": "111" }))));
    const path = await writeByEngine(
      join(folder, "cur.parquet"),
      `SELECT * REPLACE (${maps}, line_item_unblended_cost::DOUBLE AS line_item_unblended_cost,
        reservation_effective_cost::DOUBLE AS reservation_effective_cost,
        line_item_usage_start_date::TIMESTAMP AS line_item_usage_start_date)
        FROM read_csv('${csv}', all_varchar = true, nullstr = '')`,
    );
    const report = await expectSame(onDisk(path));
    expect([report.format, report.rowsAccepted]).toEqual(["cur", KINDS.length]);
  });

  it("and so does a CSV file compressed with Zstandard", async () => {
    const plain = `SELECT * REPLACE (to_json(Tags) AS Tags) FROM '${fixture("zstd")}'`;
    const path = await writeByEngine(join(folder, "bill.csv.zst"), plain);
    const report = await expectSame(onDisk(path));
    expect([report.rowsRead, report.rowsRejected]).toEqual([2100, 0]);
    const whole = readFileSync(path);
    const broken = memoryFile("broken.csv.zst", whole.subarray(0, whole.length - 30));
    await expect(inputOf(broken).then((input) => aws.metrics.loadTables(input))).rejects.toMatchObject({
      code: "import.damaged",
      message: expect.stringContaining("broken.csv.zst") as string,
    });
  });
});

/** A FOCUS file of one row whose currency is written as a test wants. */
function billWith(
  column: { pages: readonly RawPage[]; codec?: number; repetition?: number },
  rows = 1,
): Buffer {
  const page = (values: Buffer): RawPage[] => [{ count: rows, values }];
  const day = Array.from({ length: rows }, () => 19_967);
  return parquetBytes(rows, [
    { name: "BilledCost", physical: 1, pages: page(int32(...day)) },
    { name: "BillingCurrency", physical: 6, converted: 0, ...column },
    { name: "BillingPeriodStart", physical: 1, converted: 6, pages: page(int32(...day)) },
    { name: "ChargePeriodStart", physical: 1, converted: 6, pages: page(int32(...day)) },
  ]);
}

describe("a Parquet file that cannot be read", () => {
  const usd: RawPage = { count: 1, values: byteArrays("USD") };
  const index = (i: number): Buffer => Buffer.concat([Buffer.from([8]), runs([i])]);
  const whole = billWith({ pages: [usd] });
  const CASES: readonly [what: string, bytes: () => Buffer, code: string, message: RegExp][] = [
    [
      "ends early",
      () => whole.subarray(0, whole.length - 9),
      "import.damaged",
      /its end is missing or broken/,
    ],
    [
      "lacks its beginning",
      () => Buffer.concat([Buffer.from("PAR1"), whole.subarray(60)]),
      "import.damaged",
      /./,
    ],
    [
      "ends with another magic number",
      () => Buffer.concat([whole.subarray(0, -1), Buffer.from("9")]),
      "import.damaged",
      /its end/,
    ],
    [
      "has a footer that is encrypted",
      () => Buffer.from(whole.toString("latin1").replaceAll("PAR1", "PARE"), "latin1"),
      "import.unknown-format",
      /an encrypted Parquet file/,
    ],
    [
      "is compressed with LZO",
      () => billWith({ pages: [usd], codec: 3 }),
      "import.unsupported",
      /LZO compression/,
    ],
    [
      "is compressed with the old LZ4",
      () => billWith({ pages: [usd], codec: 5 }),
      "import.unsupported",
      /LZ4 compression/,
    ],
    [
      "is compressed in a way of the future",
      () => billWith({ pages: [usd], codec: 42 }),
      "import.unsupported",
      /unknown compression/,
    ],
    [
      "is encoded in a way of the future",
      () => billWith({ pages: [{ ...usd, encoding: 77 }] }),
      "import.unsupported",
      /encoding number 77/,
    ],
    [
      "has compressed data that is none",
      () => billWith({ pages: [usd], codec: 1 }),
      "import.damaged",
      /SNAPPY compressed data/,
    ],
    [
      "does not match its checksum",
      () => billWith({ pages: [{ ...usd, crc: "wrong" }] }),
      "import.damaged",
      /a page of BillingCurrency does not match/,
    ],
    [
      "has a page that ends early",
      () => billWith({ pages: [{ count: 1, values: byteArrays("USD").subarray(0, 5) }] }),
      "import.damaged",
      /values of a page end early/,
    ],
    ["has too few values", () => billWith({ pages: [usd] }, 2), "import.damaged", /fewer rows/],
    ["has too many values", () => billWith({ pages: [usd, usd] }), "import.damaged", /more rows/],
    [
      "names a value that its dictionary lacks",
      () =>
        billWith({
          pages: [
            { version: "dictionary", count: 1, values: byteArrays("USD") },
            { count: 1, encoding: 8, values: index(9) },
          ],
        }),
      "import.damaged",
      /not in its dictionary/,
    ],
    [
      "lacks its dictionary",
      () => billWith({ pages: [{ count: 1, encoding: 8, values: index(0) }] }),
      "import.damaged",
      /has no dictionary/,
    ],
    [
      "is not UTF-8",
      () => billWith({ pages: [{ count: 1, values: byteArrays(Buffer.from([0x55, 0xff])) }] }),
      "import.damaged",
      /a value of BillingCurrency is not UTF-8/,
    ],
  ];
  it.each(CASES)(
    "since it %s is refused by name and reason, and the store is as it was",
    async (_, make, code, message) => {
      const file = memoryFile("bill.parquet", make());
      const before = [await aws.metrics.loads(), await factsOf(aws.metrics)];
      const failed = await inputOf(file)
        .then((input) => aws.metrics.loadTables(input))
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      expect(failed).toMatchObject({ code, fix: expect.any(String) as string });
      expect((failed as Error).message).toMatch(/^bill\.parquet /);
      expect((failed as Error).message).toMatch(message);
      expect([await aws.metrics.loads(), await factsOf(aws.metrics)]).toEqual(before);
    },
  );

  it("is refused by the engine too, except where it does not look", async () => {
    for (const [what, make] of CASES) {
      const failed = await inputOf(memoryFile("bill.parquet", make()), true)
        .then((input) => loadTables(embedded.store, input))
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      if (/checksum|too many/.test(what)) expect(failed, what).toBeUndefined();
      else expect((failed as DomainError).code, what).toMatch(/^import\.(damaged|unknown-format)$/);
    }
  });

  it("is read where nothing of it is damaged", async () => {
    await expectSame(memoryFile("bill.parquet", whole));
  });

  it("never ends in any other way, wherever it is damaged", async () => {
    const files = ["version 2 pages", "INT96", "tags as a list of pairs"].map((what) =>
      readFileSync(fixture(what)),
    );
    const damage = fc.record({
      file: fc.constantFrom(...files),
      cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 5 }),
      flips: fc.array(
        fc.tuple(
          fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
          fc.integer({ min: 1, max: 255 }),
        ),
        { minLength: 1, maxLength: 4 },
      ),
    });
    const property = fc.asyncProperty(damage, async ({ file, cut, flips }) => {
      const bytes = Buffer.from(
        file.subarray(0, cut === null ? file.length : Math.ceil(100 + (file.length - 100) * cut)),
      );
      for (const [share, bits] of flips) {
        const at = Math.floor(bytes.length * share);
        bytes[at] = (bytes[at] ?? 0) ^ bits;
      }
      try {
        const report = await aws.metrics.loadTables(
          await inputOf(memoryFile("odd.parquet", bytes, 1 << 20), true),
        );
        expect(report.rowsAccepted + report.rowsRejected).toBe(report.rowsRead);
      } catch (error) {
        if (!(error instanceof DomainError) || !error.code.startsWith("import.")) throw error;
        expect(error.message).toContain("odd.parquet");
      }
    });
    await fc.assert(property, { numRuns: 200 });
  });
});
