import { shorten } from "../errors/bounded.ts";
import { invalid } from "../errors/errors.ts";
import { unknownNameFix } from "../errors/suggest.ts";
import {
  type Dataset,
  datasetOf,
  type Dimension,
  dimensionNames,
  type Measure,
} from "../metrics/datasets.ts";
import { tryParseDecimal } from "../money/decimal.ts";
import { tryParseDate } from "../time/dates.ts";
import {
  type ComparedRange,
  comparedRange,
  type Comparison,
  type DayRange,
  REACHED_DAYS,
  resolveRange,
} from "../time/ranges.ts";
import type { AnalyticsQuery, FilterOp, QueryFilter, QuerySort } from "./query.ts";

/** A dimension to group by; `tagKey` is set for tags. */
export interface PlannedKey {
  /** As the query wrote it, e.g. `service` or `tag:env`. */
  id: string;
  dimension: Dimension;
  tagKey?: string;
}

/**
 * A checked filter: `values` has one entry, or two for `between`, or any number for `in` and `not`. `presence` keeps
 * facts whose decimal column has a value, or has none.
 */
export type PlannedFilter =
  | { on: "dimension"; key: PlannedKey; op: FilterOp; values: readonly (string | null)[] }
  | { on: "measure"; measure: number; op: FilterOp; values: readonly string[] }
  | { on: "presence"; column: string; present: boolean };

/** Sort by a key or a measure (by index), the measure's value in the compared range, or the change between the two. */
export type PlannedSort = { order: "asc" | "desc" } & (
  { on: "key"; index: number } | { on: "measure" | "previous" | "change"; index: number }
);

/**
 * A checked query, ready for a store: aggregate `measures` over `range` (and `compare`) grouped by `keys`, keep facts
 * that pass all dimension filters and groups that pass all measure filters.
 */
export interface QueryPlan {
  dataset: Dataset;
  range: DayRange;
  zone: string;
  compare?: ComparedRange & { kind: Comparison };
  keys: readonly PlannedKey[];
  measures: readonly Measure[];
  filters: readonly PlannedFilter[];
  sort: readonly PlannedSort[];
  limit?: number;
}

export const MAX_KEYS = 8;
export const MAX_MEASURES = 8;
export const MAX_FILTERS = 20;
export const MAX_FILTER_VALUES = 500;

const MEASURE_OPS: readonly FilterOp[] = ["equals", "not", "greater", "less", "between"];
const TEXT_OPS: readonly FilterOp[] = ["equals", "not", "in", "contains", "starts", "ends"];
const DATE_OPS: readonly FilterOp[] = ["equals", "not", "in", "greater", "less", "between"];
const PRESENCE_OPS: readonly FilterOp[] = ["equals", "not", "in"];

/**
 * Checks a query and resolves its names and dates.
 * @param now the instant presets are relative to
 * @param zone the tenant's IANA zone
 * @param most dimensions a question of the service's own may group by, where it needs more than a user's may
 * @throws DomainError naming the field and the allowed values: `query.unknown-dataset`, `query.unknown-dimension`,
 *   `query.unknown-measure`, `query.invalid-filter`, `query.invalid-sort`, `query.invalid-limit`, `query.too-many`,
 *   `query.mixed-measures`, and those of `resolveRange`
 */
export function planQuery(
  query: AnalyticsQuery,
  now: Date,
  zone: string,
  most: { keys: number } = { keys: MAX_KEYS },
): QueryPlan {
  const dataset = datasetOf(query.dataset);
  const range = resolveRange(query.range, now, zone, REACHED_DAYS);
  const groupBy = query.groupBy ?? [];
  atMost(groupBy.length, most.keys, "groupBy", "dimensions");
  const keys = groupBy.map((name, i) => planKey(dataset, name, `groupBy[${i}]`));
  const repeated = keys.find((key, i) => keys.findIndex((k) => k.id === key.id) !== i);
  if (repeated !== undefined) {
    throw invalid("query.repeated-dimension", `groupBy names ${shorten(repeated.id)} twice`, {
      field: "groupBy",
      fix: "Name each dimension once.",
    });
  }
  const measures = planMeasures(dataset, query.measures ?? dataset.defaultMeasures);
  const filters = query.filters ?? [];
  atMost(filters.length, MAX_FILTERS, "filters", "filters");
  const compared = query.compare === undefined ? undefined : comparedRange(range, query.compare);
  return {
    dataset,
    range,
    zone,
    ...(compared !== undefined &&
      query.compare !== undefined && { compare: { ...compared, kind: query.compare } }),
    keys,
    measures,
    filters: filters.map((filter, i) => planFilter(dataset, measures, filter, `filters[${i}]`)),
    sort: planSort(query.sort ?? [], keys, measures, compared !== undefined),
    ...(query.limit !== undefined && { limit: checkLimit(query.limit) }),
  };
}

function atMost(count: number, most: number, field: string, what: string): void {
  if (count <= most) return;
  throw invalid("query.too-many", `${field} has ${count} ${what}; at most ${most} are allowed`, {
    field,
    fix: `Keep ${most} or fewer.`,
  });
}

function planKey(dataset: Dataset, name: string, field: string): PlannedKey {
  if (name.startsWith("tag:") && name.length > 4) {
    const dimension = dataset.dimensions.find((d) => d.kind === "tag");
    if (dimension !== undefined) return { id: name, dimension, tagKey: name.slice(4) };
  }
  const dimension = dataset.dimensions.find((d) => d.id === name && d.kind !== "tag");
  if (dimension !== undefined) return { id: name, dimension };
  const allowed = dimensionNames(dataset);
  throw invalid("query.unknown-dimension", `${field}: ${dataset.id} has no dimension "${shorten(name)}"`, {
    field,
    allowed,
    fix: unknownNameFix(name, allowed),
  });
}

function planMeasures(dataset: Dataset, names: readonly string[]): Measure[] {
  if (names.length === 0) {
    throw invalid("query.no-measure", "A query needs at least one measure", {
      field: "measures",
      allowed: dataset.measures.map((m) => m.id),
      fix: `Name one of ${dataset.measures.map((m) => m.id).join(", ")}.`,
    });
  }
  atMost(names.length, MAX_MEASURES, "measures", "measures");
  const measures = [...new Set(names)].map((name) => {
    const measure = dataset.measures.find((m) => m.id === name);
    if (measure !== undefined) return measure;
    const allowed = dataset.measures.map((m) => m.id);
    const field = `measures[${names.indexOf(name)}]`;
    throw invalid("query.unknown-measure", `${field}: ${dataset.id} has no measure "${shorten(name)}"`, {
      field,
      allowed,
      fix: unknownNameFix(name, allowed),
    });
  });
  if (new Set(measures.map((m) => m.kind)).size > 1) {
    throw invalid("query.mixed-measures", "Counters and gauges cannot be asked for in one query", {
      field: "measures",
      fix: "Counters add up over days, gauges take the last value; use two queries.",
    });
  }
  return measures;
}

function planFilter(
  dataset: Dataset,
  measures: readonly Measure[],
  filter: QueryFilter,
  field: string,
): PlannedFilter {
  const values =
    typeof filter.value === "string" || filter.value === null ? [filter.value] : [...filter.value];
  const measure = dataset.measures.find((m) => m.id === filter.field);
  if (measure !== undefined) {
    if (asksForPresence(measure, filter, values))
      return { on: "presence", column: measure.column, present: filter.op === "not" };
    const index = measures.findIndex((m) => m.id === filter.field);
    if (index < 0) {
      throw invalid(
        "query.invalid-filter",
        `${field}: the measure ${filter.field} is filtered on but not requested`,
        {
          field: `${field}.field`,
          allowed: measures.map((m) => m.id),
          fix: `Add ${filter.field} to measures.`,
        },
      );
    }
    checkOp(filter, MEASURE_OPS, field);
    return { on: "measure", measure: index, op: filter.op, values: checkNumbers(filter, values, field) };
  }
  const key = planKey(dataset, filter.field, `${field}.field`);
  const { kind, column } = key.dimension;
  const isDate = column === "day" || kind === "date";
  checkOp(filter, kind === "instant" ? PRESENCE_OPS : isDate ? DATE_OPS : TEXT_OPS, field);
  checkCount(filter, values, field);
  // A day is always known; the date of an instant column may be missing, and asked for by null.
  if (isDate) {
    const nullable = kind === "date" && PRESENCE_OPS.includes(filter.op);
    checkDates(nullable ? values.filter((value) => value !== null) : values, field);
  }
  if (kind === "instant") checkPresence(filter, values, field);
  if (["contains", "starts", "ends"].includes(filter.op) && values[0] === null) {
    throw invalid("query.invalid-filter", `${field}: ${filter.op} needs a text value`, {
      field: `${field}.value`,
      fix: 'Use "equals" with null to find facts without a value.',
    });
  }
  return { on: "dimension", key, op: filter.op, values };
}

/**
 * Null asks for facts without the measure, as it does of a dimension; only a group's sum can be compared with a number.
 */
function asksForPresence(measure: Measure, { op }: QueryFilter, values: readonly (string | null)[]): boolean {
  if (measure.column === "rows" || (op !== "equals" && op !== "not")) return false;
  return values.length > 0 && values.every((value) => value === null);
}

function checkOp(filter: QueryFilter, allowed: readonly FilterOp[], field: string): void {
  if (allowed.includes(filter.op)) return;
  throw invalid(
    "query.invalid-filter",
    `${field}: ${shorten(filter.field)} cannot be filtered with "${shorten(filter.op)}"`,
    {
      field: `${field}.op`,
      allowed,
      fix: unknownNameFix(filter.op, allowed),
    },
  );
}

function checkCount(filter: QueryFilter, values: readonly unknown[], field: string): void {
  const [least, most] =
    filter.op === "between"
      ? [2, 2]
      : filter.op === "in" || filter.op === "not"
        ? [1, MAX_FILTER_VALUES]
        : [1, 1];
  if (values.length >= least && values.length <= most) return;
  const wanted = least === most ? `${least}` : `${least} to ${most}`;
  throw invalid(
    "query.invalid-filter",
    `${field}: ${filter.op} takes ${wanted} value(s), not ${values.length}`,
    {
      field: `${field}.value`,
      fix: filter.op === "equals" ? 'Use "in" for several values.' : `Give ${wanted} value(s).`,
    },
  );
}

function checkNumbers(filter: QueryFilter, values: readonly (string | null)[], field: string): string[] {
  checkCount(filter, values, field);
  return values.map((value) => {
    if (value !== null && tryParseDecimal(value) !== undefined) return value;
    throw invalid("query.invalid-filter", `${field}: "${shorten(String(value))}" is not a number`, {
      field: `${field}.value`,
      fix: "Write it like 1234.56, without thousands separators or currency signs.",
    });
  });
}

function checkDates(values: readonly (string | null)[], field: string): void {
  const bad = values.find((value) => value === null || tryParseDate(value) === undefined);
  if (bad === undefined) return;
  throw invalid("query.invalid-filter", `${field}: "${shorten(String(bad))}" is not a calendar date`, {
    field: `${field}.value`,
    fix: "Write it as YYYY-MM-DD, for example 2024-09-01.",
  });
}

function checkPresence(filter: QueryFilter, values: readonly (string | null)[], field: string): void {
  if (values.every((value) => value === null)) return;
  throw invalid("query.invalid-filter", `${field}: ${filter.field} can be filtered only for presence`, {
    field: `${field}.value`,
    fix: "Use null: equals null selects facts without it, not null those with it.",
  });
}

function planSort(
  sorts: readonly QuerySort[],
  keys: readonly PlannedKey[],
  measures: readonly Measure[],
  compared: boolean,
): PlannedSort[] {
  if (sorts.length === 0) return defaultSort(keys);
  return sorts.map((sort, i): PlannedSort => {
    const key = keys.findIndex((k) => k.id === sort.by);
    if (key >= 0) return { on: "key", index: key, order: sort.order };
    const [name, suffix] = sort.by.split(".");
    const index = measures.findIndex((m) => m.id === name);
    if (index >= 0 && suffix === undefined) return { on: "measure", index, order: sort.order };
    if (index >= 0 && compared && (suffix === "previous" || suffix === "change")) {
      return { on: suffix, index, order: sort.order };
    }
    const changes = compared ? measures.flatMap((m) => [`${m.id}.previous`, `${m.id}.change`]) : [];
    const allowed = [...keys.map((k) => k.id), ...measures.map((m) => m.id), ...changes];
    throw invalid("query.invalid-sort", `sort[${i}]: "${shorten(sort.by)}" is not a column of the result`, {
      field: `sort[${i}].by`,
      allowed,
      fix: unknownNameFix(sort.by, allowed),
    });
  });
}

function defaultSort(keys: readonly PlannedKey[]): PlannedSort[] {
  const time = keys.findIndex((key) => key.dimension.column === "day");
  const byTime: PlannedSort[] = time < 0 ? [] : [{ on: "key", index: time, order: "asc" }];
  return [...byTime, { on: "measure", index: 0, order: "desc" }];
}

function checkLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1) return limit;
  throw invalid("query.invalid-limit", `limit ${limit} is not a positive whole number`, {
    field: "limit",
    fix: "Give a whole number from 1.",
  });
}
