import { listed } from "../errors/bounded.ts";
import { DomainError } from "../errors/errors.ts";
import { must } from "../errors/must.ts";
import type { Measure } from "../metrics/datasets.ts";
import { changeBetween, formatDecimal, wideDecimal } from "../money/decimal.ts";
import type { PlannedKey, QueryPlan } from "./plan.ts";
import type { Cell, Column, OthersRow, Row, TotalRow } from "./query.ts";

/** A measure's total in one unit, as stores report it. */
export interface UnitTotal {
  unit: string | null;
  value: string | null;
  previous?: string | null;
  missing: number;
}
export type Totals = readonly (readonly UnitTotal[])[];

/**
 * The units a measure has values in. Facts without a value (a tax line has no quantity) often have no unit either; they
 * do not prevent a sum.
 */
function valued(units: readonly UnitTotal[] | undefined): readonly UnitTotal[] {
  return (units ?? []).filter((unit) => unit.value !== null || (unit.previous ?? null) !== null);
}

/**
 * Rejects sums over what cannot be added: amounts in several currencies, or quantities in several units, unless the
 * query groups by the currency or unit.
 * @throws DomainError `query.mixed-currencies`, `query.mixed-units`
 */
export function checkUnits(plan: QueryPlan, totals: Totals): void {
  plan.measures.forEach((measure, i) => {
    const units = valued(totals[i]);
    if (units.length < 2 || unitKey(plan, measure) !== undefined || !("column" in measure.unit)) return;
    const { column } = measure.unit;
    const name = plan.dataset.dimensions.find((d) => d.column === column)?.id ?? column;
    const list = units.map((u) => u.unit ?? "none").sort();
    const money = measure.format === "money";
    throw new DomainError(
      money ? "query.mixed-currencies" : "query.mixed-units",
      "invalid",
      `${measure.label} is in ${list.length} ${money ? "currencies" : "units"} (${listed(list, 10)}), which cannot be added up`,
      {
        field: "groupBy",
        allowed: list,
        fix: `Group by ${name}, or filter on one, for example ${name} equals ${must(list[0], "a unit among several")}.`,
      },
    );
  });
}

/** The position of the key that is a measure's unit, when the query groups by it. */
function unitKey(plan: QueryPlan, measure: Measure): number | undefined {
  if (!("column" in measure.unit)) return undefined;
  const { column } = measure.unit;
  const index = plan.keys.findIndex((key) => key.dimension.column === column);
  return index < 0 ? undefined : index;
}

/** The columns of a plan's result: its keys, then each measure with, when compared, previous, change and percent. */
export function columnsOf(plan: QueryPlan, totals: Totals): Column[] {
  const keys = plan.keys.map(keyColumn);
  const measures = plan.measures.flatMap((measure, i): Column[] => {
    const base: Column = {
      id: measure.id,
      label: measure.label,
      role: "measure",
      type: measure.format,
      additive: true,
    };
    const unit = "fixed" in measure.unit ? undefined : singleUnit(totals[i]);
    const withUnit = unit === undefined ? base : { ...base, unit };
    if (plan.compare === undefined) return [withUnit];
    const before = plan.compare.kind === "previous-year" ? "previous year" : "previous period";
    return [
      withUnit,
      { ...withUnit, id: `${measure.id}.previous`, label: `${measure.label}, ${before}` },
      { ...withUnit, id: `${measure.id}.change`, label: "Change" },
      {
        id: `${measure.id}.change_percent`,
        label: "Change %",
        role: "measure",
        type: "percent",
        additive: false,
      },
    ];
  });
  return [...keys, ...measures];
}

function keyColumn(key: PlannedKey): Column {
  const { kind, label } = key.dimension;
  const shared = { id: key.id, role: "dimension" as const, additive: false };
  if (kind === "day" || kind === "week" || kind === "month")
    return { ...shared, label, type: "date", grain: kind };
  if (kind === "date" || kind === "instant") return { ...shared, label, type: kind };
  return { ...shared, label: key.tagKey === undefined ? label : `Tag ${key.tagKey}`, type: "string" };
}

function singleUnit(units: readonly UnitTotal[] | undefined): string | undefined {
  const known = valued(units);
  return known.length === 1 ? (known[0]?.unit ?? undefined) : undefined;
}

/**
 * Turns a store's row `[...keys, ...values, ...previous]` into the result's cells.
 * @param percent whether changes are given in percent, see `comparableInPercent`
 */
export function rowShaper(plan: QueryPlan, totals: Totals, percent: boolean): (row: Row) => Row {
  if (plan.compare === undefined) return (row) => row;
  const keyCount = plan.keys.length;
  const count = plan.measures.length;
  const hadBefore = totals.map((units) => units.some((unit) => (unit.previous ?? null) !== null));
  return (row) => {
    const cells: Cell[] = row.slice(0, keyCount);
    for (let i = 0; i < count; i++) {
      const now = row[keyCount + i] ?? null;
      const before = row[keyCount + count + i] ?? null;
      cells.push(...comparedCells(now, before, hadBefore[i] ?? false, percent));
    }
    return cells;
  };
}

/**
 * Value, previous, change, percent. A group without earlier facts counts as 0 where the compared range has facts of
 * other groups: it did not exist. Where the compared range has no facts at all, the change is null.
 */
function comparedCells(now: Cell, before: Cell, knownBefore: boolean, percent: boolean): Cell[] {
  if (!knownBefore || (now === null && before === null)) return [now, before, null, null];
  const change = changeBetween(before ?? "0", now ?? "0");
  return [now, before, change.absolute, percent ? (change.percent ?? null) : null];
}

/**
 * The total rows: one, or one a unit when the result is grouped by it. Counters grouped by time add up over it;
 * for gauges the total is the last state of the range.
 */
export function totalRows(plan: QueryPlan, totals: Totals, percent: boolean): TotalRow[] {
  const lists = totals.map((units) =>
    [...valued(units)].sort((a, b) => (a.unit ?? "").localeCompare(b.unit ?? "")),
  );
  const varied = lists.filter((units) => units.length > 1);
  const names: (string | null)[] = varied[0]?.map((unit) => unit.unit) ?? [lists[0]?.[0]?.unit ?? null];
  return names.map((name, index) => ({
    unit: name,
    cells: [
      ...plan.keys.map(() => null),
      ...lists.flatMap((units, i) => {
        const entry =
          units.length > 1 ? units.find((u) => u.unit === name) : index === 0 ? units[0] : undefined;
        const now = entry?.value ?? null;
        if (plan.compare === undefined) return [now];
        const known = (totals[i] ?? []).some((unit) => (unit.previous ?? null) !== null);
        return comparedCells(now, entry?.previous ?? null, known, percent);
      }),
    ],
  }));
}

/**
 * What a limit left out: total minus the rows shown, exact. Cells that cannot be computed (several units, or a gauge
 * over time) are null.
 * @param rows the store's rows, all of them that are shown
 */
export function othersRow(
  plan: QueryPlan,
  totals: Totals,
  rows: readonly Row[],
  groups: number,
  percent: boolean,
): OthersRow | null {
  if (groups <= rows.length) return null;
  const byTime = plan.keys.some((key) => key.dimension.column === "day");
  const count = plan.measures.length;
  const cells = plan.measures.flatMap((measure, i): Cell[] => {
    const units = valued(totals[i]);
    const only = units.length === 1 ? units[0] : undefined;
    const missing = (totals[i] ?? []).some((unit) => unit.missing > 0);
    const computable = only !== undefined && !(measure.kind === "gauge" && byTime);
    const rest = (total: string | null | undefined, at: number): Cell =>
      computable && total !== null && total !== undefined ? remainder(total, rows, at, missing) : null;
    const now = rest(only?.value, plan.keys.length + i);
    if (plan.compare === undefined) return [now];
    const before = rest(only?.previous, plan.keys.length + count + i);
    return comparedCells(now, before, before !== null, percent);
  });
  return { groups: groups - rows.length, cells: [...plan.keys.map(() => null), ...cells] };
}

/** Total minus the sum of a column; null when nothing is left although some facts have no value. */
function remainder(total: string, rows: readonly Row[], at: number, someMissing: boolean): Cell {
  let left = wideDecimal(total);
  for (const row of rows) left -= wideDecimal(row[at] ?? "0");
  return left === 0n && someMissing ? null : formatDecimal(left);
}

/** Remarks a reader must know: facts without a value, rows folded together, an empty answer. */
export function notesOf(
  plan: QueryPlan,
  totals: Totals,
  facts: number,
  groups: number,
  shown: number,
): string[] {
  const notes: string[] = [];
  if (facts === 0) notes.push("No facts match this query.");
  if (groups > shown) notes.push(`${count(groups - shown, "more row")} added up as "Others".`);
  plan.measures.forEach((measure, i) => {
    const missing = (totals[i] ?? []).reduce((sum, unit) => sum + unit.missing, 0);
    if (missing > 0) {
      notes.push(
        `${count(missing, "fact")} of ${facts.toLocaleString("en-US")} have no ${measure.label.toLowerCase()} and are not included in its totals.`,
      );
    }
  });
  if (
    plan.compare !== undefined &&
    facts > 0 &&
    totals.every((units) => units.every((unit) => (unit.previous ?? null) === null))
  ) {
    notes.push(`There are no facts from ${plan.compare.from} to ${plan.compare.to} to compare with.`);
  }
  return notes;
}

function count(n: number, what: string): string {
  return `${n.toLocaleString("en-US")} ${what}${n === 1 ? "" : "s"}`;
}
