import type { FactType } from "../../core/metrics/datasets.ts";
import type {
  FieldCase,
  FieldCondition,
  FieldMapping,
  FieldValue,
  SourceName,
  TableMapping,
} from "../../ports/load.ts";
import { literal, sqlType } from "../../duckdb/sql.ts";

/** A column of a file as the engine reads it. */
export interface SourceColumn {
  /** As the file names it. */
  name: string;
  /** The identifier it is read by. */
  id: string;
  /** The engine's type. */
  type: string;
  /** Of the map or JSON object it holds, the key that is meant. */
  key?: string;
}

/** One value to read: a field of the mapping, the instant of the billing period, or what a field's cases need. */
export interface Reading {
  /** Column of the stage; empty for what only cases need. */
  target: string;
  type: FactType;
  required: boolean;
  rename: Readonly<Record<string, string>>;
  /** undefined when the file has none of the field's columns. */
  source: SourceColumn | undefined;
  /** Columns that hold a tag each. */
  tags: readonly SourceColumn[];
  /** What the stage's column is given instead of the reading's own value, over `r0`, `v0`, `r1`, …. */
  expression?: string;
}

/** Stage column of the month a row is billed in. */
export const PERIOD = "period";

/**
 * What to read from a file with these columns: the mapping's fields in their order, then its period, then the columns
 * that fields' cases look at.
 */
export function readings(mapping: TableMapping, columns: readonly SourceColumn[]): Reading[] {
  const find = columnFinder(columns);
  const none = { required: false, rename: {}, tags: [] };
  const fields = mapping.fields.map((field: FieldMapping): Reading => {
    const { target, type, required, rename = {} } = field;
    const source = find(field.from);
    const tags = source === undefined ? columnsThatBegin(columns, field.tagColumns ?? []) : [];
    return { target, type, required, rename, source, tags };
  });
  const period: Reading = {
    ...none,
    target: PERIOD,
    type: "instant",
    required: true,
    source: find(mapping.period),
  };
  const all = [...fields, period];
  const positions = new Map<string, number>();
  const inputs: CaseInputs = (names, type) => {
    const source = find(names);
    if (source === undefined) return undefined;
    const key = JSON.stringify([source.id, source.key, type]);
    const at = positions.get(key) ?? all.push({ ...none, target: "", type, source }) - 1;
    positions.set(key, at);
    return at;
  };
  mapping.fields.forEach((field, i) => {
    const reading = all[i];
    if (reading === undefined || field.cases === undefined) return;
    reading.expression = casesExpression(field.cases, field.type, `v${i}`, inputs);
  });
  return all;
}

/** Columns by name, or by name and key. */
function columnFinder(
  columns: readonly SourceColumn[],
): (names: readonly SourceName[]) => SourceColumn | undefined {
  const byName = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  return (names) => {
    for (const name of names) {
      const column = byName.get(name.toLowerCase());
      if (column !== undefined) return column;
      const [map = "", key] = name.split("->");
      const holder = key === undefined ? undefined : byName.get(map.toLowerCase());
      if (holder !== undefined && key !== undefined) return { ...holder, key };
    }
    return undefined;
  };
}

function columnsThatBegin(columns: readonly SourceColumn[], beginnings: readonly string[]): SourceColumn[] {
  return columns.filter(({ name }) =>
    beginnings.some((beginning) => name.toLowerCase().startsWith(beginning.toLowerCase())),
  );
}

/** Reads a column too. @returns the index of its reading; undefined when the file has none of the names */
type CaseInputs = (names: readonly SourceName[], type: FactType) => number | undefined;

function casesExpression(
  cases: readonly FieldCase[],
  type: FactType,
  otherwise: string,
  inputs: CaseInputs,
): string {
  const branches = cases.flatMap(({ when, then }) => {
    const conditions = when.map((condition) => conditionExpression(condition, inputs));
    if (conditions.includes(undefined)) return [];
    return [`WHEN ${["true", ...conditions].join(" AND ")} THEN ${valueExpression(then, type, inputs)}`];
  });
  return branches.length === 0 ? otherwise : `CASE ${branches.join(" ")} ELSE ${otherwise} END`;
}

/** @returns undefined when no row can fulfil it */
function conditionExpression({ column, is }: FieldCondition, inputs: CaseInputs): string | undefined {
  const at = inputs(column, "string");
  if (at === undefined) return undefined;
  return is === undefined ? `r${at} IS NOT NULL` : `r${at} IN (${is.map(literal).join(", ")})`;
}

function valueExpression(value: FieldValue, type: FactType, inputs: CaseInputs): string {
  const none = `NULL::${sqlType(type)}`;
  if ("text" in value) return `${literal(value.text)}::${sqlType(type)}`;
  if ("column" in value) {
    const at = inputs(value.column, type);
    return at === undefined ? none : `v${at}`;
  }
  const terms = value.sum.flatMap(({ column, sign }) => {
    const at = inputs(column, type);
    return at === undefined ? [] : [{ name: `v${at}`, sign: sign === 1 ? "+" : "-" }];
  });
  if (terms.length === 0) return none;
  const sum = terms.map(({ name, sign }) => `${sign} coalesce(${name}, 0::${sqlType(type)})`);
  const known = `coalesce(${terms.map(({ name }) => name).join(", ")})`;
  return `CASE WHEN ${known} IS NOT NULL THEN TRY(0::${sqlType(type)} ${sum.join(" ")}) END`;
}
