import type { ChartSpec } from "../../src/core/charts/spec.ts";
import { sumDecimals } from "../../src/core/money/decimal.ts";
import type {
  Column,
  OthersRow,
  QueryResult,
  ResultHead,
  Row,
  TotalRow,
} from "../../src/core/query/query.ts";
import type { DocumentSection, ReportDocument } from "../../src/core/reports/document.ts";
import { datasetHasher, manifestTotals } from "../../src/core/reports/manifest.ts";
import { sha256 } from "../../src/runtimes/digest.ts";

/** Documents for renderer tests: made of plain rows, with a manifest that is right and a row stream that can be watched. */

const RANGE = { from: "2024-09-01", to: "2024-10-01", zone: "America/New_York" };

export const dimension = (id: string, label: string): Column => ({
  id,
  label,
  role: "dimension",
  type: "string",
  additive: false,
});
export const day: Column = {
  id: "day",
  label: "Day",
  role: "dimension",
  type: "date",
  grain: "day",
  additive: false,
};
export const money = (id: string, label: string, unit?: string): Column => ({
  id,
  label,
  role: "measure",
  type: "money",
  additive: true,
  ...(unit !== undefined && { unit }),
});

export interface TableOptions {
  dataset?: ResultHead["dataset"];
  totals?: readonly TotalRow[];
  others?: OthersRow | null;
}

/** A head whose totals are the exact sums of the rows, unless given. */
export function headOf(
  columns: readonly Column[],
  rows: readonly Row[],
  options: TableOptions = {},
): ResultHead {
  const { others = null } = options;
  const all = others === null ? rows : [...rows, others.cells];
  const sums = columns.map((column, i) =>
    column.role === "measure" && column.additive ? sumDecimals(all.map((row) => row[i] ?? "0")) : null,
  );
  const unit = columns.find((column) => column.unit !== undefined)?.unit ?? null;
  return {
    dataset: options.dataset ?? "cost",
    range: RANGE,
    columns,
    totals: options.totals ?? [{ unit, cells: sums }],
    others,
    completeness: { rows: rows.length, rowsTotal: rows.length, complete: true, notes: [] },
    dataAsOf: "2024-10-02T03:04:05Z",
  };
}

/** What became of a document's row stream. */
export interface Watch {
  pulled: number;
  ended: boolean;
}

export interface DocumentOptions extends TableOptions {
  title?: string;
  sections?: readonly DocumentSection[];
  batchSize?: number;
  /** Thrown instead of the batch of this index. */
  failAt?: number;
  demo?: boolean;
  branding?: ReportDocument["branding"];
  watch?: Watch;
}

/** A document of one detail table, behind the sections that are given. */
export function documentOf(
  columns: readonly Column[],
  rows: readonly Row[],
  options: DocumentOptions = {},
): ReportDocument {
  const { batchSize = 100, watch = { pulled: 0, ended: false }, title = "Cost by service" } = options;
  const head = headOf(columns, rows, options);
  const hasher = datasetHasher(sha256(), columns);
  let datasetHash: string | undefined;
  // eslint-disable-next-line @typescript-eslint/require-await -- the rows are here already
  async function* batches(): AsyncGenerator<readonly Row[], void, undefined> {
    try {
      for (let at = 0, n = 0; at < rows.length; at += batchSize, n++) {
        if (n === options.failAt) throw new Error("the store went away");
        const batch = rows.slice(at, at + batchSize);
        watch.pulled++;
        hasher.rows(batch);
        yield batch;
      }
      datasetHash = hasher.finish(head.others);
    } finally {
      watch.ended = true;
    }
  }
  const about = {
    title,
    tenant: { id: "acme", name: "Acme Health" },
    range: RANGE,
    generatedAt: "2024-10-02T06:00:00Z",
    dataAsOf: head.dataAsOf,
    demo: options.demo ?? false,
  };
  return {
    ...about,
    description: "What the cloud cost, and where it went.",
    branding: options.branding ?? { color: "#0f766e" },
    language: "en",
    sections: [
      ...(options.sections ?? []),
      { kind: "table", id: "detail", title, detail: true, table: { head, batches } },
    ],
    manifest() {
      if (datasetHash === undefined) throw new Error("the manifest is complete only after the last row");
      return {
        ...about,
        query: { dataset: head.dataset, groupBy: columns.map((column) => column.id) },
        rowsWritten: rows.length,
        rowsTotal: rows.length,
        complete: true,
        notes: [],
        totals: manifestTotals(columns, head.totals),
        datasetHash,
        generator: "SecureBase Analytics test",
      };
    },
  };
}

/** A chart section over rows in memory. */
export function chartSection(
  title: string,
  chart: ChartSpec,
  columns: readonly Column[],
  rows: readonly Row[],
  options: TableOptions = {},
): DocumentSection {
  const data: QueryResult = { ...headOf(columns, rows, options), rows };
  return { kind: "chart", id: title.toLowerCase().replaceAll(" ", "-"), title, chart, data };
}

/** All bytes of a stream. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A report with every kind of section and chart, as a customer might get it. */
export function showcase(rowCount = 400): ReportDocument {
  const services = [
    "Amazon EC2",
    "Amazon S3",
    "Amazon RDS",
    "AWS Lambda",
    "Amazon CloudFront",
    "AWS Key Management Service",
  ];
  const cost = (i: number): string => String(((i * 7919) % 100_000) / 100);
  const days = Array.from({ length: 30 }, (_, i) => `2024-09-${String(i + 1).padStart(2, "0")}`);
  const columns = [
    day,
    dimension("service", "Service"),
    dimension("region", "Region"),
    money("billed_cost", "Billed cost", "USD"),
    money("effective_cost", "Effective cost", "USD"),
  ];
  const rows: Row[] = Array.from({ length: rowCount }, (_, i) => [
    days[i % 30] ?? null,
    services[i % 6] ?? null,
    i % 7 === 0 ? null : `us-east-${(i % 3) + 1}`,
    cost(i),
    i % 11 === 0 ? null : cost(i + 3),
  ]);
  const trend: Row[] = days.map((d, i) => [
    d,
    (800 + 300 * Math.sin(i / 4) + i * 9).toFixed(2),
    (700 + 250 * Math.sin(i / 4)).toFixed(2),
  ]);
  const stacked: Row[] = days.flatMap((d, i) =>
    services.slice(0, 4).map((s, k) => [d, s, String(200 + ((i * 37 + k * 91) % 120))]),
  );
  const byService: Row[] = services.map((s, i) => [s, (12000 / (i + 1)).toFixed(2)]);
  const severities = ["critical", "high", "medium", "low"];
  const heat: Row[] = services.flatMap((s, i) =>
    severities.map((v, k) => [s, v, String((i * 13 + k * 29) % 60)]),
  );
  const findings: Column = {
    id: "findings",
    label: "Findings",
    role: "measure",
    type: "integer",
    additive: true,
  };
  const score: Column = {
    id: "score",
    label: "Compliance score",
    role: "measure",
    type: "percent",
    additive: false,
  };
  const monthColumn: Column = { ...day, id: "month", label: "Month", grain: "month" };
  const budget: Row[] = [
    "2024-04-01",
    "2024-05-01",
    "2024-06-01",
    "2024-07-01",
    "2024-08-01",
    "2024-09-01",
  ].map((m, i) => [m, String(9000 + ((i * 3571) % 4000)), "11000"]);
  const usd = money("billed_cost", "Billed cost", "USD");
  return documentOf(columns, rows, {
    title: "Cost analysis",
    demo: true,
    sections: [
      {
        kind: "kpis",
        items: [
          {
            id: "a",
            label: "Billed cost",
            value: "123456.789",
            type: "money",
            unit: "USD",
            change: { absolute: "1200", percent: "9.8", against: "1 Aug 2024 – 31 Aug 2024" },
            upIs: "bad",
          },
          {
            id: "b",
            label: "Effective cost",
            value: "98765.43",
            type: "money",
            unit: "USD",
            change: { absolute: "-420.5", percent: "-0.42", against: "1 Aug 2024 – 31 Aug 2024" },
            upIs: "bad",
          },
          {
            id: "c",
            label: "Compliance score",
            value: "92.5",
            type: "percent",
            unit: null,
            change: { absolute: "3", percent: "3.4", against: "1 Aug 2024 – 31 Aug 2024" },
            upIs: "good",
          },
          {
            id: "d",
            label: "Largest service",
            value: "54321.1",
            type: "money",
            unit: "USD",
            name: "Amazon EC2",
            upIs: "neutral",
          },
          { id: "e", label: "Budget used", value: null, type: "percent", unit: null, upIs: "neutral" },
        ],
      },
      { kind: "heading", text: "Trend" },
      {
        kind: "text",
        text: "Costs rose with the migration of the claims platform; the savings plan starts on 1 October.",
      },
      chartSection(
        "Billed and effective cost by day",
        { kind: "line", x: "day", y: ["billed_cost", "effective_cost"] },
        [day, usd, money("effective_cost", "Effective cost", "USD")],
        trend,
      ),
      chartSection(
        "Cost by day and service",
        { kind: "stacked-area", x: "day", y: ["billed_cost"], series: "service" },
        [day, dimension("service", "Service"), usd],
        stacked,
      ),
      chartSection(
        "Top services",
        { kind: "bar", x: "service", y: ["billed_cost"], horizontal: true },
        [dimension("service", "Service"), usd],
        byService,
        { others: { groups: 12, cells: [null, "950.25"] } },
      ),
      chartSection(
        "By service",
        { kind: "doughnut", label: "service", value: "billed_cost" },
        [dimension("service", "Service"), usd],
        byService,
        { others: { groups: 12, cells: [null, "950.25"] } },
      ),
      chartSection(
        "Budget and actual",
        { kind: "budget", x: "month", actual: "billed_cost", budget: "budget" },
        [monthColumn, usd, money("budget", "Budget", "USD")],
        budget,
      ),
      chartSection("HIPAA score", { kind: "gauge", value: "score" }, [score], [["92.5"]], {
        totals: [{ unit: null, cells: ["92.5"] }],
      }),
      { kind: "heading", text: "Findings" },
      chartSection(
        "Findings by service and severity",
        { kind: "heatmap", x: "severity", y: "service", value: "findings" },
        [dimension("service", "Service"), dimension("severity", "Severity"), findings],
        heat,
        { dataset: "findings" },
      ),
    ],
    others: { groups: 7, cells: [null, null, null, "1234.5", "1000"] },
  });
}
