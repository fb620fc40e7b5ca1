import type { Measure } from "../../../src/core/metrics/datasets.ts";
import { formatDecimal, parseDecimal } from "../../../src/core/money/decimal.ts";
import type { PlannedFilter, PlannedKey, QueryPlan } from "../../../src/core/query/plan.ts";
import type { Cell } from "../../../src/core/query/query.ts";
import { addDays, addMonths, monthStart, weekStart } from "../../../src/core/time/dates.ts";
import type { LoadedFact } from "../../../src/ports/load.ts";
import type { MeasureTotal } from "../../../src/ports/metric-store.ts";

/** What a store must answer, worked out the plain way: one fact at a time, exact, nothing clever. */
export interface Expected {
  rows: Cell[][];
  groups: number;
  facts: number;
  totals: MeasureTotal[][];
}

/** A fact within the ranges of a plan: `d` is its day in the dates of the range asked for. */
interface Placed {
  fact: LoadedFact;
  d: string;
  before: boolean;
  /** Of the last snapshot in the whole range; true for counters. */
  last: boolean;
}

/** A snapshot that a gauge may be read from, with or without facts. */
export interface Snapshot {
  source: string;
  day: string;
}

interface Group {
  keys: Cell[];
  facts: Placed[];
}

/**
 * @param facts one tenant's
 * @param emptySnapshots partitions that were loaded without facts
 */
export function evaluate(
  plan: QueryPlan,
  facts: readonly LoadedFact[],
  emptySnapshots: readonly Snapshot[] = [],
): Expected {
  const gauge = plan.measures[0]!.kind === "gauge";
  const pickedNow = place(plan, facts, emptySnapshots, false);
  const pickedBefore = plan.compare === undefined ? undefined : place(plan, facts, emptySnapshots, true);
  const placed = [...pickedNow.facts, ...(pickedBefore?.facts ?? [])].filter((p) =>
    plan.filters.every((filter) => {
      if (filter.on === "presence")
        return ((p.fact.values[filter.column] ?? null) !== null) === filter.present;
      return filter.on === "measure" || matches(filter, keyOf(filter.key, p));
    }),
  );
  const groups = new Map<string, Group>();
  for (const p of placed) {
    const keys = plan.keys.map((key) => keyOf(key, p));
    const name = JSON.stringify(keys);
    if (!groups.has(name)) groups.set(name, { keys, facts: [] });
    groups.get(name)!.facts.push(p);
  }
  const rows = [...groups.values()]
    .map((group) => ({ group, row: rowOf(plan, group) }))
    .filter(({ row }) =>
      plan.filters.every(
        (f) => f.on !== "measure" || matchesNumber(f, row[plan.keys.length + f.measure] ?? null),
      ),
    )
    .sort((a, b) => compareRows(plan, a.row, b.row));
  const kept = rows.flatMap(({ group }) => group.facts);
  return {
    rows: rows.slice(0, plan.limit).map(({ row }) => row),
    groups: rows.length,
    facts: kept.filter((p) => !p.before).length,
    totals: plan.measures.map((measure) =>
      totalsOf(measure, kept, plan.compare !== undefined, {
        now: gauge && pickedNow.snapshots > 0,
        before: gauge && (pickedBefore?.snapshots ?? 0) > 0,
      }),
    ),
  };
}

/** The facts of one of the ranges, for gauges those of the last snapshot of each source in each time bucket. */
function place(
  plan: QueryPlan,
  facts: readonly LoadedFact[],
  empties: readonly Snapshot[],
  before: boolean,
): { facts: Placed[]; snapshots: number } {
  const range = before ? plan.compare! : plan.range;
  const within = (day: string): boolean => day >= range.from && day < range.to;
  const align = (day: string): string => (before ? alignedDay(plan, day) : day);
  const inRange = facts.filter((fact) => within(fact.day));
  if (plan.measures[0]!.kind === "counter") {
    return { facts: inRange.map((fact) => ({ fact, d: align(fact.day), before, last: true })), snapshots: 0 };
  }
  const timeFilters = plan.filters.filter((f) => f.on === "dimension" && f.key.dimension.column === "day");
  const snapshots = [
    ...inRange.map(({ source, day }) => ({ source, day })),
    ...empties.filter(({ day }) => within(day)),
  ].filter(({ day }) =>
    timeFilters.every((f) => f.on !== "dimension" || matches(f, timeBucket(f.key, align(day)))),
  );
  const timeKeys = plan.keys.filter((key) => key.dimension.column === "day");
  const bucket = (s: Snapshot): string =>
    JSON.stringify([s.source, ...timeKeys.map((key) => timeBucket(key, align(s.day)))]);
  const lastIn = (name: (s: Snapshot) => string): Map<string, string> => {
    const last = new Map<string, string>();
    for (const s of snapshots) if (s.day > (last.get(name(s)) ?? "")) last.set(name(s), s.day);
    return last;
  };
  const ofBucket = lastIn(bucket);
  const ofSource = lastIn((s) => s.source);
  const picked = inRange.filter((fact) => ofBucket.get(bucket(fact)) === fact.day);
  return {
    facts: picked.map((fact) => ({
      fact,
      d: align(fact.day),
      before,
      last: ofSource.get(fact.source) === fact.day,
    })),
    snapshots: snapshots.length,
  };
}

function alignedDay(plan: QueryPlan, day: string): string {
  const { unit, count } = plan.compare!.shift;
  const moved = unit === "day" ? addDays(day, count) : addMonths(day, count);
  const last = addDays(plan.range.to, -1);
  return moved < plan.range.from ? plan.range.from : moved > last ? last : moved;
}

function timeBucket(key: PlannedKey, d: string): string {
  if (key.dimension.kind === "week") return weekStart(d);
  return key.dimension.kind === "month" ? monthStart(d) : d;
}

function keyOf(key: PlannedKey, placed: Placed): Cell {
  const { kind, column } = key.dimension;
  if (kind === "column") return placed.fact.values[column] ?? null;
  if (kind === "source" || kind === "period") return placed.fact[kind];
  if (kind === "date" || kind === "instant") {
    const text = placed.fact.values[column] ?? null;
    const instant = text === null ? null : new Date(text).toISOString();
    return kind === "date" ? (instant?.slice(0, 10) ?? null) : instant;
  }
  if (kind !== "tag") return timeBucket(key, placed.d);
  const tags = JSON.parse(placed.fact.values[column] ?? "{}") as Record<string, string>;
  return Object.hasOwn(tags, key.tagKey!) ? tags[key.tagKey!]! : null;
}

function matches(filter: Extract<PlannedFilter, { on: "dimension" }>, value: Cell): boolean {
  const [first, second] = filter.values;
  const lower = value?.toLowerCase();
  const wanted = (first ?? "").toLowerCase();
  switch (filter.op) {
    case "equals":
    case "in":
      return filter.values.includes(value);
    case "not":
      return !filter.values.includes(value);
    case "contains":
      return lower?.includes(wanted) ?? false;
    case "starts":
      return lower?.startsWith(wanted) ?? false;
    case "ends":
      return lower?.endsWith(wanted) ?? false;
    case "greater":
      return value !== null && value > first!;
    case "less":
      return value !== null && value < first!;
    case "between":
      return value !== null && value >= first! && value <= second!;
  }
}

function matchesNumber(filter: Extract<PlannedFilter, { on: "measure" }>, cell: Cell): boolean {
  const value = cell === null ? undefined : parseDecimal(cell);
  const [first = 0n, second = 0n] = filter.values.map(parseDecimal);
  if (value === undefined) return filter.op === "not";
  switch (filter.op) {
    case "not":
      return !filter.values.some((v) => parseDecimal(v) === value);
    case "greater":
      return value > first;
    case "less":
      return value < first;
    case "between":
      return value >= first && value <= second;
    default:
      return value === first;
  }
}

function rowOf(plan: QueryPlan, group: Group): Cell[] {
  const sums = (before: boolean): Cell[] =>
    plan.measures.map((m) =>
      sumOf(
        m,
        group.facts.filter((p) => p.before === before),
      ),
    );
  return [...group.keys, ...sums(false), ...(plan.compare === undefined ? [] : sums(true))];
}

/** Null when no fact carries a value. */
function sumOf(measure: Measure, facts: readonly Placed[]): Cell {
  if (measure.column === "rows") return facts.length === 0 ? null : String(facts.length);
  const values = facts.map((p) => p.fact.values[measure.column] ?? null).filter((v) => v !== null);
  return values.length === 0 ? null : formatDecimal(values.reduce((sum, v) => sum + parseDecimal(v), 0n));
}

function totalsOf(
  measure: Measure,
  kept: readonly Placed[],
  compared: boolean,
  snapshots: { now: boolean; before: boolean },
): MeasureTotal[] {
  const column = "column" in measure.unit ? measure.unit.column : undefined;
  const unitOf = (p: Placed): string | null =>
    column === undefined ? null : (p.fact.values[column] ?? null);
  const units = new Set(kept.map(unitOf));
  const counts = measure.column === "rows";
  if (column === undefined && (snapshots.now || snapshots.before)) units.add(null);
  const ordered = [...units].sort((a, b) => (a === null ? 1 : b === null ? -1 : compareText(a, b)));
  return ordered.map((unit) => {
    const ofUnit = kept.filter((p) => unitOf(p) === unit && p.last);
    const now = ofUnit.filter((p) => !p.before);
    const before = ofUnit.filter((p) => p.before);
    // A snapshot in which nothing matches is known to count 0.
    return {
      unit,
      value: sumOf(measure, now) ?? (counts && snapshots.now ? "0" : null),
      ...(compared && { previous: sumOf(measure, before) ?? (counts && snapshots.before ? "0" : null) }),
      missing: counts ? 0 : now.filter((p) => (p.fact.values[measure.column] ?? null) === null).length,
    };
  });
}

function compareRows(plan: QueryPlan, a: readonly Cell[], b: readonly Cell[]): number {
  const keyCount = plan.keys.length;
  const measureCount = plan.measures.length;
  for (const sort of plan.sort) {
    const at = sort.on === "key" ? sort.index : keyCount + sort.index;
    const number = (row: readonly Cell[], index: number): bigint => parseDecimal(row[index] ?? "0");
    let order: number;
    if (sort.on === "change") {
      const change = (row: readonly Cell[]): bigint => number(row, at) - number(row, at + measureCount);
      order = compareBig(change(a), change(b));
      if (sort.order === "desc") order = -order;
    } else {
      const index = sort.on === "previous" ? at + measureCount : at;
      order = nullsLast(a[index]!, b[index]!, sort.order, (x, y) =>
        sort.on === "key"
          ? compareKeys(plan.keys[sort.index]!, x, y)
          : compareBig(parseDecimal(x), parseDecimal(y)),
      );
    }
    if (order !== 0) return order;
  }
  for (let i = 0; i < keyCount; i++) {
    const order = nullsLast(a[i]!, b[i]!, "asc", (x, y) => compareKeys(plan.keys[i]!, x, y));
    if (order !== 0) return order;
  }
  return 0;
}

function nullsLast(
  a: Cell,
  b: Cell,
  order: "asc" | "desc",
  compare: (a: string, b: string) => number,
): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return order === "asc" ? compare(a, b) : -compare(a, b);
}

/** Severities have ranks; words that are none of them come last. */
function compareKeys(key: PlannedKey, a: string, b: string): number {
  const ranks = ["critical", "high", "medium", "low", "informational"];
  const rank = (value: string): number => (ranks.includes(value) ? ranks.indexOf(value) : 9);
  return (key.id === "severity" ? rank(a) - rank(b) : 0) || compareText(a, b);
}

const compareBig = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
const compareText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
