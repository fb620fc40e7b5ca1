import { listed, shorten } from "../errors/bounded.ts";
import { invalid } from "../errors/errors.ts";
import { must } from "../errors/must.ts";
import { compareDecimals, sumDecimals } from "../money/decimal.ts";
import type { Cell, Column, QueryResult, Row } from "../query/query.ts";
import { addDays, addMonths, daysBetween } from "../time/dates.ts";
import { MAX_RANGE_DAYS } from "../time/ranges.ts";
import type { ValueFormat } from "./abbreviate.ts";
import { severityRank } from "./palette.ts";
import type { ChartSpec } from "./spec.ts";

/** Series of values over shared categories. Values are canonical decimals; null is unknown and draws a gap. */
export interface ChartSeries {
  name: string;
  values: readonly (string | null)[];
  /** What was added up from the smaller series. */
  others?: boolean;
}

export interface SeriesChart {
  shape: "series";
  kind: "line" | "bar" | "stacked-area" | "budget";
  horizontal: boolean;
  categories: readonly string[];
  /** Set when the categories are the first days of time buckets. */
  grain?: "day" | "week" | "month";
  categoryLabel: string;
  valueLabel: string;
  format: ValueFormat;
  series: readonly ChartSeries[];
  notes: readonly string[];
}

export interface PartsChart {
  shape: "parts";
  format: ValueFormat;
  valueLabel: string;
  parts: readonly { name: string; value: string; others?: boolean }[];
  total: string;
  notes: readonly string[];
}

export interface GaugeChart {
  shape: "gauge";
  label: string;
  /** A percentage; null when it is not known. */
  value: string | null;
}

export interface GridChart {
  shape: "grid";
  columns: readonly string[];
  rows: readonly string[];
  columnLabel: string;
  rowLabel: string;
  format: ValueFormat;
  /** `cells[row][column]`; null where there is no such combination. */
  cells: readonly (readonly (string | null)[])[];
  notes: readonly string[];
}

/** A chart with its data, ready to draw, and free of any drawing. */
export type ChartData = SeriesChart | PartsChart | GaugeChart | GridChart;

export const MAX_SERIES = 8;
export const MAX_PARTS = 8;
/** What a cell without a name is called. */
export const UNNAMED = "(none)";
const OTHERS = "Others";
/** Dimensions that name the unit of the measures beside them; values of different units are never added. */
const UNIT_COLUMNS = ["currency", "unit"];

/**
 * Reads a chart's series out of a result. Beyond {@link MAX_SERIES} the smallest are added up into "Others", exactly
 * and with a note; values of different units are kept apart. What the result has to say of itself is noted too.
 * @throws DomainError `chart.unknown-column` when the spec names a column that the result has not
 */
export function chartData(spec: ChartSpec, data: QueryResult): ChartData {
  const chart = read(spec, data);
  if (chart.shape === "gauge" || data.completeness.notes.length === 0) return chart;
  return { ...chart, notes: [...new Set([...chart.notes, ...data.completeness.notes])] };
}

function read(spec: ChartSpec, data: QueryResult): ChartData {
  const at = (id: string): number => columnIndex(data, spec, id);
  switch (spec.kind) {
    case "gauge":
      return gauge(data, at(spec.value));
    case "doughnut":
      return parts(data, at(spec.label), at(spec.value));
    case "heatmap":
      return grid(data, at(spec.x), at(spec.y), at(spec.value));
    case "budget":
      return measures(spec, data, at(spec.x), [at(spec.actual), at(spec.budget)]);
    case "line":
    case "bar":
    case "stacked-area": {
      const y = spec.y.map(at);
      const split = spec.series === undefined ? unitColumn(data, y) : at(spec.series);
      return split === undefined || split === at(spec.x)
        ? measures(spec, data, at(spec.x), y)
        : bySeries(spec, data, at(spec.x), y[0] ?? 0, split);
    }
  }
}

function columnIndex(data: QueryResult, spec: ChartSpec, id: string): number {
  const index = data.columns.findIndex((column) => column.id === id);
  if (index >= 0) return index;
  const allowed = data.columns.map((column) => column.id);
  throw invalid(
    "chart.unknown-column",
    `The ${spec.kind} chart names a column "${shorten(id)}" that its table does not have`,
    {
      field: "chart",
      allowed,
      fix: `Use one of ${listed(allowed)}, or add ${shorten(id)} to the query.`,
    },
  );
}

function columnAt(data: QueryResult, index: number): Column {
  return must(data.columns[index], "a column that the chart names");
}

/** The column whose values are the units of measures that share none; undefined when they share one. */
function unitColumn(data: QueryResult, measureAt: readonly number[]): number | undefined {
  if (measureAt.every((i) => data.columns[i]?.unit !== undefined)) return undefined;
  const index = data.columns.findIndex((column) => UNIT_COLUMNS.includes(column.id));
  return index < 0 ? undefined : index;
}

function formatOf(column: Column | undefined): ValueFormat {
  const type = column?.type;
  const known = type === "money" || type === "integer" || type === "percent";
  return { type: known ? type : "quantity", unit: column?.unit ?? null };
}

const nameOf = (cell: Cell | undefined): string =>
  cell === null || cell === undefined || cell === "" ? UNNAMED : cell;

function add(a: string | null | undefined, b: Cell | undefined): string | null {
  if (b === null || b === undefined) return a ?? null;
  return a === null || a === undefined ? b : sumDecimals([a, b]);
}

/** Categories in the order they appear, dates sorted: a time axis runs forward however the table is sorted. */
function categoriesOf(column: Column | undefined, rows: readonly Row[], x: number): string[] {
  const names = [...new Set(rows.map((row) => nameOf(row[x])))];
  if (column?.type === "date") return withoutGaps(names.sort(), column.grain ?? "day");
  return column?.id === "severity" ? names.sort((a, b) => severityRank(a) - severityRank(b)) : names;
}

/**
 * Every bucket from the first to the last: a day without facts is a gap in the line, not a shorter axis. Dates that lie
 * further apart than a range may span are no course over time (findings say when they were first observed, whatever the
 * range), and are drawn one beside the other.
 */
function withoutGaps(sorted: readonly string[], grain: "day" | "week" | "month"): string[] {
  const last = sorted.at(-1);
  const first = sorted[0];
  if (first === undefined || last === undefined || sorted.includes(UNNAMED)) return [...sorted];
  if (daysBetween(first, last) > MAX_RANGE_DAYS) return [...sorted];
  const all: string[] = [];
  const next = (date: string): string =>
    grain === "month" ? addMonths(date, 1) : addDays(date, grain === "week" ? 7 : 1);
  for (let date = first; date < last; date = next(date)) all.push(date);
  return [...all, last];
}

type SeriesSpec = Extract<ChartSpec, { kind: "line" | "bar" | "stacked-area" | "budget" }>;

function frame(
  spec: SeriesSpec,
  data: QueryResult,
  x: number,
  y: number,
): Omit<SeriesChart, "series" | "categories"> {
  const category = columnAt(data, x);
  const value = columnAt(data, y);
  return {
    shape: "series",
    kind: spec.kind,
    horizontal: spec.kind === "bar" && spec.horizontal === true,
    ...(category.type === "date" && { grain: category.grain ?? "day" }),
    categoryLabel: category.label,
    valueLabel: value.label,
    format: formatOf(value),
    notes: [],
  };
}

function measures(spec: SeriesSpec, data: QueryResult, x: number, y: readonly number[]): SeriesChart {
  const categories = categoriesOf(data.columns[x], data.rows, x);
  const rowsAt = new Map(categories.map((name, i) => [name, i]));
  const series = y.map((column) => {
    const values: (string | null)[] = categories.map(() => null);
    for (const row of data.rows) {
      const at = must(rowsAt.get(nameOf(row[x])), "a category for every row");
      values[at] = add(values[at], row[column]);
    }
    return { name: columnAt(data, column).label, values };
  });
  return withOthersRow({ ...frame(spec, data, x, y[0] ?? 0), categories, series }, data, y);
}

/** A ranked chart of a limited table ends with what the limit left out, as the table does. */
function withOthersRow(chart: SeriesChart, data: QueryResult, y: readonly number[]): SeriesChart {
  const others = data.others;
  if (others === null) return chart;
  if (chart.grain !== undefined) return { ...chart, notes: [...chart.notes, ...leftOut(data)] };
  return {
    ...chart,
    categories: [...chart.categories, othersName(others.groups)],
    series: chart.series.map((one, i) => ({
      ...one,
      values: [...one.values, others.cells[must(y[i], "a measure for every series")] ?? null],
    })),
  };
}

/** The name of what was added up from `groups` smaller ones. */
export function othersName(groups: number): string {
  return `${OTHERS} (${groups})`;
}

/** Whether a name is that of an added up rest. */
export function isOthersName(name: string): boolean {
  return /^Others \(\d+\)$/.test(name);
}

/** What must be said of rows that a limit of the question left out, and that this chart has no place for. */
function leftOut(data: QueryResult): string[] {
  return data.others === null
    ? []
    : [`${data.others.groups} more rows, beyond the query's limit, are not drawn.`];
}

function bySeries(spec: SeriesSpec, data: QueryResult, x: number, y: number, split: number): SeriesChart {
  const categories = categoriesOf(data.columns[x], data.rows, x);
  const place = new Map(categories.map((name, i) => [name, i]));
  const values = new Map<string, (string | null)[]>();
  for (const row of data.rows) {
    const name = nameOf(row[split]);
    let own = values.get(name);
    if (own === undefined) values.set(name, (own = categories.map(() => null)));
    const at = must(place.get(nameOf(row[x])), "a category for every row");
    own[at] = add(own[at], row[y]);
  }
  const all = [...values].map(([name, own]) => ({ name, values: own, size: sizeOf(own) }));
  const bySeverity = data.columns[split]?.id === "severity";
  all.sort((a, b) => {
    if (bySeverity) return severityRank(a.name) - severityRank(b.name);
    const last = Number(isOthersName(a.name)) - Number(isOthersName(b.name));
    return last === 0 ? compareDecimals(b.size, a.size) : last;
  });
  const units = UNIT_COLUMNS.includes(columnAt(data, split).id) && data.columns[y]?.unit === undefined;
  const notes = [
    ...(units ? [`Each line is in its own ${columnAt(data, split).label.toLowerCase()}.`] : []),
    ...leftOut(data),
  ];
  if (all.length <= MAX_SERIES || units)
    return { ...frame(spec, data, x, y), categories, series: all.map(bare), notes };
  const kept = all.slice(0, MAX_SERIES - 1).map(bare);
  const rest = all.slice(MAX_SERIES - 1);
  const others = categories.map((_, i) =>
    rest.reduce<string | null>((sum, one) => add(sum, one.values[i]), null),
  );
  return {
    ...frame(spec, data, x, y),
    categories,
    series: [...kept, { name: othersName(rest.length), values: others, others: true }],
    notes: [`The ${rest.length} smallest of ${all.length} are added up as "${OTHERS}".`, ...leftOut(data)],
  };
}

const bare = ({ name, values }: ChartSeries): ChartSeries =>
  isOthersName(name) ? { name, values, others: true } : { name, values };

/** The sum of the magnitudes: what a series takes up in the picture. */
function sizeOf(values: readonly (string | null)[]): string {
  return sumDecimals(values.filter((value) => value !== null).map((value) => value.replace("-", "")));
}

function parts(data: QueryResult, label: number, value: number): PartsChart {
  const column = data.columns[value];
  const unit = unitColumn(data, [value]);
  const notes: string[] = [];
  let rows = data.rows;
  let format = formatOf(column);
  if (unit !== undefined && unit !== label) {
    const shown = largestUnit(rows, unit, value);
    const left = new Set(rows.map((row) => nameOf(row[unit]))).size - 1;
    rows = rows.filter((row) => nameOf(row[unit]) === shown);
    format = { ...format, unit: shown };
    if (left > 0) notes.push(`Only ${shown} is shown: different units cannot be parts of one whole.`);
  }
  const sums = new Map<string, string>();
  for (const row of rows) {
    const amount = row[value];
    if (amount === null || amount === undefined) continue;
    sums.set(nameOf(row[label]), add(sums.get(nameOf(row[label])), amount) ?? amount);
  }
  const rest = data.others?.cells[value];
  const all = [...sums]
    .map(([name, amount]) => ({ name, value: amount }))
    .sort((a, b) => compareDecimals(b.value, a.value));
  const kept = all.length > MAX_PARTS ? all.slice(0, MAX_PARTS - 1) : all;
  const folded = all.slice(kept.length).map((part) => part.value);
  const groups = folded.length + (rest === null || rest === undefined ? 0 : (data.others?.groups ?? 0));
  const others =
    groups === 0
      ? []
      : [{ name: othersName(groups), value: sumDecimals([...folded, rest ?? "0"]), others: true }];
  const shown = [...kept, ...others];
  const negative = shown.filter((part) => part.value.startsWith("-"));
  if (negative.length > 0)
    notes.push(`Credits cannot be drawn as parts: ${negative.map((p) => p.name).join(", ")}.`);
  const total = sumDecimals(shown.map((part) => part.value));
  return { shape: "parts", format, valueLabel: column?.label ?? "", parts: shown, total, notes };
}

function largestUnit(rows: readonly Row[], unit: number, value: number): string {
  const sums = new Map<string, string>();
  for (const row of rows) sums.set(nameOf(row[unit]), add(sums.get(nameOf(row[unit])), row[value]) ?? "0");
  return [...sums].sort((a, b) => compareDecimals(b[1], a[1]))[0]?.[0] ?? UNNAMED;
}

function gauge(data: QueryResult, value: number): GaugeChart {
  const total = data.totals
    .map((row) => row.cells[value])
    .find((cell) => cell !== null && cell !== undefined);
  return {
    shape: "gauge",
    label: columnAt(data, value).label,
    value: total ?? data.rows[0]?.[value] ?? null,
  };
}

function grid(data: QueryResult, x: number, y: number, value: number): GridChart {
  const columns = categoriesOf(data.columns[x], data.rows, x);
  const rows = categoriesOf(data.columns[y], data.rows, y);
  const cells = rows.map((): (string | null)[] => columns.map(() => null));
  const places = {
    column: new Map(columns.map((name, i) => [name, i])),
    row: new Map(rows.map((name, i) => [name, i])),
  };
  for (const row of data.rows) {
    const line = must(cells[must(places.row.get(nameOf(row[y])), "a row of the grid")], "a row of the grid");
    const at = must(places.column.get(nameOf(row[x])), "a column of the grid");
    line[at] = add(line[at], row[value]);
  }
  return {
    shape: "grid",
    columns,
    rows,
    columnLabel: columnAt(data, x).label,
    rowLabel: columnAt(data, y).label,
    format: formatOf(data.columns[value]),
    cells,
    notes: data.others === null ? [] : [`${data.others.groups} more combinations are left out.`],
  };
}
