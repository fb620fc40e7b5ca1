import {
  DATE,
  DECIMAL,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
  TIMESTAMP,
  VARCHAR,
} from "@duckdb/node-api";
import { shorten } from "../core/errors/bounded.ts";
import { DomainError } from "../core/errors/errors.ts";
import type { FactColumn, FactType } from "../core/metrics/datasets.ts";
import { SCALE, tryParseDecimal } from "../core/money/decimal.ts";
import { checkDate } from "../core/time/dates.ts";

const PRECISION = 38;
const TYPES: Readonly<Record<FactType, DuckDBType>> = {
  string: VARCHAR,
  tags: VARCHAR,
  instant: TIMESTAMP,
  decimal: DECIMAL(PRECISION, SCALE),
};

/** The engine's type of a fact column's values. */
export function engineType(type: FactType): DuckDBType {
  return TYPES[type];
}

export const DAY_TYPE: DuckDBType = DATE;

/** Makes the engine's dates of texts; a load has few days and many facts. */
export class Days {
  readonly #known = new Map<string, DuckDBDateValue>();

  /** @throws DomainError `date.invalid` */
  of(day: string | null): DuckDBDateValue | null {
    if (day === null) return null;
    let value = this.#known.get(day);
    if (value === undefined) {
      value = new DuckDBDateValue(checkDate(day, "day"));
      this.#known.set(day, value);
    }
    return value;
  }
}

/**
 * Texts of a column as the engine's values.
 * @throws DomainError `import.invalid-fact` when one is none of the column's type
 */
export function columnValues(column: FactColumn, texts: readonly (string | null)[]): readonly DuckDBValue[] {
  if (column.type === "string") return texts;
  let before: string | null = null;
  let value: DuckDBValue = null;
  return texts.map((text) => {
    // Facts that come together are often of one instant.
    if (text !== before) {
      value = engineValue(column, text);
      before = text;
    }
    return value;
  });
}

function engineValue(column: FactColumn, text: string | null): DuckDBValue {
  if (text === null) return null;
  switch (column.type) {
    case "string":
      return text;
    case "tags":
      return checkTags(column, text);
    case "decimal": {
      const scaled = tryParseDecimal(text);
      if (scaled === undefined) throw invalidFact(column, text, "an exact decimal of at most 38 digits");
      return new DuckDBDecimalValue(scaled, PRECISION, SCALE);
    }
    case "instant": {
      const micros = microsOf(text);
      if (micros === undefined) throw invalidFact(column, text, "an RFC 3339 instant");
      return new DuckDBTimestampValue(micros);
    }
  }
}

/** Refused here, since one broken text would make every later question about tags fail. */
function checkTags(column: FactColumn, text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return text;
  } catch {
    // Reported below.
  }
  throw invalidFact(column, text, "a JSON object");
}

/** `2024-09-01T00:00:00.000Z`, which has no digits beyond milliseconds. */
const MILLISECONDS_LENGTH = 24;

/** Microseconds since 1970: what an instant has beyond milliseconds is kept. */
function microsOf(instant: string): bigint | undefined {
  const ms = Date.parse(instant);
  if (Number.isNaN(ms)) return undefined;
  if (instant.length === MILLISECONDS_LENGTH && instant.endsWith("Z")) return BigInt(ms * 1000);
  const digits = /\.\d{3}(\d{1,3})/.exec(instant)?.[1] ?? "";
  return BigInt(ms) * 1000n + BigInt(digits.padEnd(3, "0"));
}

function invalidFact(column: FactColumn, text: string, wanted: string): DomainError {
  return new DomainError(
    "import.invalid-fact",
    "unprocessable",
    `${column.name} "${shorten(text)}" is not ${wanted}; nothing was loaded`,
    { field: column.name, fix: "Correct the value in the source, or report it if the source is right." },
  );
}
