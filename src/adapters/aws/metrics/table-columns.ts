import type { StructureProblem } from "../../shared/csv-structure.ts";
import { tryParseTags } from "../../../core/metrics/tags.ts";
import type { SourceName } from "../../../ports/load.ts";

/** A column as a file has it. */
export interface FileColumn {
  name: string;
  /** Holds binary floating point: no exact decimals, so that the shortest text of a number is what it means. */
  float: boolean;
  /** Holds text as it was written, where a word may stand for no value. */
  text: boolean;
}

/** A column of a file, or a key of the map or JSON object it holds. */
export interface Column extends FileColumn {
  at: number;
  key?: string;
}

/** The texts of a row by the position of their columns, null where there is no value. */
export type Fields = readonly (string | null)[];

/** A row of a file: its texts, or why it is none. `line` as in `Rejection`. */
export type TableRow = { line: number | null } & ({ fields: Fields } | { problem: StructureProblem });

export type FindColumn = (names: readonly SourceName[]) => Column | undefined;

/** Finds the first of several columns that a file has; see `SourceName`. */
export function columnFinder(columns: readonly FileColumn[]): FindColumn {
  const positions = new Map(columns.map((column, at) => [column.name.toLowerCase(), { ...column, at }]));
  return (names) => {
    for (const name of names) {
      const found = positions.get(name.toLowerCase());
      if (found !== undefined) return found;
      const [map = "", key] = name.split("->");
      const holder = key === undefined ? undefined : positions.get(map.toLowerCase());
      if (holder !== undefined && key !== undefined) return { ...holder, key };
    }
    return undefined;
  };
}

export function columnsThatBegin(columns: readonly FileColumn[], beginnings: readonly string[]): Column[] {
  const lower = beginnings.map((beginning) => beginning.toLowerCase());
  return columns
    .map((column, at) => ({ ...column, at }))
    .filter(({ name }) => lower.some((beginning) => name.toLowerCase().startsWith(beginning)));
}

/** A column's text in a row, null where it is empty or a null word. */
export function textOf(column: Column, fields: Fields, nulls: ReadonlySet<string>): string | null {
  const found = fields[column.at] ?? null;
  if (found === null || (column.text && nulls.has(found))) return null;
  if (column.key === undefined) return found;
  const value = tryParseTags(found)?.[column.key] ?? "";
  return value === "" ? null : value;
}

/** Says which columns a mapping leaves out on purpose; see `TableMapping.ignored`. */
export function isIgnored(names: readonly string[]): (column: string) => boolean {
  const lower = names.map((name) => name.toLowerCase());
  const exact = new Set(lower);
  const families = lower.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1));
  return (column) => {
    const name = column.toLowerCase();
    return exact.has(name) || families.some((family) => name.startsWith(family));
  };
}
