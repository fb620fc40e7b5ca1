import { createReadStream, createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Database } from "../../src/adapters/embedded/database.ts";
import { sumDecimals } from "../../src/core/money/decimal.ts";
import type { InputFile } from "../../src/ports/load.ts";
import { memoryFile } from "../support/memory-file.ts";
import { allFacts, focusCsv, freshFolder, importInto, select } from "./lib.ts";

let folder: string;
let remove: () => Promise<void>;
let database: Database;
let before: (string | null)[][];
beforeAll(async () => {
  ({ folder, remove } = await freshFolder());
  database = await Database.open(join(folder, "data"));
  await importInto(database, [write("before.csv", focusCsv([{ BilledCost: "42" }]))]);
  before = await allFacts(database);
});
afterAll(async () => {
  database.close();
  await remove();
});

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const dry = { dryRun: true };

describe("rows that are not taken", () => {
  it("are found on their lines in a file that several threads read", async () => {
    const few = focusCsv([{ BilledCost: "1" }, { BilledCost: "abc" }]).split("\n");
    const [header = "", good = "", bad = ""] = few;
    const refused = [5, 60_000, 60_001, 119_999, 200_000, 239_998];
    const rows = Array<string>(240_000).fill(good);
    for (const row of refused) rows[row] = bad;
    const report = await importInto(database, [write("many.csv", [header, ...rows, ""].join("\n"))], dry);
    expect([report.rowsRead, report.rowsRejected]).toEqual([240_000, refused.length]);
    expect(report.rejections.map(({ line, row }) => [line, row])).toEqual(
      refused.map((row) => [row + 2, row + 1]),
    );
  });

  it("are none for a byte of zero in a name, the payer's and the provider's too", async () => {
    const named = ["BillingAccountId", "ProviderName", "InvoiceIssuerName", "SubAccountId", "ServiceName"];
    const odd = Object.fromEntries(named.map((name) => [name, `9\u00009'`]));
    const rows = [
      ...Array<Record<string, string>>(2_000).fill({ BilledCost: "1" }),
      { BilledCost: "1", ...odd },
    ];
    const other = await Database.open(join(folder, "zero"));
    const report = await importInto(other, [memoryFile("zero.csv", focusCsv(rows))]);
    expect([report.rowsAccepted, report.rowsRejected]).toEqual([2_001, 0]);
    const stored =
      "SELECT DISTINCT sub_account_id, service_name FROM facts_cost WHERE length(sub_account_id) = 4";
    expect(await select(other, stored)).toEqual([["9\u00009'", "9\u00009'"]]);
    other.close();
  });

  it("are counted and listed with line, field and reason; the others are loaded and all amounts that can be read add up", async () => {
    const rows = [
      { BilledCost: "1", SubAccountName: "two\nlines" },
      { BilledCost: "abc" },
      { BilledCost: "2", EffectiveCost: "0.1234567890123456789" },
      { BilledCost: "", EffectiveCost: "0.5" },
      { BilledCost: "NULL" },
      { BilledCost: "4", ChargePeriodStart: "yesterday" },
      { BilledCost: "8", ListCost: "1e400" },
      { BilledCost: "16", ConsumedQuantity: "NaN" },
      { BilledCost: "32", BillingPeriodStart: "2024-02-30" },
      { BilledCost: "64", BillingCurrency: "" },
      { BilledCost: "-1.5e-3", ConsumedQuantity: "-7" },
    ];
    for (const newline of ["\n", "\r\n"]) {
      const path = write("rejections.csv", focusCsv(rows, { newline }));
      for (const file of [path, write("rejections.gz", gzipSync(readFileSync(path)))]) {
        const report = await importInto(database, [file], dry);
        expect([report.rowsRead, report.rowsAccepted, report.rowsRejected]).toEqual([11, 2, 9]);
        expect(report.rejections.map((r) => [r.line, r.row, r.field, r.reason])).toEqual([
          [4, 2, "BilledCost", '"abc" is not a number'],
          [
            5,
            3,
            "EffectiveCost",
            '"0.1234567890123456789" does not fit 20 digits before and 18 after the decimal point',
          ],
          [6, 4, "BilledCost", "the value is missing"],
          [7, 5, "BilledCost", "the value is missing"],
          [8, 6, "ChargePeriodStart", '"yesterday" is not an instant such as 2024-09-01T00:00:00Z'],
          [9, 7, "ListCost", '"1e400" does not fit 20 digits before and 18 after the decimal point'],
          [10, 8, "ConsumedQuantity", '"NaN" is not a number'],
          [11, 9, "BillingPeriodStart", '"2024-02-30" is not an instant such as 2024-09-01T00:00:00Z'],
          [12, 10, "BillingCurrency", "the value is missing"],
        ]);
        expect(report.totals).toMatchObject([
          { currency: "USD", source: { billed_cost: "62.9985" }, loaded: { billed_cost: "0.9985" } },
          { currency: null, source: { billed_cost: "64" }, loaded: {} },
        ]);
      }
    }
  });

  it("have dates that cannot be true of a charge; those of prepaid years and of corrections can", async () => {
    const billed = (BilledCost: string, dates: [start: string, end: string, bill?: string]) => ({
      BilledCost,
      ChargePeriodStart: dates[0],
      ChargePeriodEnd: dates[1],
      BillingPeriodStart: dates[2] ?? "2024-09-01T00:00:00Z",
    });
    const rows = [
      billed("1", ["9999-12-31T00:00:00Z", "9999-12-31T01:00:00Z"]),
      billed("1", ["0001-01-01", "0001-01-02", "0001-01-01"]),
      billed("1", ["2024-09-05T00:00:00Z", "2024-09-01T00:00:00Z"]),
      billed("1", ["2062-09-01", "2062-09-02", "2062-09-01"]),
      billed("1", ["2024-09-01", "2024-09-02", "2062-09-01"]),
      billed("1", ["2024-09-01", "2035-09-01"]),
      billed("1", ["2021-09-01", "2021-10-01"]),
      billed("1", ["2026-12-01", "2026-12-02"]),
      billed("2", ["2024-09-01", "2027-09-01"]),
      billed("4", ["2021-10-01", "2024-10-01"]),
      billed("8", ["2022-10-01", "2022-10-02"]),
      billed("16", ["2026-01-01", "2027-01-01"]),
      billed("32", ["2024-09-01", "2024-09-01"]),
      billed("64", ["2024-09-01", "2034-09-01"]),
    ];
    const report = await importInto(database, [write("dates.csv", focusCsv(rows))], dry);
    expect(report.rejections.map(({ line, field, reason }) => [line, field, reason])).toEqual([
      [2, "ChargePeriodStart", '"9999-12-31T00:00:00Z" is not within 2000-01-01 and 2026-12-31'],
      [3, "ChargePeriodStart", '"0001-01-01" is not within 2000-01-01 and 2026-12-31'],
      [4, "ChargePeriodEnd", '"2024-09-01T00:00:00Z" is before the charge period starts'],
      [5, "ChargePeriodStart", '"2062-09-01" is not within 2000-01-01 and 2026-12-31'],
      [6, "BillingPeriodStart", '"2062-09-01" is not within 2000-01-01 and 2026-12-31'],
      [7, "ChargePeriodEnd", '"2035-09-01" is more than 10 years after the charge period starts'],
      [8, "ChargePeriodStart", '"2021-09-01" is more than 2 years away from the billing period'],
      [9, "ChargePeriodStart", '"2026-12-01" is more than 2 years away from the billing period'],
    ]);
    expect(report.totals).toMatchObject([{ source: { billed_cost: "134" }, loaded: { billed_cost: "126" } }]);
  });

  it("may be malformed rows, in any file, in any place", async () => {
    const good = focusCsv([{ BilledCost: "1" }, { BilledCost: "x" }, { BilledCost: "2" }]).split("\n");
    const [header = "", first = "", bad = "", last = ""] = good;
    const latin1 = first.replace("One", "M\u00fcnchen");
    const lines = [
      header,
      "1,2",
      first,
      `${first},more`,
      latin1,
      first.replace("One", '"One"x'),
      bad,
      "",
      last,
    ];
    const report = await importInto(
      database,
      [write("malformed.csv", Buffer.from(lines.join("\n"), "latin1"))],
      dry,
    );
    expect([report.rowsRead, report.rowsAccepted, report.rowsRejected]).toEqual([7, 2, 5]);
    expect(report.rejections.map((r) => [r.line, r.row, r.field, r.reason])).toEqual([
      [2, 1, null, "the row has 2 fields where the header has 17"],
      [4, 3, null, "the row has 18 fields where the header has 17"],
      [5, 4, "SubAccountName", "is not UTF-8"],
      [6, 5, null, "there is text between a closing quote and the next delimiter"],
      [7, 6, "BilledCost", '"x" is not a number'],
    ]);
    expect(report.totals[0]?.loaded.billed_cost).toBe("3");
  });

  it("may be shifted by a delimiter that is not quoted, with an empty end that hides it", async () => {
    const columns = ["SubAccountName", "SubAccountId", "BillingCurrency", "BillingPeriodStart"];
    const more = ["ChargePeriodStart", "ChargePeriodEnd", "BilledCost", "Tags"];
    const text = focusCsv([{ SubAccountName: "Acme, Inc" }], { columns: [...columns, ...more] });
    const path = write("shifted.csv", text.replaceAll('"', ""));
    const report = await importInto(database, [path], dry);
    expect(report.rejections).toEqual([
      { file: path, line: 2, row: 1, field: null, reason: "the row has 9 fields where the header has 8" },
    ]);
  });

  it("are counted in full and listed up to a hundred, in the order of files and lines", async () => {
    const many = focusCsv(Array.from({ length: 150 }, (_, i) => ({ BilledCost: i % 2 === 0 ? "x" : "1" })));
    const files = [write("many1.csv", many), write("many2.csv", many.replace("x", "1,1"))];
    const report = await importInto(database, files, dry);
    expect([report.rowsAccepted, report.rowsRejected]).toEqual([150, 150]);
    expect(report.rejections).toHaveLength(100);
    expect(report.rejections[75]).toMatchObject({ file: files[1], line: 2, field: null });
    expect(report.rejections[99]).toMatchObject({ file: files[1], line: 50 });
  });

  it("may be all: nothing is replaced", async () => {
    const report = await importInto(database, [write("none.csv", focusCsv([{ BilledCost: "x" }]))]);
    expect(report).toMatchObject({ rowsAccepted: 0, rowsRejected: 1, partitions: [] });
    expect(await allFacts(database)).toEqual(before);
  });

  it("have their row in Parquet, whose binary amounts are announced", async () => {
    const path = join(folder, "bad.parquet");
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const csv = focusCsv([
      { BilledCost: "0.1" },
      { BilledCost: "NaN" },
      { BilledCost: "1.6059900000000001e-05" },
    ]);
    await connection.run(
      `COPY (SELECT * REPLACE (BilledCost::DOUBLE AS BilledCost) FROM read_csv('${write("p.csv", csv)}', all_varchar = true)) TO '${path}'`,
    );
    connection.disconnectSync();
    instance.closeSync();
    const report = await importInto(database, [path], dry);
    expect(report.rejections).toEqual([
      { file: path, line: null, row: 2, field: "BilledCost", reason: '"nan" is not a number' },
    ]);
    expect(report.totals[0]?.loaded.billed_cost).toBe("0.1000160599");
    expect(report.warnings).toContainEqual(expect.stringContaining("binary floating point"));
  });

  it("are never lost for their tags, whether most rows share them or none do", async () => {
    const rows = [
      { Tags: '{"a":"1"}' },
      { Tags: "env=prod" },
      { Tags: '[{"Key":"b","Value":"2"}]' },
      { Tags: "{}" },
    ];
    for (const times of [1, 20]) {
      const other = await Database.open(join(folder, `tags-${times}`));
      const repeated = Array.from({ length: times }, () => rows).flat();
      const report = await importInto(other, [write("tags.csv", focusCsv(repeated))]);
      expect(report.rowsAccepted).toBe(4 * times);
      expect(report.warnings).toContainEqual(
        `tags that are no JSON object, left out; the rows are loaded: ${times} ${times === 1 ? "row" : "rows"}`,
      );
      const tags = await select(other, "SELECT tags, count(*) FROM facts_cost GROUP BY 1 ORDER BY 1");
      const n = String(times);
      expect(tags).toEqual([
        ['{"a":"1"}', n],
        ['{"b":"2"}', n],
        [null, String(2 * times)],
      ]);
      other.close();
    }
  });

  it("are told apart whatever the file looks like", async () => {
    const amount = fc.constantFrom("1", "-2.5", "1e2", "x", "", "0.1234567890123456789");
    const text = fc.string({ unit: fc.constantFrom("a", '"', "\n", "\r\n", ";", ",", "é"), maxLength: 6 });
    const row = fc.record({ BilledCost: amount, SubAccountName: text, ServiceName: text });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(row, fc.constant(null)), { minLength: 1, maxLength: 20 }),
        fc.constantFrom("\n", "\r\n"),
        async (rows, newline) => {
          let line = 1;
          const parts = [focusCsv([], { newline })];
          const bad: number[] = [];
          const good: string[] = [];
          for (const values of rows) {
            line += (parts.at(-1)?.match(/\r\n|\n|\r/g) ?? []).length;
            parts.push(
              values === null
                ? `1,2${newline}`
                : focusCsv([values], { newline }).split(newline).slice(1).join(newline),
            );
            if (values === null || ["x", "", "0.1234567890123456789"].includes(values.BilledCost))
              bad.push(line);
            else good.push(values.BilledCost);
          }
          const report = await importInto(database, [memoryFile("any.csv", parts.join(""))], dry);
          expect(report.rejections.map((r) => r.line)).toEqual(bad.map((l) => l));
          expect(report.rowsAccepted).toBe(good.length);
          if (good.length > 0)
            expect(report.totals[0]?.loaded.billed_cost).toBe(
              sumDecimals(good.map((g) => (g === "1e2" ? "100" : g))),
            );
        },
      ),
      { numRuns: 10 },
    );
  });
});

describe("files that cannot be loaded", () => {
  const csv = focusCsv([{}, {}]);
  const packed = gzipSync(csv);
  const flipped = Buffer.from(packed);
  flipped[packed.length - 6] = (flipped[packed.length - 6] ?? 0) ^ 255;
  const big = gzipSync(
    focusCsv(Array.from({ length: 20_000 }, (_, i) => ({ SubAccountName: `${(i * 7919) % 10007}` }))),
  );

  it.each<[string, string | Uint8Array, string, RegExp]>([
    ["a truncated gzip", packed.subarray(0, packed.length - 9), "import.damaged", /ends early/],
    [
      "a gzip that is truncated far behind its header",
      big.subarray(0, big.length - 9),
      "import.damaged",
      /ends early/,
    ],
    ["a gzip with a wrong checksum", flipped, "import.damaged", /checksum/],
    ["UTF-16", Buffer.from(`\ufeff${csv}`, "utf16le"), "import.encoding", /UTF-16/],
    ["UTF-16 without a mark", Buffer.from(csv, "utf16le"), "import.encoding", /UTF-16/],
    [
      "a duplicate header",
      csv.replace("ListCost", "billedcost"),
      "import.duplicate-column",
      /two columns named billedcost/i,
    ],
    [
      "a missing currency",
      csv.replace("BillingCurrency", "Currency"),
      "import.missing-column",
      /without BillingCurrency/,
    ],
    ["a quote that never closes", `${csv}AWS,"x,`, "import.unclosed-quote", /line 4/],
    ["a broken Parquet file", `PAR1${"x".repeat(100)}`, "import.damaged", /begins as Parquet/],
    [
      "an HTML page",
      "<!DOCTYPE html><html>Log in</html>",
      "import.unknown-format",
      /looks like an HTML page/,
    ],
    ["a workbook", "PK\x03\x04 [Content_Types].xml", "import.unknown-format", /looks like an Excel workbook/],
    ["another table", "a,b\n1,2\n", "import.unknown-format", /columns a, b/],
    ["Security Hub", '{"Findings":[]}', "import.unknown-format", /Security Hub/],
    [
      "an old bill without a currency",
      "identity/LineItemId,lineItem/UsageType,lineItem/UnblendedCost\n",
      "import.missing-column",
      /is a Cost and Usage Report without lineItem.CurrencyCode/,
    ],
    ["noise", Buffer.from([1, 0, 2, 0, 0, 3]), "import.unknown-format", /format is not supported/],
    ["a word", "hello", "import.unknown-format", /format is not supported/],
    ["a header without an end", "BilledCost,".repeat(40_000), "import.header-too-long", /no line end/],
  ])(
    "%s is refused with a reason and a fix, and the store is as it was",
    async (_, content, code, message) => {
      for (const file of [write("bad", content), memoryFile("bad", content)]) {
        const error: unknown = await importInto(database, [file]).catch((e: unknown) => e);
        expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
        expect((error as { fix?: string }).fix).toBeTruthy();
      }
      expect(await allFacts(database)).toEqual(before);
    },
  );

  it("a header alone is a load of no rows", async () => {
    for (const text of [focusCsv([]), focusCsv([]).trimEnd()]) {
      const report = await importInto(database, [write("header.csv", text)]);
      expect(report).toMatchObject({ rowsRead: 0, partitions: [], totals: [] });
    }
    expect(await allFacts(database)).toEqual(before);
  });

  it("a line of 80 MB is a rejected row, in bounded memory", async () => {
    const [header = "", row = ""] = csv.split("\n");
    async function* content(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${header}\n${row}\n`);
      for (let i = 0; i < 80; i++) yield await Promise.resolve(Buffer.alloc(1 << 20, 120));
      yield Buffer.from(`\n${row}\n`);
    }
    const path = join(folder, "long.csv");
    await pipeline(content, createWriteStream(path));
    const report = await importInto(database, [path], dry);
    expect(report).toMatchObject({ rowsAccepted: 2, rowsRejected: 1 });
    expect(report.rejections).toEqual([
      { file: path, line: 3, row: 2, field: null, reason: "the row is longer than 2 MB" },
    ]);
  });

  it("a file that fails while it is read fails the import", async () => {
    const path = write("fails.csv", csv);
    const failing: InputFile = {
      name: "fails.csv",
      async *open() {
        for await (const chunk of createReadStream(path, { highWaterMark: 100 })) {
          yield chunk as Uint8Array;
          if (opened > 1) throw new Error("the line went dead");
        }
      },
    };
    let opened = 0;
    const counted: InputFile = { ...failing, open: () => (opened++, failing.open()) };
    await expect(importInto(database, [counted])).rejects.toThrow("the line went dead");
    expect(await allFacts(database)).toEqual(before);
  });
});
