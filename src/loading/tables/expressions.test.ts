import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tryParseTags } from "../../core/metrics/tags.ts";
import { canonicalDecimal, formatDecimal, tryParseDecimal } from "../../core/money/decimal.ts";
import { tryParseInstant } from "../../core/time/instants.ts";
import { readerMacros } from "./expressions.ts";

let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  instance = await DuckDBInstance.create(":memory:");
  connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  for (const macro of readerMacros()) await connection.run(macro);
});
afterAll(() => {
  connection.disconnectSync();
  instance.closeSync();
});

/** What the engine makes of texts. */
async function evaluate(expression: string, texts: readonly string[]): Promise<(string | null)[]> {
  await connection.run("CREATE OR REPLACE TEMP TABLE texts (x VARCHAR)");
  const appender = await connection.createAppender("texts", "main", "temp");
  for (const text of texts) {
    appender.appendVarchar(text);
    appender.endRow();
  }
  appender.closeSync();
  const reader = await connection.runAndReadAll(`SELECT (${expression})::VARCHAR FROM texts`);
  return reader.getRows().map(([value]) => (typeof value === "string" ? value : null));
}

/** Many at once, since a statement costs more than a value. */
const many = (text: fc.Arbitrary<string>): fc.Arbitrary<string[]> =>
  // The engine's strings end at a zero character when they are appended.
  fc.array(
    text.filter((t) => !t.includes("\0")),
    { minLength: 500, maxLength: 1000, size: "max" },
  );
const RUNS = { numRuns: 10 };

const digits = fc.string({ unit: fc.integer({ min: 0, max: 9 }).map(String), maxLength: 24 });
const zeros = fc.string({ unit: fc.constant("0"), maxLength: 20 });
const joined = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.join(""));
const numberLike = joined(
  fc.constantFrom("", "", "", "-", "+", " ", "\u00a0-"),
  fc.oneof(digits, zeros),
  fc.constantFrom("", ".", ".", ".", ","),
  fc.oneof(digits, zeros, joined(zeros, digits), joined(digits, zeros)),
  fc.constantFrom("", "", "", "e", "E", "e-", "E+", "_", "x", " "),
  fc.oneof(
    fc.constant(""),
    fc.integer({ min: 0, max: 40 }).map((n) => n.toString()),
    digits,
  ),
);
const number = fc.oneof(
  { weight: 9, arbitrary: numberLike },
  { weight: 1, arbitrary: fc.string() },
  {
    weight: 1,
    arbitrary: fc.constantFrom("NaN", "inf", "0x10", "1_000", "1e400", "1e-400", "-0", "+ ", "٣"),
  },
);

describe("text in the engine, as core reads it", () => {
  it("reads exact decimals and no others", async () => {
    await fc.assert(
      fc.asyncProperty(many(number), async (texts) => {
        const read = await evaluate("read_decimal(x)", texts);
        expect(read.map((value) => (value === null ? null : canonicalDecimal(value)))).toEqual(
          texts.map((text) => {
            const scaled = tryParseDecimal(text);
            return scaled === undefined ? null : formatDecimal(scaled);
          }),
        );
      }),
      RUNS,
    );
  });

  it("never rounds", async () => {
    const texts = [
      "0.0000000000000000005",
      "1.2345678901234567895",
      "5e-19",
      "99999999999999999999.9999999999999999999",
    ];
    expect(await evaluate("read_decimal(x)", texts)).toEqual([null, null, null, null]);
    expect(await evaluate("read_decimal(x)", ["0.1000000000000000000000", "12.5e-17", "8E-7"])).toEqual([
      "0.100000000000000000",
      "0.000000000000000125",
      "0.000000800000000000",
    ]);
  });

  it("reads instants in all their spellings", async () => {
    const two = (min: number, max: number): fc.Arbitrary<string> =>
      fc.integer({ min, max }).map((n) => n.toString().padStart(2, "0"));
    const zone = [
      "",
      "",
      "Z",
      "z",
      " UTC",
      "+02",
      "+02:00",
      "-0530",
      "+9",
      "+15:59",
      "+16:00",
      "-00:30",
      " Z",
    ];
    const instantLike = joined(
      fc.constantFrom("2024", "2023", "0001", "9999", "0000", "24", "10000"),
      ...[fc.constantFrom("-", "-", "-", "/"), two(0, 13), fc.constantFrom("-", "-", "-", ""), two(0, 32)],
      ...[
        fc.constantFrom(" ", "T", "T", "", "x"),
        two(0, 25),
        fc.constantFrom(":", ":", ":", ""),
        two(0, 61),
      ],
      ...[fc.constantFrom(":", ":", ""), two(0, 61), fc.constantFrom("", "", ".", ".123", ".123456789")],
      fc.constantFrom(...zone),
    );
    const special = [
      "epoch",
      "infinity",
      "-infinity",
      "2024-09-01 (BC)",
      "2024-09-01T00:00",
      "2024-02-29T24:00:00Z",
    ];
    const instant = fc.oneof(
      { weight: 8, arbitrary: instantLike },
      { weight: 2, arbitrary: instantLike.map((text) => text.slice(0, 10)) },
      { weight: 2, arbitrary: instantLike.map((text) => text.slice(0, 19)) },
      { weight: 1, arbitrary: fc.oneof(fc.string(), fc.constantFrom(...special)) },
    );
    await fc.assert(
      fc.asyncProperty(many(instant), async (texts) => {
        expect(await evaluate("epoch_us(read_instant(x))", texts)).toEqual(
          texts.map((text) => tryParseInstant(text)?.toString() ?? null),
        );
      }),
      RUNS,
    );
  });

  it("reads tags", async () => {
    const key = fc.oneof(fc.constantFrom("a", "b", "c"), fc.string());
    const value = fc.oneof(fc.string(), fc.constant(null), fc.boolean(), fc.integer());
    const pairs = (k: string, v: string): fc.Arbitrary<unknown> =>
      fc.array(fc.record({ [k]: fc.oneof(key, key, fc.constant(7), fc.constant(null)), [v]: value }));
    const json = fc.oneof(fc.dictionary(key, value), pairs("Key", "Value"), pairs("key", "value"));
    const special = [
      "[1]",
      "[[]]",
      "{}",
      "[]",
      "null",
      '"x"',
      '{"a":"1","a":"2"}',
      '{"a":{"b":[1,2]}}',
      '{"a":1} x',
    ];
    const tags = fc.oneof(
      { weight: 8, arbitrary: json.map((j) => JSON.stringify(j)) },
      { weight: 1, arbitrary: fc.oneof(fc.string(), fc.constantFrom(...special)) },
    );
    const sorted = (object: object): string => JSON.stringify(Object.entries(object).sort());
    await fc.assert(
      fc.asyncProperty(many(tags), async (texts) => {
        const expected = texts.map(tryParseTags);
        const read = await evaluate("read_tags(x)", texts);
        expect(read.map((text) => (text === null ? null : sorted(JSON.parse(text) as object)))).toEqual(
          expected.map((o) => (o === undefined || Object.keys(o).length === 0 ? null : sorted(o))),
        );
        expect(await evaluate("tags_lost(x)", texts)).toEqual(expected.map((o) => String(o === undefined)));
      }),
      RUNS,
    );
  });
});
