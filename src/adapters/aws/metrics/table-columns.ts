import { tryParseTags } from "../../../core/metrics/tags.ts";
import type { SourceName } from "../../../ports/load.ts";

/** A column of a file, or a key of the map or JSON object it holds. */
export interface Column {
  at: number;
  name: string;
  key?: string;
}

export type FindColumn = (names: readonly SourceName[]) => Column | undefined;

/** Finds the first of several columns that a file has; see `SourceName`. */
export function columnFinder(header: readonly string[]): FindColumn {
  const positions = new Map(header.map((name, at) => [name.toLowerCase(), { at, name }]));
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

export function columnsThatBegin(header: readonly string[], beginnings: readonly string[]): Column[] {
  const columns = header.map((name, at) => ({ name, at }));
  return columns.filter(({ name }) =>
    beginnings.some((beginning) => name.toLowerCase().startsWith(beginning.toLowerCase())),
  );
}

/** A column's text in a row, null where it is empty or a null word. */
export function textOf(column: Column, fields: readonly string[], nulls: ReadonlySet<string>): string | null {
  const found = fields[column.at] ?? "";
  if (nulls.has(found)) return null;
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
