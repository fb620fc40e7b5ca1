import type { Measure } from "../../core/metrics/datasets.ts";
import type { PlannedKey, PlannedSort, QueryPlan } from "../../core/query/plan.ts";
import { addDays } from "../../core/time/dates.ts";
import {
  Bindings,
  dateLiteral,
  filterCondition,
  keyExpression,
  measureCondition,
  presenceCondition,
} from "./compile-filters.ts";
import { compilePicks } from "./compile-gauges.ts";
import { factTable } from "./schema.ts";
import { identifier, literal } from "../../duckdb/sql.ts";

/** `part` of the rows that hold groups; rows of totals have the index of their unit source. */
export const GROUPS_PART = 100;

/**
 * A plan as one statement. Its rows are `part, unit, groups, facts, missing…, keys…, values…, previous…`: first the
 * totals, a row a unit, then the groups in the order asked for. `groups` and `facts` are told with the totals.
 */
export interface CompiledQuery {
  sql: string;
  values: readonly string[];
  /** The unit source of each part of totals, as `unitOf` names it. */
  units: readonly (string | null)[];
}

/** Sums by keys and units, unsorted and not yet folded. */
export interface CompiledSums {
  /** Its rows are `keys…, units…, facts, missing…, values…, previous…`. */
  sql: string;
  values: readonly string[];
  /** The unit columns behind the keys: those that the plan does not group by. */
  units: readonly string[];
}

/**
 * The first step of {@link compileQuery} alone, for answers small enough to be finished outside of the engine. Only
 * for counters: it does not tell a gauge's known zeros.
 */
export function compileSums(plan: QueryPlan, tenant: number): CompiledSums {
  const shape = shapeOf(plan, tenant);
  const bindings = new Bindings();
  const { facts } = compileFacts(shape, bindings);
  const columns = (letter: string): string[] => plan.measures.map((_, i) => `${letter}${i}`);
  const names = [
    ...keyNames(shape),
    ...shape.extraUnits.map((_, i) => `u${i}`),
    "n",
    ...columns("x"),
    ...columns("v"),
    ...(shape.compared ? columns("b") : []),
  ];
  return {
    sql: `SELECT ${names.join(", ")} FROM (${compileGroups(shape, facts, [])})`,
    values: bindings.values,
    units: shape.extraUnits,
  };
}

/** The column a measure's unit is read from; null when it is fixed. */
export function unitOf(measure: Measure): string | null {
  return "column" in measure.unit ? measure.unit.column : null;
}

interface Shape {
  plan: QueryPlan;
  tenant: number;
  /** Facts carry `p`, true when they are of the compared range. */
  compared: boolean;
  /** A gauge over time: its total is the last state of the range, not the sum of its buckets; facts carry `z`. */
  lastOnly: boolean;
  units: readonly (string | null)[];
  /** Unit columns the plan does not group by; groups are added up over them. */
  extraUnits: readonly string[];
}

/**
 * Compiles a plan for one tenant.
 *
 * `g` are the facts' sums by keys and units, `r` the groups (by keys alone, after measure filters), `t` the part of
 * `g` that totals are made of. Facts are read once, and once more for a compared range. The text names columns rather
 * than `*` and nests little: small questions spend more time in the engine's planner than in their facts.
 */
export function compileQuery(plan: QueryPlan, tenant: number): CompiledQuery {
  const shape = shapeOf(plan, tenant);
  const bindings = new Bindings();
  const folds = shape.extraUnits.length > 0;
  const having = plan.filters
    .filter((filter) => filter.on === "measure")
    .map((filter) => measureCondition(`v${filter.measure}`, filter));
  const { picks, facts } = compileFacts(shape, bindings);
  const ctes = [
    ...picks,
    `g AS MATERIALIZED (${compileGroups(shape, facts, folds ? [] : having)})`,
    ...(folds ? [`r AS MATERIALIZED (${compileFold(shape, having)})`] : []),
    ...(folds && having.length > 0 ? [`t AS MATERIALIZED (${compileKept(shape)})`] : []),
  ];
  const groups = folds ? "r" : "g";
  const kept = folds && having.length > 0 ? "t" : "g";
  const parts = [
    ...shape.units.map((_, i) => compileTotals(shape, i, kept, groups)),
    compileRows(shape, groups),
  ];
  return {
    sql: `WITH ${ctes.join(",\n")}\nFROM (${parts.join("\nUNION ALL\n")})\nORDER BY part, unit NULLS LAST, ${order(shape)}`,
    values: bindings.values,
    units: shape.units,
  };
}

function shapeOf(plan: QueryPlan, tenant: number): Shape {
  const units = [...new Set(plan.measures.map(unitOf))];
  const grouped = new Set(plan.keys.map((key) => key.dimension.column));
  return {
    plan,
    tenant,
    compared: plan.compare !== undefined,
    lastOnly: isGauge(plan) && plan.keys.some((key) => key.dimension.column === "day"),
    units,
    extraUnits: units.filter((unit) => unit !== null && !grouped.has(unit)).filter((unit) => unit !== null),
  };
}

function isGauge(plan: QueryPlan): boolean {
  return plan.measures[0]?.kind === "gauge";
}

/** The facts that match, and before them the common table expressions that pick a gauge's snapshots. */
function compileFacts(shape: Shape, bindings: Bindings): { picks: string[]; facts: string } {
  const { plan } = shape;
  const ranges = [{ name: "now", from: plan.range.from, to: plan.range.to, day: "day" }];
  if (plan.compare !== undefined) {
    ranges.push({ name: "before", from: plan.compare.from, to: plan.compare.to, day: alignedDay(plan) });
  }
  const filters = plan.filters.filter((filter) => filter.on === "dimension");
  const ofTime = (filter: { key: PlannedKey }): boolean => filter.key.dimension.column === "day";
  const picks: string[] = [];
  const facts = ranges.map(({ name, from, to, day }) => {
    // A gauge's snapshot is picked before its facts are filtered, but within the time asked for.
    const [early, late] = isGauge(plan)
      ? [filters.filter(ofTime), filters.filter((filter) => !ofTime(filter))]
      : [[], filters];
    if (isGauge(plan)) {
      picks.push(
        ...compilePicks({
          name: `pick_${name}`,
          dataset: plan.dataset.id,
          tenant: shape.tenant,
          from,
          to,
          buckets: plan.keys.filter((key) => ofTime({ key })).map((key) => keyExpression(key, day)),
          times: early.map((filter) => filterCondition(filter, day, bindings)),
        }),
      );
    }
    const conditions = [
      `tenant = ${shape.tenant} AND day >= ${dateLiteral(from)} AND day < ${dateLiteral(to)}`,
      ...late.map((filter) => `(${filterCondition(filter, day, bindings)})`),
      ...plan.filters.flatMap((filter) => (filter.on === "presence" ? [presenceCondition(filter)] : [])),
    ];
    const joined = isGauge(plan) ? ` JOIN pick_${name} USING (load_id, day)` : "";
    const flag = shape.compared ? `, ${name === "before" ? "true" : "false"} AS p` : "";
    return `SELECT ${factColumns(shape, day)}${flag} FROM ${factTable(plan.dataset.id)}${joined} WHERE ${conditions.join(" AND ")}`;
  });
  return { picks, facts: facts.join(" UNION ALL ") };
}

/**
 * A compared fact's day in the dates of the range asked for. A day that would fall outside (29 February against 28
 * February) counts for the nearest day of the range.
 */
function alignedDay(plan: QueryPlan): string {
  if (plan.compare === undefined) return "day";
  const { unit, count } = plan.compare.shift;
  const moved = unit === "day" ? `(day + ${count})` : `(day + INTERVAL ${count} MONTH)::DATE`;
  const last = addDays(plan.range.to, -1);
  return `least(greatest(${moved}, ${dateLiteral(plan.range.from)}), ${dateLiteral(last)})`;
}

function factColumns(shape: Shape, day: string): string {
  const columns = [
    ...shape.plan.keys.map((key, i) => `${keyExpression(key, day)} AS k${i}`),
    ...shape.extraUnits.map((unit, i) => `${identifier(unit)} AS u${i}`),
    ...shape.plan.measures.flatMap((measure, i) =>
      measure.column === "rows" ? [] : [`${identifier(measure.column)} AS m${i}`],
    ),
    ...(shape.lastOnly ? ["z"] : []),
  ];
  // A select list may not be empty.
  return columns.length === 0 ? "0 AS o" : columns.join(", ");
}

/** Sums by keys and units: `n` facts, and a measure `i`: `v` value, `x` missing, `b` before; `tv`, `tx`, `tb` for totals. */
function compileGroups(shape: Shape, facts: string, having: readonly string[]): string {
  const by = [...keyNames(shape), ...shape.extraUnits.map((_, i) => `u${i}`)];
  const now = shape.compared ? ["NOT p"] : [];
  const last = shape.lastOnly ? ["z"] : [];
  const columns = [...by, `count(*)${only(now)} AS n`];
  shape.plan.measures.forEach((measure, i) => {
    columns.push(...measureColumns(measure, i, "", now, shape.compared ? ["p"] : undefined));
    if (shape.lastOnly) {
      const before = shape.compared ? ["p", ...last] : undefined;
      columns.push(...measureColumns(measure, i, "t", [...now, ...last], before));
    }
  });
  const group = by.length === 0 ? "" : ` GROUP BY ${by.join(", ")}`;
  const conditions = [...(by.length === 0 ? ["count(*) > 0"] : []), ...having];
  return `SELECT ${columns.join(", ")} FROM (${facts})${group}${conditions.length === 0 ? "" : ` HAVING ${conditions.join(" AND ")}`}`;
}

function only(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : ` FILTER (${conditions.join(" AND ")})`;
}

function measureColumns(
  measure: Measure,
  i: number,
  prefix: string,
  now: readonly string[],
  before: readonly string[] | undefined,
): string[] {
  const value = (conditions: readonly string[]): string =>
    measure.column === "rows" ? `nullif(count(*)${only(conditions)}, 0)` : `sum(m${i})${only(conditions)}`;
  const missing = measure.column === "rows" ? "0::BIGINT" : `count(*)${only([...now, `m${i} IS NULL`])}`;
  return [
    `${value(now)} AS ${prefix}v${i}`,
    `${missing} AS ${prefix}x${i}`,
    ...(before === undefined ? [] : [`${value(before)} AS ${prefix}b${i}`]),
  ];
}

/** Groups by keys alone. */
function compileFold(shape: Shape, having: readonly string[]): string {
  const keys = keyNames(shape);
  const columns = [
    ...keys,
    ...shape.plan.measures.flatMap((measure, i) => [
      `${added(measure, `v${i}`)} AS v${i}`,
      ...(shape.compared ? [`${added(measure, `b${i}`)} AS b${i}`] : []),
    ]),
  ];
  const group = keys.length === 0 ? "" : ` GROUP BY ${keys.join(", ")}`;
  const conditions = [...(keys.length === 0 ? ["count(*) > 0"] : []), ...having];
  return `SELECT ${columns.join(", ")} FROM g${group}${conditions.length === 0 ? "" : ` HAVING ${conditions.join(" AND ")}`}`;
}

/** Sums of sums; counts stay BIGINT. */
function added(measure: Measure, column: string): string {
  return measure.column === "rows" ? `sum(${column})::BIGINT` : `sum(${column})`;
}

/** The part of `g` whose groups passed the measure filters. */
function compileKept(shape: Shape): string {
  const keys = keyNames(shape);
  const on = keys.length === 0 ? "true" : keys.map((k) => `g.${k} IS NOT DISTINCT FROM r.${k}`).join(" AND ");
  return `SELECT g.* FROM g SEMI JOIN r ON ${on}`;
}

function keyNames(shape: Shape): string[] {
  return shape.plan.keys.map((_, i) => `k${i}`);
}

function compileTotals(shape: Shape, index: number, from: string, groups: string): string {
  const unit = shape.units[index] ?? null;
  const prefix = shape.lastOnly ? "t" : "";
  const key = shape.plan.keys.findIndex((k) => k.dimension.kind === "column" && k.dimension.column === unit);
  const name = unit === null ? undefined : key >= 0 ? `k${key}` : `u${shape.extraUnits.indexOf(unit)}`;
  const ofUnit = (sql: (measure: Measure, i: number) => string, as: string): string[] =>
    shape.plan.measures.map(
      (measure, i) => `${unitOf(measure) === unit ? sql(measure, i) : "NULL"} AS ${as}${i}`,
    );
  // A count of a snapshot is known to be 0 where there is a snapshot and no fact of it matches.
  const counted = (column: string, picks: string) => (measure: Measure, i: number) =>
    measure.kind === "gauge" && measure.column === "rows"
      ? `coalesce(${added(measure, `${prefix}${column}${i}`)}, CASE WHEN EXISTS (FROM ${picks}) THEN 0 END)`
      : added(measure, `${prefix}${column}${i}`);
  const columns = [
    `${index} AS part`,
    `${name ?? "NULL::VARCHAR"} AS unit`,
    `(SELECT count(*) FROM ${groups}) AS groups`,
    "sum(n)::BIGINT AS facts",
    ...ofUnit((_, i) => `sum(${prefix}x${i})::BIGINT`, "x"),
    ...keyNames(shape).map((k) => `NULL AS ${k}`),
    ...ofUnit(counted("v", "pick_now"), "v"),
    ...(shape.compared ? ofUnit(counted("b", "pick_before"), "b") : []),
  ];
  return `SELECT ${columns.join(", ")} FROM ${from} ${name === undefined ? `HAVING ${hasFacts(shape)}` : `GROUP BY ${name}`}`;
}

/** Whether an ungrouped total says anything. */
function hasFacts(shape: Shape): string {
  const picks = shape.compared ? ["pick_now", "pick_before"] : ["pick_now"];
  return ["count(*) > 0", ...(isGauge(shape.plan) ? picks.map((p) => `EXISTS (FROM ${p})`) : [])].join(
    " OR ",
  );
}

function compileRows(shape: Shape, groups: string): string {
  const names = shape.plan.measures.map((_, i) => `v${i}`);
  const columns = [
    `${GROUPS_PART} AS part`,
    "NULL AS unit",
    "NULL",
    "NULL",
    ...names.map(() => "NULL"),
    ...keyNames(shape),
    ...names,
    ...(shape.compared ? names.map((name) => name.replace("v", "b")) : []),
  ];
  const limit = shape.plan.limit === undefined ? "" : ` ORDER BY ${order(shape)} LIMIT ${shape.plan.limit}`;
  return `(SELECT ${columns.join(", ")} FROM ${groups}${limit})`;
}

/** Nulls last whatever the direction; ties by the keys, so that the order is always the same. */
function order(shape: Shape): string {
  const sorted = shape.plan.sort.flatMap((sort) =>
    sort.on === "key"
      ? keyOrder(shape, sort.index, sort.order)
      : [`${sortExpression(sort)} ${sort.order} NULLS LAST`],
  );
  const ties = shape.plan.keys.flatMap((_, i) => keyOrder(shape, i, "asc"));
  return [...sorted, ...ties, "part"].join(", ");
}

/** By the order of the key's dimension where it has one, and by text. */
function keyOrder({ plan }: Shape, index: number, direction: "asc" | "desc"): string[] {
  const byText = `k${index} ${direction} NULLS LAST`;
  const ranks = plan.keys[index]?.dimension.order;
  if (ranks === undefined) return [byText];
  const cases = ranks.map((value, rank) => `WHEN ${literal(value)} THEN ${rank}`).join(" ");
  // A value that is missing has no rank; what has another one than those goes behind them.
  const rank = `CASE WHEN k${index} IS NULL THEN NULL ELSE CASE k${index} ${cases} ELSE ${ranks.length} END END`;
  return [`${rank} ${direction} NULLS LAST`, byText];
}

function sortExpression(sort: Exclude<PlannedSort, { on: "key" }>): string {
  switch (sort.on) {
    case "measure":
      return `v${sort.index}`;
    case "previous":
      return `b${sort.index}`;
    case "change":
      return `coalesce(v${sort.index}, 0) - coalesce(b${sort.index}, 0)`;
  }
}
