import { formatDecimal } from "../../core/money/decimal.ts";
import { type AnsweredGroup, passesMeasures, sorter } from "../../core/query/execute.ts";
import { compareText } from "../../core/query/filters.ts";
import type { QueryPlan } from "../../core/query/plan.ts";
import type { Cell } from "../../core/query/query.ts";
import type { Aggregate, MeasureTotal } from "../../ports/metric-store.ts";
import { type CompiledSums, compileSums, unitOf } from "./compile-query.ts";
import type { ResultColumns, ResultStream } from "./result-stream.ts";

/** Sums of one combination of keys and units, scaled by 10^18. */
interface Part {
  keys: Cell[];
  units: Cell[];
  facts: number;
  missing: number[];
  now: (bigint | null)[];
  before: (bigint | null)[];
}

interface Group extends AnsweredGroup {
  parts: Part[];
}

/**
 * Answers a plan whose groups are few by adding up in the engine and sorting, cutting and totalling here: the engine
 * plans one aggregate in a third of the time that it plans the whole question in.
 * @param open asks the engine
 * @returns undefined when there are more than `most` groups, or the plan asks for gauges
 */
export async function answerSmall(
  open: (sql: string, values: readonly string[]) => Promise<ResultStream>,
  plan: QueryPlan,
  tenant: number,
  most: number,
): Promise<Aggregate | undefined> {
  if (most === 0 || plan.measures.some((measure) => measure.kind === "gauge")) return undefined;
  const compiled = compileSums(plan, tenant);
  const stream = await open(compiled.sql, compiled.values);
  const parts: Part[] = [];
  for await (const batch of stream.batches((columns) => partsOf(columns, plan, compiled))) {
    // Leaving the loop ends the statement.
    if (parts.length + batch.length > most) return undefined;
    parts.push(...batch);
  }
  return finish(plan, compiled, parts);
}

/** Rows that are here already, as the stream a port wants. */
// eslint-disable-next-line @typescript-eslint/require-await -- nothing to wait for
export async function* oneBatch<T>(rows: readonly T[]): AsyncGenerator<readonly T[], void> {
  if (rows.length > 0) yield rows;
}

function partsOf(columns: ResultColumns, plan: QueryPlan, compiled: CompiledSums): Part[] {
  let next = 0;
  const take = <T>(count: number, read: (index: number) => T): T[] =>
    Array.from({ length: count }, () => read(next++));
  const measures = plan.measures.length;
  const keys = take(plan.keys.length, (i) => columns.column(i));
  const units = take(compiled.units.length, (i) => columns.column(i));
  const [facts] = take(1, (i) => columns.column(i));
  const missing = take(measures, (i) => columns.column(i));
  const now = take(measures, (i) => columns.decimals(i));
  const before = take(plan.compare === undefined ? 0 : measures, (i) => columns.decimals(i));
  const row = <T>(from: readonly (readonly T[])[], at: number, none: T): T[] =>
    from.map((c) => c[at] ?? none);
  return Array.from({ length: columns.rows }, (_, at) => ({
    keys: row(keys, at, null),
    units: row(units, at, null),
    facts: Number(facts?.[at] ?? 0),
    missing: row(missing, at, null).map(Number),
    now: row(now, at, null),
    before: row(before, at, null),
  }));
}

function finish(plan: QueryPlan, compiled: CompiledSums, parts: readonly Part[]): Aggregate {
  const groups = fold(plan, compiled, parts).filter((group) => passesMeasures(plan, group));
  const kept = groups.flatMap((group) => group.parts);
  const shown = groups.sort(sorter(plan)).slice(0, plan.limit);
  return {
    batches: oneBatch(shown.map(({ keys, values }): Cell[] => [...keys, ...values.flat().map(cellOf)])),
    groups: groups.length,
    facts: kept.reduce((sum, part) => sum + part.facts, 0),
    totals: plan.measures.map((_, i) => totalsOf(plan, compiled, kept, i)),
  };
}

/** Adds up parts that differ in their units alone. */
function fold(plan: QueryPlan, compiled: CompiledSums, parts: readonly Part[]): Group[] {
  const sides = (part: Part): (bigint | null)[][] =>
    plan.compare === undefined ? [part.now] : [part.now, part.before];
  if (compiled.units.length === 0) {
    return parts.map((part) => ({ keys: part.keys, values: sides(part), parts: [part] }));
  }
  const groups = new Map<string, Group>();
  for (const part of parts) {
    const name = JSON.stringify(part.keys);
    const group = groups.get(name);
    if (group === undefined) {
      groups.set(name, { keys: part.keys, values: sides(part), parts: [part] });
    } else {
      group.parts.push(part);
      group.values = group.values.map((side, s) => side.map((v, m) => plus(v, sides(part)[s]?.[m] ?? null)));
    }
  }
  return [...groups.values()];
}

function totalsOf(
  plan: QueryPlan,
  compiled: CompiledSums,
  parts: readonly Part[],
  at: number,
): MeasureTotal[] {
  const measure = plan.measures[at];
  const column = measure === undefined ? null : unitOf(measure);
  const key = plan.keys.findIndex((k) => k.dimension.kind === "column" && k.dimension.column === column);
  const extra = column === null ? -1 : compiled.units.indexOf(column);
  const sums = new Map<Cell, { now: bigint | null; before: bigint | null; missing: number }>();
  for (const part of parts) {
    const unit = (key >= 0 ? part.keys[key] : part.units[extra]) ?? null;
    const sum = sums.get(unit) ?? { now: null, before: null, missing: 0 };
    sum.now = plus(sum.now, part.now[at] ?? null);
    sum.before = plus(sum.before, part.before[at] ?? null);
    sum.missing += part.missing[at] ?? 0;
    sums.set(unit, sum);
  }
  return [...sums]
    .sort(([a], [b]) => (a === null ? 1 : b === null ? -1 : compareText(a, b)))
    .map(([unit, { now, before, missing }]) => ({
      unit,
      value: cellOf(now),
      ...(plan.compare !== undefined && { previous: cellOf(before) }),
      missing,
    }));
}

function plus(a: bigint | null, b: bigint | null): bigint | null {
  return a === null ? b : b === null ? a : a + b;
}

function cellOf(value: bigint | null): Cell {
  return value === null ? null : formatDecimal(value);
}
