import { must } from "../../core/errors/must.ts";
import type { Cell, QueryFilter, ResultHead, Row } from "../../core/query/query.ts";
import { COMPLIANCE_COMPUTATIONS } from "../../core/reports/computations/compliance.ts";
import type { TableStream } from "../../core/reports/document.ts";
import type { LoadRecord } from "../../ports/metric-store.ts";
import { openQuery } from "../analytics/run-query.ts";
import { loadedSnapshots, type PostureScope } from "../security/snapshots.ts";
import type { TenantContext } from "../services.ts";
import { lastWithin } from "../../core/findings/snapshots.ts";

const SPEC = COMPLIANCE_COMPUTATIONS["compliance-evidence-full"];
/** The store groups by these; the rest of a row comes from the load that brought it. */
const KEYS = [
  ...["framework", "control", "control_title", "status", "severity", "product", "check", "account", "region"],
  ...["resource", "finding", "evaluated_at", "source"],
];
const SOURCE = KEYS.indexOf("source");
/** Framework and control first, so that pages follow each other as an auditor reads. */
const SORT = ["framework", "control", "status", "resource", "check", "finding"];

/**
 * Every result behind the outcomes of the last snapshots within a range, as a stream: each leads back to the finding
 * it comes from, when it was evaluated, and the file and load that brought it. Results that are alike in all of that
 * are one row with their number.
 * @throws DomainError as `openQuery`
 */
export async function evidence(context: TenantContext, scope: PostureScope): Promise<TableStream> {
  const loaded = await loadedSnapshots(context, "controls", scope.range);
  const last = lastWithin(loaded, scope.range);
  const loads = new Map(
    loaded.filter(({ source, day }) => last.get(source) === day).map(({ source, load }) => [source, load]),
  );
  const table = await openQuery(
    context,
    {
      dataset: "controls",
      range: scope.range,
      groupBy: KEYS,
      filters: scope.filters,
      sort: SORT.map((by) => ({ by, order: "asc" })),
    },
    { keys: KEYS.length },
  );
  return {
    head: headOf(table.head),
    async *batches() {
      for await (const batch of table.batches()) yield batch.map((row) => evidenceRow(row, loads));
    },
  };
}

function headOf(head: ResultHead): ResultHead {
  const total = head.totals[0]?.cells.at(-1) ?? null;
  const columns = SPEC.columns.map((column) => ({ ...column }));
  return {
    ...head,
    columns,
    totals: [{ unit: null, cells: columns.map((column): Cell => (column.id === "results" ? total : null)) }],
  };
}

function evidenceRow(row: Row, loads: ReadonlyMap<string, LoadRecord>): Row {
  const source = must(row[SOURCE], "the source of a result");
  const load = loads.get(source);
  return [
    ...row.slice(0, SOURCE),
    load?.period ?? null,
    source,
    load?.files.join(", ") ?? null,
    load?.loadedAt ?? null,
    load?.id ?? null,
    row[KEYS.length] ?? null,
  ];
}

/** The columns an auditor needs to get from a result to its finding and file, few enough for a page. */
export async function shortEvidence(context: TenantContext, scope: PostureScope): Promise<TableStream> {
  const whole = await evidence(context, scope);
  const { columns } = COMPLIANCE_COMPUTATIONS["compliance-evidence"];
  const places = columns.map(({ id }) => SPEC.columns.findIndex((column) => column.id === id));
  const pick = (row: Row): Row => places.map((place) => row[place] ?? null);
  return {
    head: {
      ...whole.head,
      columns: columns.map((column) => ({ ...column })),
      totals: whole.head.totals.map(({ unit, cells }) => ({ unit, cells: pick(cells) })),
    },
    async *batches() {
      for await (const batch of whole.batches()) yield batch.map(pick);
    },
  };
}

/** A filter on one framework; none when it is not given. */
export function frameworkFilter(framework: string | undefined): QueryFilter[] {
  return framework === undefined ? [] : [{ field: "framework", op: "equals", value: framework }];
}
