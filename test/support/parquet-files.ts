import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { byteArrays, int32, int64, int96, parquetBytes, runs } from "./parquet-writer.ts";

/** A bill as Parquet, and what is special about it. */
export interface ParquetFixture {
  what: string;
  path: string;
  rows: number;
}

/** Rows of a FOCUS bill in the types its specification asks for; `i` numbers them. */
const FOCUS = `SELECT (CASE WHEN i % 50 = 0 THEN -0.1 ELSE 1 END * i * 0.001 + 0.000000000000001)::DECIMAL(30,15) AS BilledCost,
  '999999999999' AS BillingAccountId, CASE WHEN i % 100 = 99 THEN 'EUR' ELSE 'USD' END AS BillingCurrency,
  TIMESTAMP '2024-09-01' AS BillingPeriodStart, TIMESTAMP '2024-10-01' AS BillingPeriodEnd, 'Usage' AS ChargeCategory,
  TIMESTAMP '2024-09-01' + to_hours((i % 720)::INT) AS ChargePeriodStart,
  TIMESTAMP '2024-09-01' + to_hours((i % 720 + 1)::INT) AS ChargePeriodEnd,
  CASE WHEN i % 7 = 0 THEN NULL ELSE i * 0.25 END::DECIMAL(30,15) AS EffectiveCost, 2::DECIMAL(9,2) AS ListCost,
  NULL::DECIMAL(18,6) AS ContractedCost, i / 3.0 AS ConsumedQuantity, 'Hours' AS ConsumedUnit, 'AWS' AS ProviderName,
  'AWS' AS PublisherName, 'AWS' AS InvoiceIssuerName, CASE WHEN i % 4 = 0 THEN NULL ELSE 'us-east-' || i % 3 END AS RegionId,
  'Compute' AS ServiceCategory, 'Service ' || i % 5 AS ServiceName, CASE i % 9 WHEN 0 THEN '222' WHEN 1 THEN NULL ELSE '111' END AS SubAccountId,
  'é "name"' AS SubAccountName, 'arn:aws:ec2:' || i AS ResourceId,
  CASE i % 6 WHEN 0 THEN NULL WHEN 1 THEN MAP {} WHEN 2 THEN MAP {'env': NULL, 'a': 'x'}
    ELSE MAP {'env': 'e' || i % 4, 'a': 'q"\\ ' || i % 3} END AS Tags
  FROM range(ROWS) t(i)`;

/** Columns whose expressions a fixture replaces; in each `v` is the column itself. */
interface FixtureSpec {
  what: string;
  /** More than 2,048 make two row groups. */
  rows?: number;
  replace?: Readonly<Record<string, string>>;
  options?: string;
}

const ROWS = 400;
const CODECS = ["uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"];

const SPECS: readonly FixtureSpec[] = [
  ...CODECS.map((codec) => ({
    what: codec,
    options: `COMPRESSION ${codec}`,
    ...(codec === "zstd" && { rows: 2100 }),
  })),
  { what: "delta and split encodings", rows: 2100, options: "PARQUET_VERSION V2, COMPRESSION zstd" },
  { what: "no dictionaries", options: "DICTIONARY_SIZE_LIMIT 1" },
  {
    what: "binary amounts and milliseconds",
    replace: {
      BilledCost: "CASE WHEN i % 11 = 0 THEN i * 6e-21 ELSE v::DOUBLE / 3 END",
      EffectiveCost: "v::DOUBLE * 1e13",
      ConsumedQuantity: "(i * 1.1)::FLOAT",
      ListCost: "1.0::FLOAT / (i + 1)",
      ChargePeriodStart: "v::TIMESTAMP_MS",
      ChargePeriodEnd: "(v + INTERVAL 999 MILLISECOND)::TIMESTAMP_MS",
    },
  },
  {
    what: "encoded binary amounts",
    options: "PARQUET_VERSION V2, COMPRESSION snappy",
    replace: {
      BilledCost: "sqrt(i)",
      EffectiveCost: "pow(1.7, i % 60 - 70)",
      ConsumedQuantity: "ln(i + 1)::FLOAT",
    },
  },
  {
    what: "instants with a zone, and dates",
    replace: {
      BillingPeriodStart: "v::DATE",
      ChargePeriodStart: "v::TIMESTAMPTZ",
      ChargePeriodEnd: "(v + INTERVAL 1 MICROSECOND)::TIMESTAMPTZ",
    },
  },
  {
    what: "nanoseconds, and decimals of every width",
    replace: {
      ChargePeriodStart: "v::TIMESTAMP_NS",
      ChargePeriodEnd: "make_timestamp_ns(epoch_ns(v) + i)",
      BilledCost: "(i - 1500)::DECIMAL(38,18) / 7",
      EffectiveCost: "(i % 99)::DECIMAL(4,2)",
      ListCost: "i::DECIMAL(9,3)",
      ContractedCost: "-i::DECIMAL(18,6)",
    },
  },
  {
    what: "whole numbers, and tags as JSON text",
    replace: {
      BilledCost: "i * 4611686018427::BIGINT",
      EffectiveCost: "(i % 200)::UTINYINT",
      ListCost: "(i - 9)::INTEGER",
      ContractedCost: "CASE i WHEN 7 THEN 18446744073709551615 ELSE i * 1844674407370 END::UBIGINT",
      ConsumedQuantity: "i::SMALLINT",
      SubAccountId: "i % 9 * 111",
      Tags: "to_json(v)",
      BillingAccountId: "999999999999",
      ResourceId: "uuid()",
      RegionId: "i % 2 = 0",
    },
  },
  {
    what: "tags as a list of pairs",
    replace: {
      Tags: "CASE WHEN v IS NOT NULL THEN [{'key': 'env', 'value': 'l' || i % 3}, {'key': 'a', 'value': NULL}] END",
    },
  },
  {
    what: "tags as a struct",
    replace: { Tags: "CASE WHEN i % 5 > 0 THEN {'env': 's' || i % 2, 'a': i, 'b': [i % 2, NULL]} END" },
  },
  {
    what: "values that are refused",
    replace: {
      BilledCost:
        "CASE i % 5 WHEN 1 THEN 'nan'::DOUBLE WHEN 2 THEN 'inf'::DOUBLE WHEN 3 THEN 1e30 ELSE i END",
      BillingCurrency: "CASE WHEN i % 10 = 4 THEN NULL WHEN i % 10 = 9 THEN 'NULL' ELSE v END",
      ChargePeriodStart: "CASE WHEN i % 15 = 5 THEN TIMESTAMP '0044-03-15 (BC) 12:00:00' ELSE v END",
      EffectiveCost: "(CASE WHEN i % 3 = 0 THEN 1e25 ELSE i END)::DECIMAL(38,2)",
      Tags: "'no tags'",
    },
  },
  { what: "no rows", rows: 0 },
];

const BY_HAND = [
  { what: "INT96", rows: 2, make: sparkFile },
  { what: "version 2 pages", rows: 4, make: pagedFile },
];

/** What the fixtures are, in their order. */
export const PARQUET_FIXTURES: readonly Omit<ParquetFixture, "path">[] = [
  ...SPECS.map(({ what, rows = ROWS }) => ({ what, rows })),
  ...BY_HAND.map(({ what, rows }) => ({ what, rows })),
];

/** Makes the fixtures in a folder, by the engine and, where that cannot, byte by byte. */
export async function parquetFixtures(folder: string): Promise<ParquetFixture[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  const fixtures: ParquetFixture[] = [];
  for (const { what, replace = {}, options, rows = ROWS } of SPECS) {
    const path = join(folder, `${what.replaceAll(/\W+/g, "-")}.parquet`);
    const replaced = Object.entries(replace).map(
      ([name, sql]) => `${sql.replaceAll(/\bv\b/g, name)} AS ${name}`,
    );
    const select = `SELECT * ${replaced.length === 0 ? "" : `REPLACE (${replaced.join(", ")})`}`;
    const source = FOCUS.replace("ROWS", String(rows)).replace("SELECT ", "SELECT i, ");
    await connection.run(
      `COPY (SELECT * EXCLUDE i FROM (${select} FROM (${source}))) TO '${path}'
        (FORMAT parquet, ROW_GROUP_SIZE 2048${options === undefined ? "" : `, ${options}`})`,
    );
    fixtures.push({ what, path, rows });
  }
  connection.disconnectSync();
  instance.closeSync();
  for (const { what, rows, make } of BY_HAND) {
    const path = join(folder, `${what.replaceAll(" ", "-")}.parquet`);
    writeFileSync(path, make());
    fixtures.push({ what, path, rows });
  }
  return fixtures;
}

const text = (name: string, ...values: string[]) => ({
  name,
  physical: 6,
  converted: 0,
  pages: [{ count: values.length, values: byteArrays(...values) }],
});

/** As Spark and Impala write instants; amounts are decimals in as few bytes as they need. */
function sparkFile(): Buffer {
  const day = Date.parse("2024-09-05") / 86_400_000;
  const period = int96(Date.parse("2024-09-01") / 86_400_000, 0n);
  return parquetBytes(2, [
    {
      name: "BilledCost",
      physical: 6,
      converted: 5,
      scale: 4,
      pages: [{ count: 2, values: byteArrays(Buffer.from([0xff, 0x01]), Buffer.from([0x30, 0x39])) }],
    },
    {
      name: "EffectiveCost",
      physical: 7,
      length: 5,
      converted: 5,
      scale: 2,
      pages: [{ count: 2, values: Buffer.from([255, 255, 255, 255, 254, 0, 0, 0, 1, 0]) }],
    },
    text("BillingCurrency", "USD", "USD"),
    {
      name: "BillingPeriodStart",
      physical: 3,
      pages: [{ count: 2, values: Buffer.concat([period, period]) }],
    },
    {
      name: "ChargePeriodStart",
      physical: 3,
      pages: [{ count: 2, values: Buffer.concat([int96(day, 0n), int96(day, 86_399_999_999_999n)]) }],
    },
    {
      name: "ChargePeriodEnd",
      physical: 2,
      logical: { 8: { 1: true, 2: { 3: {} } } },
      pages: [{ count: 2, values: int64(1_725_580_800_123_456_789n, 1_725_580_800_123_456_789n) }],
    },
    text("SubAccountId", "111", "222"),
    text("ServiceName", "EC2", "S3"),
  ]);
}

/** Several pages of both versions in a column, with nulls, dictionaries, checksums and a row's tags over two pages. */
function pagedFile(): Buffer {
  const start = Date.parse("2024-09-05") / 86_400_000;
  const tags = { group: "Tags", children: 1, repetition: 1, converted: 1 };
  const entry = { group: "key_value", children: 2, repetition: 2 };
  const index = (...values: number[]): Buffer => Buffer.concat([Buffer.from([8]), runs(values)]);
  return parquetBytes(
    4,
    [
      {
        name: "BilledCost",
        physical: 1,
        converted: 5,
        scale: 2,
        codec: 2,
        pages: [
          { count: 2, values: int32(150, -25), crc: "right" },
          { version: 2, count: 2, values: int32(1, 2), crc: "right" },
        ],
      },
      {
        name: "BillingCurrency",
        physical: 6,
        converted: 0,
        codec: 2,
        pages: [
          { version: "dictionary", count: 2, values: byteArrays("EUR", "USD"), crc: "right" },
          { version: 2, encoding: 8, count: 3, values: index(1, 1, 0) },
          { count: 1, encoding: 2, values: index(1) },
        ],
      },
      {
        name: "BillingPeriodStart",
        physical: 1,
        converted: 6,
        pages: [{ count: 4, values: int32(start, start, start, start) }],
      },
      {
        name: "ChargePeriodStart",
        physical: 1,
        converted: 6,
        pages: [
          { count: 0, values: Buffer.alloc(0) },
          { count: 4, values: int32(start, start, start + 1, start) },
        ],
      },
      {
        name: "ServiceName",
        physical: 6,
        converted: 0,
        repetition: 1,
        codec: 2,
        pages: [
          { version: 2, count: 3, definitions: [1, 0, 1], values: byteArrays("EC2", "S3") },
          { count: 1, definitions: [0], values: Buffer.alloc(0) },
        ],
      },
      tags,
      entry,
      {
        name: "key",
        physical: 6,
        converted: 0,
        pages: [
          { count: 2, repetitions: [0, 1], definitions: [2, 2], values: byteArrays("env", "a") },
          {
            count: 4,
            repetitions: [1, 0, 0, 0],
            definitions: [2, 0, 1, 2],
            values: byteArrays("env", "env"),
          },
        ],
      },
      {
        name: "value",
        physical: 6,
        converted: 0,
        repetition: 1,
        pages: [
          {
            version: 2,
            count: 6,
            repetitions: [0, 1, 1, 0, 0, 0],
            definitions: [3, 3, 3, 0, 1, 2],
            values: byteArrays("old", "x", "new"),
          },
        ],
      },
      text("SubAccountId", "111", "111", "222", "111"),
    ],
    { key: ["Tags", "key_value", "key"], value: ["Tags", "key_value", "value"] },
  );
}

/** Writes what a query of the engine gives; the file's name says its format, `.parquet` or `.csv.zst`. */
export async function writeByEngine(path: string, select: string, options = ""): Promise<string> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const format = path.endsWith(".parquet") ? "FORMAT parquet" : "FORMAT csv, COMPRESSION zstd";
  await connection.run(`COPY (${select}) TO '${path}' (${format}${options})`);
  connection.disconnectSync();
  instance.closeSync();
  return path;
}
