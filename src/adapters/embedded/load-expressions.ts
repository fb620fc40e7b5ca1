import type { FactType } from "../../core/metrics/datasets.ts";
import { SCALE } from "../../core/money/decimal.ts";
import { INSTANT_PATTERN } from "../../core/time/instants.ts";
import type { FieldMapping, TableMapping } from "../../ports/load.ts";
import { identifier, literal, sqlType } from "./schema.ts";

/** Digits before the point that DECIMAL(38,18) holds. */
const WHOLE_DIGITS = 38 - SCALE;
/** A sign, a point and digits that fit in this many bytes cannot have more than 18 decimals. */
const SHORT_DECIMAL = SCALE + 1;
/** What `String.prototype.trim` removes, as core's parser does. */
const WHITESPACE =
  "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";

/**
 * Functions that read text in the engine exactly as core's parsers do (a property test holds both together), null
 * for text that is none. Each takes the common spellings on a fast path: a bill has five decimals and three instants
 * a row.
 *
 * A cast rounds what does not fit 18 decimals, takes `1_000` and ignores the offset of an instant, all without a
 * word, hence the long way round.
 */
export function readerMacros(): string[] {
  const decimal = sqlType("decimal");
  const number = "[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?";
  return [
    // `d` are the digits without leading and trailing zeros, `e` the power of ten they are multiplied by.
    `CREATE OR REPLACE TEMP MACRO place_digits(sign, d, e) AS CASE
      WHEN d = '' THEN 0::${decimal}
      WHEN e < -${SCALE} OR length(d) + e > ${WHOLE_DIGITS} THEN NULL
      WHEN e >= 0 THEN (sign || d || repeat('0', e::BIGINT))::${decimal}
      ELSE (sign || left(lpad(d, greatest(length(d), 1 - e)::INTEGER, '0'), (greatest(length(d), 1 - e) + e)::BIGINT)
        || '.' || right(lpad(d, greatest(length(d), 1 - e)::INTEGER, '0'), (-e)::BIGINT))::${decimal} END`,
    `CREATE OR REPLACE TEMP MACRO strip_digits(sign, whole, fraction, exponent) AS
      place_digits(sign, rtrim(ltrim(whole || fraction, '0'), '0'),
        length(whole || fraction) - length(rtrim(whole || fraction, '0')) - length(fraction) + exponent)`,
    `CREATE OR REPLACE TEMP MACRO long_decimal(x) AS CASE WHEN regexp_full_match(x, ${literal(number)}) THEN
      strip_digits(CASE WHEN x[1] = '-' THEN '-' ELSE '' END, regexp_extract(x, '^[+-]?([0-9]*)', 1),
        regexp_extract(x, '\\.([0-9]*)', 1), coalesce(TRY_CAST(regexp_extract(x, '[eE](.*)$', 1) AS INTEGER), 0)) END`,
    // The cast takes a lone sign followed by a space for 0.
    `CREATE OR REPLACE TEMP MACRO read_decimal(x) AS coalesce(CASE WHEN strlen(x) <= ${SHORT_DECIMAL}
        AND NOT (contains(x, '_') OR contains(x, 'e') OR contains(x, 'E') OR contains(x, ' ')) THEN TRY_CAST(x AS ${decimal}) END, long_decimal(trim(x, ${literal(WHITESPACE)})))`,
    `CREATE OR REPLACE TEMP MACRO offset_minutes(sign, hours, minutes) AS CASE WHEN sign NOT IN ('+', '-') THEN 0
      WHEN hours <= '15' AND minutes <= '59' THEN
        (sign || '1')::BIGINT * (TRY_CAST(hours AS BIGINT) * 60 + coalesce(TRY_CAST(minutes AS BIGINT), 0)) END`,
    `CREATE OR REPLACE TEMP MACRO join_instant(p) AS TRY_CAST(p.day || CASE WHEN p.hour = '' THEN '' ELSE
        ' ' || p.hour || ':' || p.minute || ':' || CASE p.second WHEN '' THEN '00' ELSE p.second END
        || CASE p.fraction WHEN '' THEN '' ELSE '.' || left(p.fraction, 6) END END AS TIMESTAMP)
      - to_minutes(offset_minutes(p.zone[1], p.zone[2:3], p.minutes))`,
    `CREATE OR REPLACE TEMP MACRO long_instant(x) AS CASE WHEN regexp_full_match(x, ${literal(INSTANT_PATTERN)}) THEN
      join_instant(regexp_extract(x, '^(.{10})(?:.(..):(..)(?::(..)(?:\\.([0-9]+))?)?)?(?: ?(Z|UTC|[+-]..):?(..)?)?$',
        ['day', 'hour', 'minute', 'second', 'fraction', 'zone', 'minutes'])) END`,
    // Years 0 and before, and beyond 9999, are typing errors; the range also refuses the engine's word "infinity".
    `CREATE OR REPLACE TEMP MACRO plausible(t) AS
      CASE WHEN t >= TIMESTAMP '0001-01-01' AND t < TIMESTAMP '10000-01-01' THEN t END`,
    `CREATE OR REPLACE TEMP MACRO read_instant(x) AS plausible(CASE
      WHEN strlen(x) IN (10, 19) AND x[5] = '-' AND x[8] = '-' AND (x[11] IN ('', ' ', 'T')) AND x[14] IN ('', ':') AND x[17] IN ('', ':')
      THEN TRY_CAST(x AS TIMESTAMP) ELSE long_instant(x) END)`,
    ...tagMacros(),
  ];
}

function tagMacros(): string[] {
  const part = (name: string): string =>
    `coalesce(${[name, name.toLowerCase(), name.toUpperCase()].map((key) => `json_extract_string(pair, '$.${key}')`).join(", ")})`;
  const isPair = `json_type(pair) = 'OBJECT' AND ${part("Key")} IS NOT NULL`;
  // The engine may evaluate both sides of AND, OR and CASE: every cast has to be safe by itself.
  return [
    `CREATE OR REPLACE TEMP MACRO pair_entries(pairs) AS CASE WHEN len(list_filter(pairs, lambda pair: ${isPair})) = len(pairs)
      THEN list_transform(pairs, lambda pair: {'key': ${part("Key")}, 'value': ${part("Value")}}) END`,
    `CREATE OR REPLACE TEMP MACRO json_entries(j) AS CASE json_type(j)
      WHEN 'OBJECT' THEN map_entries((CASE json_type(j) WHEN 'OBJECT' THEN j END)::MAP(VARCHAR, VARCHAR))
      WHEN 'ARRAY' THEN pair_entries(json_extract(j, '$[*]')) END`,
    `CREATE OR REPLACE TEMP MACRO tag_entries(x) AS json_entries(TRY_CAST(x AS JSON))`,
    // Of a key given twice the last counts.
    `CREATE OR REPLACE TEMP MACRO last_of_each(entries) AS list_filter(entries, lambda e, i:
      e.value IS NOT NULL AND NOT list_contains(list_transform(entries[i + 1:], lambda later: later.key), e.key))`,
    `CREATE OR REPLACE TEMP MACRO flat_tags(entries) AS
      CASE WHEN len(entries) > 0 THEN to_json(map_from_entries(entries))::VARCHAR END`,
    `CREATE OR REPLACE TEMP MACRO read_tags(x) AS flat_tags(last_of_each(tag_entries(x)))`,
    `CREATE OR REPLACE TEMP MACRO tags_lost(x) AS x IS NOT NULL AND tag_entries(x) IS NULL`,
  ];
}

/** A column of a file as the engine reads it. */
export interface SourceColumn {
  /** As the file names it. */
  name: string;
  /** The identifier it is read by. */
  id: string;
  /** The engine's type; `CSV` for text whose null words the reader has taken out. */
  type: string;
}

/** One value to read: a field of the mapping, or the instant of the billing period. */
export interface Reading {
  /** Column of the stage. */
  target: string;
  type: FactType;
  required: boolean;
  rename: Readonly<Record<string, string>>;
  /** undefined when the file has none of the field's columns. */
  source: SourceColumn | undefined;
}

/** Stage column of the month a row is billed in. */
export const PERIOD = "period";

/** What to read from a file with these columns: the mapping's fields, then its period. */
export function readings(mapping: TableMapping, columns: readonly SourceColumn[]): Reading[] {
  const byName = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  const find = (names: readonly string[]): SourceColumn | undefined => {
    for (const name of names) {
      const column = byName.get(name.toLowerCase());
      if (column !== undefined) return column;
    }
    return undefined;
  };
  const fields = mapping.fields.map((field: FieldMapping) => ({
    target: field.target,
    type: field.type,
    required: field.required,
    rename: field.rename ?? {},
    source: find(field.from),
  }));
  const period = {
    target: PERIOD,
    type: "instant" as const,
    required: true,
    rename: {},
    source: find(mapping.period),
  };
  return [...fields, period];
}

/** Binary floating point: holds no exact decimals, so that the shortest text of a number is what it means. */
export function isFloat(column: SourceColumn): boolean {
  return column.type === "DOUBLE" || column.type === "FLOAT";
}

/** A column's text. */
export function textOfColumn(column: SourceColumn, nullWords: readonly string[]): string {
  const id = identifier(column.id);
  if (column.type === "CSV") return id;
  if (column.type === "VARCHAR") {
    const words = ["", ...nullWords].map(literal).join(", ");
    return `CASE WHEN ${id} IN (${words}) THEN NULL ELSE ${id} END`;
  }
  return /[[(]/.test(column.type.replace(/^DECIMAL\(.*\)$/, ""))
    ? `to_json(${id})::VARCHAR`
    : `${id}::VARCHAR`;
}

/** The value of a reading, from the text column `raw`; tags stay text until they are stored. */
export function valueOfText(reading: Reading, raw: string): string {
  if (reading.source === undefined) return `NULL::${sqlType(reading.type)}`;
  switch (reading.type) {
    case "decimal":
      return isFloat(reading.source) ? `TRY_CAST(${raw} AS ${sqlType("decimal")})` : `read_decimal(${raw})`;
    case "instant":
      return `read_instant(${raw})`;
    case "string":
    case "tags": {
      const renamed = Object.entries(reading.rename).map(
        ([from, to]) => `WHEN ${literal(from)} THEN ${literal(to)}`,
      );
      return renamed.length === 0 ? raw : `CASE ${raw} ${renamed.join(" ")} ELSE ${raw} END`;
    }
  }
}

/** How a rejected row's field failed: `bad` is `2 * index + 1` for a missing value, one more for an unreadable one. */
export function failures(all: readonly Reading[]): { code: string; text: string } {
  const codes: string[] = [];
  const texts: string[] = [];
  all.forEach((reading, i) => {
    if (reading.source === undefined) return;
    if (reading.required) codes.push(`WHEN r${i} IS NULL THEN ${2 * i + 1}`);
    if (reading.type !== "decimal" && reading.type !== "instant") return;
    codes.push(`WHEN v${i} IS NULL AND r${i} IS NOT NULL THEN ${2 * i + 2}`);
    texts.push(`WHEN ${2 * i + 2} THEN left(r${i}, 100)`);
  });
  const code = codes.length === 0 ? "0" : `CASE ${codes.join(" ")} ELSE 0 END`;
  return { code, text: texts.length === 0 ? "NULL" : `CASE bad ${texts.join(" ")} END` };
}
