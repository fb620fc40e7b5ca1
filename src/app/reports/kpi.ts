import type { Column, QueryResult, Row } from "../../core/query/query.ts";
import type { KpiSpec } from "../../core/reports/definition.ts";
import type { Kpi } from "../../core/reports/document.ts";
import { daysBetween } from "../../core/time/dates.ts";
import { comparedRange, describeRange } from "../../core/time/ranges.ts";

/**
 * A card's number, from the answer to its question.
 * @param unfiltered answers the question without the card's own filters: where facts are there and none of them
 *   passes, a sum is known to be 0 (no credits were given); where there are no facts at all, it is unknown
 */
export async function kpiOf(
  spec: KpiSpec,
  result: QueryResult,
  unfiltered: (() => Promise<QueryResult>) | undefined,
): Promise<Kpi> {
  const at = result.columns.findIndex((column) => column.id === spec.measure);
  const column = result.columns[at];
  if (
    column === undefined ||
    column.type === "string" ||
    column.type === "date" ||
    column.type === "instant"
  ) {
    throw new Error(`card ${spec.id} names ${spec.measure}, which is no measure of its answer`);
  }
  const top = result.rows[0];
  const cells = spec.top === true ? top : result.totals[0]?.cells;
  const known = { value: cells?.[at] ?? null, unit: column.unit ?? null };
  const shown = known.value === null && spec.top !== true ? await knownZero(at, known, unfiltered) : known;
  const base: Kpi = {
    id: spec.id,
    label: spec.label,
    ...shown,
    type: column.type,
    upIs: spec.upIs,
    ...(spec.top === true && { name: top?.[0] ?? null }),
  };
  const change = cells === undefined ? undefined : kpiChange(result, cells, column);
  return change === undefined ? base : { ...base, change };
}

async function knownZero(
  at: number,
  unknown: Pick<Kpi, "value" | "unit">,
  unfiltered: (() => Promise<QueryResult>) | undefined,
): Promise<Pick<Kpi, "value" | "unit">> {
  const all = await unfiltered?.();
  if (all === undefined || (all.totals[0]?.cells[at] ?? null) === null) return unknown;
  return { value: "0", unit: all.columns[at]?.unit ?? null };
}

function kpiChange(result: QueryResult, cells: Row, column: Column): Kpi["change"] {
  if (result.compare === undefined) return undefined;
  const find = (suffix: string): string | null =>
    cells[result.columns.findIndex((c) => c.id === `${column.id}.${suffix}`)] ?? null;
  const absolute = find("change");
  if (absolute === null) return undefined;
  const percent = find("change_percent");
  const { covered, kind } = result.compare;
  const { from, to } = comparedRange(result.range, kind);
  const period = describeRange({ from, to });
  const days = daysBetween(from, to);
  const against = covered === undefined ? period : `${covered} of ${days} days of ${period}`;
  return { absolute, against, ...(percent !== null && { percent }) };
}
