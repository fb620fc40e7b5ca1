import { SCALE } from "../../core/money/decimal.ts";
import { INSTANT_PATTERN } from "../../core/time/instants.ts";
import type { Implausible } from "./periods.ts";
import type { Reading, SourceColumn } from "./readings.ts";
import { identifier, literal, sqlType } from "../../duckdb/sql.ts";

/** Digits before the point that DECIMAL(38,18) holds. */
const WHOLE_DIGITS = 38 - SCALE;
/** A sign, a point and digits that fit in this many bytes cannot have more than 18 decimals. */
const SHORT_DECIMAL = SCALE + 1;
/** Decimals that fit DECIMAL(18,12), the fastest way to read most amounts. */
const NARROW_SCALE = 12;
/** What `String.prototype.trim` removes, as core's parser does. */
const SPACES =
  "[\\t\\n\\v\\f\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}]*";
const NUMBER = `${SPACES}[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?${SPACES}`;
const NUMBER_PARTS = `^${SPACES}([+-]?)([0-9]*)\\.?([0-9]*)(?:[eE]([+-]?[0-9]+))?`;

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
  return [
    // `p.d` are the digits without leading and trailing zeros, `p.e` the power of ten they are multiplied by.
    `CREATE OR REPLACE TEMP MACRO place_digits(p) AS CASE
      WHEN p.d = '' THEN 0::${decimal}
      WHEN p.e < -${SCALE} OR length(p.d) + p.e > ${WHOLE_DIGITS} THEN NULL
      WHEN p.e >= 0 THEN (p.sign || p.d || repeat('0', p.e::BIGINT))::${decimal}
      ELSE (p.sign || CASE WHEN length(p.d) > -p.e THEN left(p.d, (length(p.d) + p.e)::BIGINT) ELSE '0' END
        || '.' || lpad(right(p.d, (-p.e)::BIGINT), (-p.e)::INTEGER, '0'))::${decimal} END`,
    `CREATE OR REPLACE TEMP MACRO strip_zeros(p) AS {
      'sign': CASE p.sign WHEN '-' THEN '-' ELSE '' END, 'd': trim(p.whole || p.fraction, '0'),
      'e': length(p.whole) + coalesce(TRY_CAST(p.exponent AS INTEGER), 0) - length(rtrim(p.whole || p.fraction, '0'))}`,
    // A lambda over a list of one gives a value a name, so that it is computed once.
    `CREATE OR REPLACE TEMP MACRO long_decimal(x) AS CASE WHEN regexp_full_match(x, ${literal(NUMBER)}) THEN
      list_transform(list_transform([regexp_extract(x, ${literal(NUMBER_PARTS)}, ['sign', 'whole', 'fraction', 'exponent'])],
        lambda p: strip_zeros(p)), lambda q: place_digits(q))[1] END`,
    // Arithmetic on 64 bits is several times faster than on 128, and holds most amounts.
    `CREATE OR REPLACE TEMP MACRO short_decimal(x) AS CASE WHEN strlen(x) <= ${SHORT_DECIMAL}
      THEN coalesce(CASE WHEN strlen(x) - strpos(x, '.') <= ${NARROW_SCALE}
        THEN TRY_CAST(x AS DECIMAL(18, ${NARROW_SCALE}))::${decimal} END, TRY_CAST(x AS ${decimal}))
      WHEN strpos(x, '.') > 0 AND strlen(rtrim(x, '0')) - strpos(x, '.') <= ${SCALE} THEN TRY_CAST(x AS ${decimal}) END`,
    // The cast takes a lone sign followed by a space for 0.
    `CREATE OR REPLACE TEMP MACRO read_decimal(x) AS
      CASE WHEN contains(x, '_') OR contains(x, 'e') OR contains(x, 'E') OR contains(x, ' ') THEN long_decimal(x)
      ELSE coalesce(short_decimal(x), long_decimal(x)) END`,
    // Of a number with an exponent the cast rounds by its first digit that does not fit, however far away: 6e-30 to 1e-18.
    `CREATE OR REPLACE TEMP MACRO round_decimal(x) AS CASE WHEN abs(TRY_CAST(x AS DOUBLE)) < 5e-${SCALE + 1} THEN 0::${decimal}
      ELSE TRY_CAST(x AS ${decimal}) END`,
    `CREATE OR REPLACE TEMP MACRO offset_minutes(sign, hours, minutes) AS CASE WHEN sign NOT IN ('+', '-') THEN 0
      WHEN hours <= '15' AND minutes <= '59' THEN
        (sign || '1')::BIGINT * (TRY_CAST(hours AS BIGINT) * 60 + coalesce(TRY_CAST(minutes AS BIGINT), 0)) END`,
    `CREATE OR REPLACE TEMP MACRO join_instant(p) AS TRY_CAST(p.day || CASE WHEN p.hour = '' THEN '' ELSE
        ' ' || p.hour || ':' || p.minute || ':' || CASE p.second WHEN '' THEN '00' ELSE p.second END
        || CASE p.fraction WHEN '' THEN '' ELSE '.' || left(p.fraction, 6) END END AS TIMESTAMP)
      - to_minutes(offset_minutes(p.zone[1], p.zone[2:3], p.minutes))`,
    `CREATE OR REPLACE TEMP MACRO long_instant(x) AS CASE WHEN regexp_full_match(x, ${literal(INSTANT_PATTERN)}) THEN
      list_transform([regexp_extract(x, '^(.{10})(?:.(..):(..)(?::(..)(?:\\.([0-9]+))?)?)?(?: ?(Z|UTC|[+-]..):?(..)?)?$',
        ['day', 'hour', 'minute', 'second', 'fraction', 'zone', 'minutes'])], lambda p: join_instant(p))[1] END`,
    // Years 0 and before, and beyond 9999, are typing errors; the range also refuses the engine's word "infinity".
    `CREATE OR REPLACE TEMP MACRO plausible(t) AS
      CASE WHEN t >= TIMESTAMP '0001-01-01' AND t < TIMESTAMP '10000-01-01' THEN t END`,
    `CREATE OR REPLACE TEMP MACRO read_instant(x) AS plausible(CASE
      WHEN x LIKE '____-__-__ __:__:__' OR x LIKE '____-__-__T__:__:__Z' OR x LIKE '____-__-__' OR x LIKE '____-__-__T__:__:__'
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
    `CREATE OR REPLACE TEMP MACRO value_of_key(x, name) AS
      nullif(list_filter(tag_entries(x), lambda e: e.key = name)[-1].value, '')`,
  ];
}

/** Binary floating point: holds no exact decimals, so that the shortest text of a number is what it means. */
export function isFloat(column: SourceColumn): boolean {
  return column.type === "DOUBLE" || column.type === "FLOAT";
}

/** A column's text, or that of its key, null where it is empty or a null word. */
export function textOfColumn(column: SourceColumn, nullWords: readonly string[]): string {
  const text = wholeText(column, nullWords);
  return column.key === undefined ? text : `value_of_key(${text}, ${literal(column.key)})`;
}

/** The text of a reading's column, or of its many columns as one JSON object. */
export function textOfReading({ source, tags }: Reading, nullWords: readonly string[]): string {
  if (source !== undefined) return textOfColumn(source, nullWords);
  if (tags.length === 0) return "NULL::VARCHAR";
  const pairs = tags.map((column) => `${literal(column.name)}, ${textOfColumn(column, nullWords)}`);
  return `json_object(${pairs.join(", ")})::VARCHAR`;
}

function wholeText(column: SourceColumn, nullWords: readonly string[]): string {
  const id = identifier(column.id);
  if (column.type === "VARCHAR") {
    return ["", ...nullWords].reduce((text, word) => `nullif(${text}, ${literal(word)})`, id);
  }
  const nested = /[[(]/.test(column.type.replace(/^DECIMAL\(.*\)$/, ""));
  // JSON has a word for what is not there, which would be taken for a text.
  return nested ? `CASE WHEN ${id} IS NOT NULL THEN to_json(${id})::VARCHAR END` : `${id}::VARCHAR`;
}

/** The value of a reading, from the text column `raw`; tags stay text until they are stored. */
export function valueOfText(reading: Reading, raw: string): string {
  if (reading.source === undefined) return reading.type === "tags" ? raw : `NULL::${sqlType(reading.type)}`;
  switch (reading.type) {
    case "decimal":
      return isFloat(reading.source) ? `round_decimal(${raw})` : `read_decimal(${raw})`;
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

/**
 * How a rejected row's field failed: `bad` is `2 * index + 1` for a missing value, one more for an unreadable one, and
 * above all of those `2 * readings + 1 + index` for what is implausible.
 */
export function failures(
  all: readonly Reading[],
  implausible: readonly Implausible[],
): { code: string; text: string } {
  const codes: string[] = [];
  const texts: string[] = [];
  all.forEach((reading, i) => {
    if (reading.source === undefined) return;
    if (reading.required) codes.push(`WHEN r${i} IS NULL THEN ${2 * i + 1}`);
    if (reading.type !== "decimal" && reading.type !== "instant") return;
    codes.push(`WHEN v${i} IS NULL AND r${i} IS NOT NULL THEN ${2 * i + 2}`);
    texts.push(`WHEN ${2 * i + 2} THEN left(r${i}, 100)`);
  });
  implausible.forEach(({ when, reading }, i) => {
    const number = 2 * all.length + 1 + i;
    codes.push(`WHEN ${when} THEN ${number}`);
    texts.push(`WHEN ${number} THEN left(r${reading}, 100)`);
  });
  const code = codes.length === 0 ? "0" : `CASE ${codes.join(" ")} ELSE 0 END`;
  return { code, text: texts.length === 0 ? "NULL" : `CASE bad ${texts.join(" ")} END` };
}
