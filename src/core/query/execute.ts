import type { Measure } from "../metrics/datasets.ts";
import { formatDecimal, parseDecimal, SCALE } from "../money/decimal.ts";
import { Counts, Sums } from "./accumulate.ts";
import type { UnitTotal } from "./assemble.ts";
import type { DecimalColumn, FactBlock, LoadedDay, TextColumn } from "./blocks.ts";
import { compareText, passesFilter, tagValue } from "./filters.ts";
import { checkGroups, type GroupLimit } from "./group-limit.ts";
import { GroupIndex } from "./grouping.ts";
import type { PlannedFilter, PlannedKey, QueryPlan } from "./plan.ts";
import type { Cell } from "./query.ts";
import {
  bucketOf,
  includes,
  isTimeKey,
  lastSnapshots,
  passesTime,
  type Period,
  periodsOf,
  snapshotName,
} from "./periods.ts";

/** What a plan comes to: rows and totals as a store reports them. */
export interface Executed {
  /** Made as they are read: all of them at once would take several times the memory of the groups they are made of. */
  rows: Iterable<Cell[]>;
  groups: number;
  facts: number;
  totals: UnitTotal[][];
}

interface Group {
  keys: (string | null)[];
  /** Per period and measure, scaled by 10^18; null where there is no value. */
  values: (bigint | null)[][];
  /** The numbers of its paths in the index, one a combination of units. */
  paths: number[];
}

/** What order and measure filters look at. */
export type AnsweredGroup = Pick<Group, "keys" | "values">;

interface Accumulators {
  facts: Counts;
  sums: Sums[];
}

/**
 * Runs a plan over blocks of facts in memory, exactly: feed every block of the plan's days, then `finish`. It is the
 * reference for what a plan means, and the engine of stores that have none.
 */
export class PlanExecutor {
  readonly #plan: QueryPlan;
  readonly #limit: GroupLimit | undefined;
  readonly #periods: Period[];
  /** Unit columns the plan does not group by: sums are kept apart by them, since units are never added. */
  readonly #units: readonly string[];
  readonly #index: GroupIndex;
  /** By period. Rows are made from `main`; totals from `whole`, of a gauge over time the last state of the range. */
  readonly #main: Accumulators[];
  readonly #whole: Accumulators[];
  /** For gauges the snapshots that count, by period; undefined for counters, of which every day counts. */
  readonly #mainDays: readonly ReadonlySet<string>[] | undefined;
  readonly #wholeDays: readonly ReadonlySet<string>[] | undefined;

  /**
   * @param loaded every source and day loaded in the plan's ranges; only gauges need it
   * @param limit how many groups fit into memory; any number when not given
   */
  constructor(plan: QueryPlan, loaded: readonly LoadedDay[] = [], limit?: GroupLimit) {
    this.#plan = plan;
    this.#limit = limit;
    this.#periods = periodsOf(plan);
    const named = new Set(plan.keys.map((key) => key.dimension.column));
    this.#units = [...new Set(plan.measures.flatMap(unitColumn))].filter((column) => !named.has(column));
    this.#index = new GroupIndex(plan.keys.length + this.#units.length);
    this.#main = this.#accumulators();
    this.#whole = this.#main;
    if (!plan.measures.some((measure) => measure.kind === "gauge")) return;
    const time = plan.keys.filter(isTimeKey);
    this.#mainDays = this.#periods.map((period) => lastSnapshots(plan, period, loaded, time));
    this.#wholeDays = this.#periods.map((period) => lastSnapshots(plan, period, loaded, []));
    if (time.length > 0) this.#whole = this.#accumulators();
  }

  #accumulators(): Accumulators[] {
    return this.#periods.map(() => ({
      facts: new Counts(),
      sums: this.#plan.measures.map(() => new Sums()),
    }));
  }

  /** Whether the plan reads a day's facts, so that others need not be fetched. */
  wants(entry: LoadedDay): boolean {
    return this.#periods.some((_, at) => this.#wantsOn(at, entry));
  }

  #wantsOn(at: number, entry: LoadedDay): boolean {
    const period = this.#periods[at];
    if (period === undefined || !includes(period.range, entry.day) || !this.#ofPartition(entry)) return false;
    const days = this.#mainDays?.[at];
    return days === undefined
      ? passesTime(this.#plan, period.align(entry.day))
      : days.has(snapshotName(entry));
  }

  #ofPartition({ source, period }: LoadedDay): boolean {
    return this.#plan.filters.every((filter) => {
      if (filter.on !== "dimension") return true;
      const { kind } = filter.key.dimension;
      if (kind === "source") return passesFilter(filter, source);
      return kind !== "period" || period === undefined || passesFilter(filter, period);
    });
  }

  /** The fact columns the plan reads. */
  columns(): string[] {
    const { keys, filters, measures } = this.#plan;
    const filtered = filters.flatMap((filter) => (filter.on === "dimension" ? [filter.key] : []));
    const read = [
      ...[...keys, ...filtered]
        .filter(({ dimension: { kind } }) => kind !== "source" && kind !== "period")
        .map((key) => key.dimension.column),
      ...filters.flatMap((filter) => (filter.on === "presence" ? [filter.column] : [])),
      ...measures.map((measure) => measure.column),
      ...measures.flatMap(unitColumn),
    ];
    return [...new Set(read)].filter((column) => column !== "day" && column !== "rows");
  }

  /**
   * Adds a block's facts. Blocks the plan does not want are passed over.
   * @throws DomainError `query.too-many-groups`
   */
  add(block: FactBlock): void {
    this.#periods.forEach((period, at) => {
      if (!this.#wantsOn(at, block)) return;
      const rows = this.#select(block);
      if (rows.length === 0) return;
      const day = period.align(block.day);
      const columns = [
        ...this.#plan.keys.map((key) => columnOf(block, key, day)),
        ...this.#units.map((unit) => block.text(unit)),
      ];
      const groups = this.#index.assign(columns, rows);
      checkGroups(this.#index.size, this.#limit);
      this.#accumulate(this.#main[at], block, rows, groups);
      if (this.#whole !== this.#main && this.#wholeDays?.[at]?.has(snapshotName(block)) === true)
        this.#accumulate(this.#whole[at], block, rows, groups);
    });
  }

  #accumulate(
    into: Accumulators | undefined,
    block: FactBlock,
    rows: ArrayLike<number>,
    groups: Int32Array,
  ): void {
    into?.facts.add(groups, this.#index.size);
    this.#plan.measures.forEach((measure, m) => {
      if (measure.column === "rows") return;
      into?.sums[m]?.add(block.decimals(measure.column), rows, groups, this.#index.size);
    });
  }

  /** The rows that pass the filters on columns, tags and the presence of values. */
  #select(block: FactBlock): ArrayLike<number> {
    const tests: { pass: boolean[]; codes: ArrayLike<number> }[] = [];
    for (const filter of this.#plan.filters) {
      if (filter.on !== "dimension" || isTimeKey(filter.key)) continue;
      const { values, codes } = columnOf(block, filter.key, block.day);
      const pass = values.map((value) => passesFilter(filter, value));
      if (pass.every((ok) => !ok)) return [];
      if (!pass.every((ok) => ok)) tests.push({ pass, codes });
    }
    const present = this.#plan.filters.flatMap((filter) =>
      filter.on === "presence" ? [presenceOf(block.decimals(filter.column), filter.present)] : [],
    );
    if (tests.length === 0 && present.length === 0)
      return Uint32Array.from({ length: block.rows }, (_, i) => i);
    const rows: number[] = [];
    for (let row = 0; row < block.rows; row++) {
      const passes = tests.every(({ pass, codes }) => pass[codes[row] as number] === true);
      if (passes && present.every((test) => test(row))) rows.push(row);
    }
    return rows;
  }

  /** The answer. Rows are sorted and cut to the plan's limit; the counts and totals are of all groups that pass. */
  finish(): Executed {
    const plan = this.#plan;
    const groups = this.#groups().filter((group) => passesMeasures(plan, group));
    groups.sort(sorter(plan));
    const shown = plan.limit === undefined ? groups : groups.slice(0, plan.limit);
    const paths = groups.flatMap((group) => group.paths);
    return {
      rows: rowsOf(shown),
      groups: groups.length,
      facts: paths.reduce((facts, path) => facts + (this.#main[0]?.facts.of(path) ?? 0), 0),
      totals: plan.measures.map((measure, m) => this.#totals(measure, m, paths)),
    };
  }

  /** Folds the units back into the groups that were asked for. */
  #groups(): Group[] {
    const keys = this.#plan.keys.length;
    const found = new Map<number, Group>();
    for (let path = 0; path < this.#index.size; path++) {
      if (this.#main.every((sums) => sums.facts.of(path) === 0)) continue;
      const prefix = this.#index.prefix(path, keys);
      const values = this.#main.map((sums) =>
        this.#plan.measures.map((measure, m) => valueOf(sums, measure, m, path)),
      );
      const group = found.get(prefix);
      if (group === undefined) {
        found.set(prefix, { keys: this.#index.valuesOf(prefix, keys), values, paths: [path] });
        continue;
      }
      group.paths.push(path);
      group.values = group.values.map((sums, p) => sums.map((v, m) => plus(v, values[p]?.[m] ?? null)));
    }
    return [...found.values()];
  }

  #totals(measure: Measure, m: number, paths: readonly number[]): UnitTotal[] {
    const { keys, compare } = this.#plan;
    const depth = keys.length + this.#units.length;
    const [column] = unitColumn(measure);
    const named = keys.findIndex((key) => key.dimension.column === column);
    const at =
      column === undefined ? undefined : named >= 0 ? named : keys.length + this.#units.indexOf(column);
    const found = new Map<string | null, Total>();
    for (const path of paths) {
      const unit = at === undefined ? null : (this.#index.valuesOf(path, depth)[at] ?? null);
      const total = found.get(unit) ?? { values: this.#periods.map(() => null), missing: 0 };
      total.values = total.values.map((v, p) => plus(v, valueOf(this.#whole[p], measure, m, path)));
      const own = this.#whole[0];
      if (measure.column !== "rows" && own !== undefined)
        total.missing += own.facts.of(path) - (own.sums[m]?.count(path) ?? 0);
      found.set(unit, total);
    }
    this.#addKnownZeros(measure, found);
    return [...found].map(([unit, { values, missing }]) => ({
      unit,
      value: cellOf(values[0] ?? null),
      ...(compare !== undefined && { previous: cellOf(values[1] ?? null) }),
      missing,
    }));
  }

  /** A snapshot in which nothing matches is known to count 0; without a snapshot nothing is known. */
  #addKnownZeros(measure: Measure, found: Map<string | null, Total>): void {
    if (measure.column !== "rows") return;
    const known = this.#periods.map((_, p) => (this.#wholeDays?.[p]?.size ?? 0) > 0);
    if (!known.includes(true)) return;
    const total = found.get(null) ?? { values: this.#periods.map(() => null), missing: 0 };
    total.values = total.values.map((value, p) => value ?? (known[p] === true ? 0n : null));
    found.set(null, total);
  }
}

interface Total {
  /** By period. */
  values: (bigint | null)[];
  missing: number;
}

function unitColumn(measure: Measure): string[] {
  return "column" in measure.unit ? [measure.unit.column] : [];
}

function columnOf(block: FactBlock, key: PlannedKey, day: string): TextColumn {
  if (isTimeKey(key))
    return { values: [bucketOf(key.dimension.kind, day)], codes: new Uint8Array(block.rows) };
  const { kind } = key.dimension;
  if (kind === "source" || kind === "period")
    return { values: [block[kind]], codes: new Uint8Array(block.rows) };
  const column = block.text(key.dimension.column);
  if (kind === "instant") return { values: column.values.map(instantText), codes: column.codes };
  if (kind === "date") {
    const dates = column.values.map((text) => instantText(text)?.slice(0, 10) ?? null);
    return { values: dates, codes: column.codes };
  }
  const { tagKey } = key;
  if (tagKey === undefined) return column;
  return { values: column.values.map((tags) => tagValue(tags, tagKey)), codes: column.codes };
}

/** Whether a row has a value, or has none. */
function presenceOf(column: DecimalColumn, wanted: boolean): (row: number) => boolean {
  if (column.kind === "numbers") return (row) => !Number.isNaN(column.numbers[row] ?? NaN) === wanted;
  return (row) => ((column.values[row] ?? null) !== null) === wanted;
}

/** The instant of a fact as results write it; importers keep their sources' spelling of it. */
function instantText(text: string | null): string | null {
  if (text === null) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

function valueOf(of: Accumulators | undefined, measure: Measure, m: number, path: number): bigint | null {
  if (of === undefined) return null;
  if (measure.column !== "rows") return of.sums[m]?.sum(path) ?? null;
  const facts = of.facts.of(path);
  return facts === 0 ? null : BigInt(facts) * 10n ** BigInt(SCALE);
}

function plus(a: bigint | null, b: bigint | null): bigint | null {
  return a === null ? b : b === null ? a : a + b;
}

function* rowsOf(groups: readonly Group[]): Generator<Cell[]> {
  for (const { keys, values } of groups) yield [...keys, ...values.flat().map(cellOf)];
}

function cellOf(value: bigint | null): Cell {
  return value === null ? null : formatDecimal(value);
}

/** Whether a group passes the plan's filters on measures. */
export function passesMeasures(plan: QueryPlan, group: AnsweredGroup): boolean {
  return plan.filters.every(
    (filter) => filter.on !== "measure" || passesMeasure(filter, group.values[0]?.[filter.measure] ?? null),
  );
}

function passesMeasure(filter: PlannedFilter & { on: "measure" }, value: bigint | null): boolean {
  if (value === null) return filter.op === "not";
  const [first = 0n, second = 0n] = filter.values.map(parseDecimal);
  switch (filter.op) {
    case "equals":
      return value === first;
    case "not":
      return !filter.values.some((text) => parseDecimal(text) === value);
    case "greater":
      return value > first;
    case "less":
      return value < first;
    case "between":
      return value >= first && value <= second;
    default:
      return false;
  }
}

/**
 * By the plan's sort, ties by the keys ascending; what has no value comes last in either order. Keys whose dimension
 * has an order go by it.
 */
export function sorter(plan: QueryPlan): (a: AnsweredGroup, b: AnsweredGroup) => number {
  const keyOrder = plan.keys.map((_, index) => ({ on: "key" as const, index, order: "asc" as const }));
  const steps = [...plan.sort, ...keyOrder].map((step) => ({ ...step, ranks: ranksOf(plan, step) }));
  return (a, b) => {
    for (const step of steps) {
      const [x, y] = [sortValue(a, step), sortValue(b, step)];
      const sign = step.order === "desc" ? -1 : 1;
      const order = compareRanks(x, y, step.ranks, sign) || compareValues(x, y, sign);
      if (order !== 0) return order;
    }
    return 0;
  };
}

function sortValue(group: AnsweredGroup, step: QueryPlan["sort"][number]): string | bigint | null {
  const now = group.values[0]?.[step.index] ?? null;
  const before = group.values[1]?.[step.index] ?? null;
  switch (step.on) {
    case "key":
      return group.keys[step.index] ?? null;
    case "measure":
      return now;
    case "previous":
      return before;
    case "change":
      return (now ?? 0n) - (before ?? 0n);
  }
}

function ranksOf(plan: QueryPlan, step: QueryPlan["sort"][number]): readonly string[] | undefined {
  return step.on === "key" ? plan.keys[step.index]?.dimension.order : undefined;
}

/** 0 when ranks do not decide: for two values without a rank, and where there is no order. */
function compareRanks(
  a: string | bigint | null,
  b: string | bigint | null,
  ranks: readonly string[] | undefined,
  sign: number,
): number {
  if (ranks === undefined || typeof a !== "string" || typeof b !== "string") return 0;
  const rank = (value: string): number => {
    const at = ranks.indexOf(value);
    return at < 0 ? ranks.length : at;
  };
  return sign * (rank(a) - rank(b));
}

function compareValues(a: string | bigint | null, b: string | bigint | null, sign: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === "string" || typeof b === "string") return sign * compareText(String(a), String(b));
  return a === b ? 0 : a < b ? -sign : sign;
}
