import { shorten } from "../core/errors/bounded.ts";
import { invalid } from "../core/errors/errors.ts";
import type { FilterOp, QueryFilter, QuerySort } from "../core/query/query.ts";

/** How filters are written in one line, for URLs and the command line; longer signs first. */
const SIGNS: readonly (readonly [sign: string, op: FilterOp])[] = [
  ["!=", "not"],
  ["=", "equals"],
  ["~", "contains"],
  ["^", "starts"],
  ["$", "ends"],
  [">", "greater"],
  ["<", "less"],
];

const HELP =
  'Write FIELD, a sign and a value: service=AmazonEC2, region!=eu-west-1, account=1,2 (any of), service~cloud (contains), service^Amazon (starts), service$Storage (ends), billed_cost>100, day=2024-09-01..2024-09-07 (between), region= (no value). Quote what holds a comma or a sign: service="a, b".';

/**
 * Reads a filter from one line of text, such as `service!=a,b`. Names and values are checked by `planQuery`.
 * @param field names the parameter in the error
 * @throws DomainError `query.invalid-filter` that explains the notation
 */
export function parseFilter(text: string, field = "where"): QueryFilter {
  const name = readName(text);
  const rest = text.slice(name.length);
  const found = SIGNS.find(([sign]) => rest.startsWith(sign));
  if (found === undefined || name === "") throw unreadable(text, field);
  const [sign, op] = found;
  const fieldName = unquote(name);
  const values = splitValues(rest.slice(sign.length));
  if (values === undefined) throw unreadable(text, field);
  const between = op === "equals" && values.length === 1 ? splitBetween(rest.slice(sign.length)) : undefined;
  if (between !== undefined) return { field: fieldName, op: "between", value: between };
  if (values.length === 1) return { field: fieldName, op, value: values[0] ?? null };
  return { field: fieldName, op: op === "equals" ? "in" : op, value: values };
}

/** The inverse of `parseFilter`, for links and messages. */
export function formatFilter(filter: QueryFilter): string {
  const field = /^[\w.:-]+$/.test(filter.field) ? filter.field : quote(filter.field);
  const values = Array.isArray(filter.value)
    ? (filter.value as readonly (string | null)[])
    : [filter.value as string | null];
  const written = values.map((value) =>
    value === null ? "" : /[",]|\.\.|^\s|\s$|^$/.test(value) ? quote(value) : value,
  );
  if (filter.op === "between") return `${field}=${written.join("..")}`;
  const sign = SIGNS.find(([, op]) => op === filter.op)?.[0] ?? "=";
  return `${field}${sign}${written.join(",")}`;
}

/** Reads sort columns as written in a URL: `-billed_cost` descends. */
export function parseSort(names: readonly string[]): QuerySort[] {
  return names.map((name) =>
    name.startsWith("-") ? { by: name.slice(1), order: "desc" } : { by: name, order: "asc" },
  );
}

function unreadable(text: string, field: string): Error {
  return invalid("query.invalid-filter", `${field} "${shorten(text)}" is not a filter`, {
    field,
    fix: HELP,
  });
}

/** The field in front of the sign; quoted when it holds a sign itself. */
function readName(text: string): string {
  return /^"(?:[^"]|"")*"|^[^=!~^$<>"]+/.exec(text)?.[0] ?? "";
}

/** Comma-separated values, each bare or in double quotes (doubled inside); an empty bare one is null. */
function splitValues(text: string): (string | null)[] | undefined {
  const values: (string | null)[] = [];
  const pattern = /\s*(?:"((?:[^"]|"")*)"\s*|([^",][^,]*|))(,|$)/y;
  for (;;) {
    const match = pattern.exec(text);
    if (match === null) return undefined;
    const [, quoted, bare = "", end] = match;
    const trimmed = bare.trim();
    if (quoted !== undefined) values.push(quoted.replaceAll('""', '"'));
    else values.push(trimmed === "" ? null : trimmed);
    if (end !== ",") return values;
  }
}

function splitBetween(text: string): [string, string] | undefined {
  const match = /^([^".,]+(?:\.\d+)?)\.\.([^".,]+(?:\.\d+)?)$/.exec(text.trim());
  return match?.[1] === undefined || match[2] === undefined ? undefined : [match[1].trim(), match[2].trim()];
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text.trim();
}
