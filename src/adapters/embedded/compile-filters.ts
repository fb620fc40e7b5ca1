import type { PlannedFilter, PlannedKey } from "../../core/query/plan.ts";
import type { FilterOp } from "../../core/query/query.ts";
import { formatDecimal, parseDecimal } from "../../core/money/decimal.ts";
import { identifier, literal, sqlType } from "../../duckdb/sql.ts";

/**
 * Values of a statement. Text of users is bound, never part of the statement; dates and numbers, which the plan has
 * checked and which are written anew from what they were parsed to, stand in it.
 */
export class Bindings {
  readonly values: string[] = [];

  /** @returns the placeholder */
  bind(value: string): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** A calendar date the plan has checked. */
export function dateLiteral(date: string): string {
  return `DATE ${literal(date)}`;
}

/**
 * The expression a key groups by, over a fact's columns. Weeks start on Monday (ISO 8601).
 * @param day the expression of the fact's day in the dates of the range asked for
 */
export function keyExpression(key: PlannedKey, day: string): string {
  const { kind, column } = key.dimension;
  switch (kind) {
    case "day":
      return day;
    case "week":
    case "month":
      return `date_trunc('${kind}', ${day})::DATE`;
    case "tag":
      return `json_extract_string(${identifier(column)}, ${tagPointer(key.tagKey ?? "")})`;
    case "column":
      return identifier(column);
    case "date":
      return `${identifier(column)}::DATE`;
    case "instant":
      return `strftime(${identifier(column)}, '%Y-%m-%dT%H:%M:%S.%gZ')`;
    case "source":
    case "period":
      // The inner table has no load_id, so that the name means the fact's.
      return `(SELECT s.${kind} FROM (SELECT load_id AS id, ${kind} FROM loads) s WHERE s.id = load_id)`;
  }
}

/** A JSON Pointer (RFC 6901) to a tag: unlike a JSON path it has no wildcards and only two characters to escape. */
function tagPointer(tag: string): string {
  const pointer = `/${tag.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  // The engine's parser ends a statement at a NUL.
  return pointer.split("\0").map(literal).join(" || chr(0) || ");
}

/** The condition of a dimension filter; `day` as for {@link keyExpression}. */
export function filterCondition(
  filter: Extract<PlannedFilter, { on: "dimension" }>,
  day: string,
  bindings: Bindings,
): string {
  const subject = keyExpression(filter.key, day);
  const isDate = filter.key.dimension.column === "day" || filter.key.dimension.kind === "date";
  const value = (text: string): string => (isDate ? dateLiteral(text) : bindings.bind(text));
  return condition(subject, filter.op, filter.values, value);
}

/** The condition of a filter on facts that carry a value, or do not. */
export function presenceCondition(filter: Extract<PlannedFilter, { on: "presence" }>): string {
  return `${identifier(filter.column)} IS ${filter.present ? "NOT " : ""}NULL`;
}

/** The condition of a measure filter, over the column that holds the group's value. */
export function measureCondition(column: string, filter: Extract<PlannedFilter, { on: "measure" }>): string {
  const value = (text: string): string =>
    `CAST(${literal(formatDecimal(parseDecimal(text)))} AS ${sqlType("decimal")})`;
  return condition(column, filter.op, filter.values, value);
}

function condition(
  subject: string,
  op: FilterOp,
  values: readonly (string | null)[],
  sql: (text: string) => string,
): string {
  const texts = values.filter((v) => v !== null);
  const withNull = texts.length < values.length;
  const first = (): string => sql(texts[0] ?? "");
  switch (op) {
    case "equals":
    case "in":
      return memberOf(subject, texts.map(sql), withNull);
    case "not":
      return `NOT (${memberOf(subject, texts.map(sql), withNull)})`;
    case "contains":
      return `contains(lower(${subject}), lower(${first()}))`;
    case "starts":
      return `starts_with(lower(${subject}), lower(${first()}))`;
    case "ends":
      return `suffix(lower(${subject}), lower(${first()}))`;
    case "greater":
      return `${subject} > ${first()}`;
    case "less":
      return `${subject} < ${first()}`;
    case "between":
      return `${subject} BETWEEN ${first()} AND ${sql(texts[1] ?? "")}`;
  }
}

/** True or false, never null, so that it can be negated. */
function memberOf(subject: string, values: readonly string[], withNull: boolean): string {
  const parts = withNull ? [`${subject} IS NULL`] : [];
  if (values.length > 0) parts.push(`(${subject} IS NOT NULL AND ${subject} IN (${values.join(", ")}))`);
  return parts.length === 0 ? "false" : parts.join(" OR ");
}
