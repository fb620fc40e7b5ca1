import type { Column, ResultHead, Row, TotalRow } from "../../src/core/query/query.ts";
import { formatDecimal, parseDecimal } from "../../src/core/money/decimal.ts";
import type { ReportDocument } from "../../src/core/reports/document.ts";
import { datasetHasher, manifestTotals } from "../../src/core/reports/manifest.ts";
import { sha256 } from "../../src/runtimes/digest.ts";

const BATCH = 2048;
const SERVICES = [
  "Amazon EC2",
  "Amazon S3",
  "Amazon RDS",
  "AWS Lambda",
  "Amazon CloudFront",
  "AWS Key Management Service",
  "Amazon DynamoDB",
];
const REGIONS = ["us-east-1", "us-west-2", "eu-central-1", "ap-southeast-2"];

const text = (id: string, label: string): Column => ({
  id,
  label,
  role: "dimension",
  type: "string",
  additive: false,
});
const money = (id: string, label: string): Column => ({
  id,
  label,
  role: "measure",
  type: "money",
  unit: "USD",
  additive: true,
});
export const COLUMNS: readonly Column[] = [
  { id: "day", label: "Day", role: "dimension", type: "date", grain: "day", additive: false },
  text("service", "Service"),
  text("region", "Region"),
  text("account", "Account"),
  text("resource", "Resource"),
  text("charge_category", "Charge category"),
  money("billed_cost", "Billed cost"),
  money("effective_cost", "Effective cost"),
  money("list_cost", "List cost"),
  {
    id: "consumed_quantity",
    label: "Consumed quantity",
    role: "measure",
    type: "quantity",
    unit: "Hrs",
    additive: true,
  },
];

/** Distinct rows; a prime, so that no column's rhythm falls in with it. */
const POOL = 9_973;

/**
 * The distinct rows of the bench's table, ten cells each: the same formula in every peer's script, so that all write
 * the same file. Row `i` of the table is `pool[i % POOL]` with its own resource; making it costs next to nothing, so
 * the figures are those of writing.
 */
function makePool(): readonly Row[] {
  const rows = Array.from({ length: POOL }, (_, i): Row => {
    const amount = ((i * 7919) % 100_003) * 10_007;
    const day = (i % 30) + 1;
    return [
      `2024-09-${day < 10 ? "0" : ""}${day}`,
      SERVICES[i % 7] ?? "",
      REGIONS[i % 4] ?? "",
      `1000000000${(i % 90) + 10}`,
      "",
      i % 11 === 0 ? "Tax" : "Usage",
      fixed(amount, 6),
      fixed(Math.floor((amount * 9) / 10), 6),
      fixed(Math.floor((amount * 12) / 10), 6),
      fixed((i % 744) * 25, 2),
    ];
  });
  // Flat strings, as a store hands them out.
  return JSON.parse(JSON.stringify(rows)) as readonly Row[];
}

function benchRow(pool: readonly Row[], i: number): Row {
  const row = [...(pool[i % POOL] ?? [])];
  row[4] = `i-${1_000_000_000 + i}`;
  return row;
}

/** A canonical decimal of a non-negative whole number of 10^-places. */
function fixed(scaled: number, places: number): string {
  const digits = String(scaled).padStart(places + 1, "0");
  const whole = digits.slice(0, -places);
  const fraction = digits.slice(-places).replace(/0+$/, "");
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** The table's rows in batches, as a store hands them out. */
export function* benchRows(rows: number): Generator<readonly Row[], void, undefined> {
  const pool = makePool();
  for (let at = 0; at < rows;) {
    const batch: Row[] = [];
    for (const end = Math.min(rows, at + BATCH); at < end; at++) batch.push(benchRow(pool, at));
    yield batch;
  }
}

/** Sums of the four measures over the first `rows` rows, exact: what every output is checked against. */
export function benchTotals(rows: number): string[] {
  const pool = makePool();
  return COLUMNS.flatMap((column, c) => {
    if (column.role !== "measure") return [];
    let sum = 0n;
    pool.forEach((row, i) => {
      const times = Math.floor(rows / POOL) + (i < rows % POOL ? 1 : 0);
      sum += parseDecimal(row[c] ?? "0") * BigInt(times);
    });
    return [formatDecimal(sum)];
  });
}

/**
 * A report of one detail table of `rows` rows, made as they are pulled. The dataset hash is made too, as in the product:
 * our figures contain it, those of the peers do not.
 * @param totals of its four measures, where the caller has added them up already
 */
export function benchDocument(rows: number, totals: readonly string[] = benchTotals(rows)): ReportDocument {
  const range = { from: "2024-09-01", to: "2024-10-01", zone: "UTC" };
  const total: TotalRow = { unit: "USD", cells: [null, null, null, null, null, null, ...totals] };
  const head: ResultHead = {
    dataset: "cost",
    range,
    columns: COLUMNS,
    totals: [total],
    others: null,
    completeness: { rows, rowsTotal: rows, complete: true, notes: [] },
    dataAsOf: "2024-10-02T03:04:05Z",
  };
  const hasher = datasetHasher(sha256(), COLUMNS);
  let read = 0;
  let datasetHash = "";
  const about = {
    title: "Cost by resource",
    tenant: { id: "acme", name: "Acme Health" },
    range,
    generatedAt: "2024-10-02T06:00:00Z",
    dataAsOf: head.dataAsOf,
    demo: false,
  };
  return {
    ...about,
    description: "Bench",
    branding: { color: "#0f766e" },
    language: "en",
    sections: [
      {
        kind: "table",
        id: "detail",
        title: "Cost by resource",
        detail: true,
        table: {
          head,
          // eslint-disable-next-line @typescript-eslint/require-await -- rows are computed
          async *batches() {
            for (const batch of benchRows(rows)) {
              hasher.rows(batch);
              read += batch.length;
              yield batch;
            }
            datasetHash = hasher.finish(null);
          },
        },
      },
    ],
    manifest: () => ({
      ...about,
      query: { dataset: "cost" },
      rowsWritten: read,
      rowsTotal: rows,
      complete: true,
      notes: [],
      totals: manifestTotals(COLUMNS, head.totals),
      datasetHash,
      generator: "bench",
    }),
  };
}
