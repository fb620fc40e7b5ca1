import { isUtf8 } from "node:buffer";
import type { CsvRecord } from "../../../core/csv/scanner.ts";
import { splitRecord } from "../../../core/csv/scanner.ts";
import { DomainError } from "../../../core/errors/errors.ts";
import type { FactType } from "../../../core/metrics/datasets.ts";
import { tryParseTags } from "../../../core/metrics/tags.ts";
import { formatDecimal, tryParseDecimal } from "../../../core/money/decimal.ts";
import { tryParseInstant } from "../../../core/time/instants.ts";
import type { TableFormat, TableMapping } from "../../../ports/load.ts";

export type CsvTable = TableFormat & { kind: "csv" };

/** A longer row is no row of a bill. */
export const MAX_ROW_BYTES = 2_000_000;

/** One value to read from each row. */
interface Reading {
  target: string;
  type: FactType;
  required: boolean;
  rename: Readonly<Record<string, string>>;
  /** Position and name of the column; undefined when the file has none of the field's. */
  source: { at: number; name: string } | undefined;
}

/** What a row comes to: its values whether accepted or not, as far as they can be read, and why it is not. */
export interface ReadRow {
  values: Record<string, string | null>;
  /** Microseconds since 1970 of the instants, by fact column, and of the billing period. */
  instants: Record<string, bigint>;
  period: bigint | undefined;
  tagsLost: boolean;
  problem: { field: string | null; reason: string } | undefined;
}

/** Reads the rows of one CSV file as its mapping says. See `TableMapping` for the rules. */
export class RowReader {
  readonly #table: CsvTable;
  readonly #readings: Reading[];
  readonly #nullWords: ReadonlySet<string>;
  readonly #used: number[];
  /** Fields of the mapping that the file has no column for, and columns that nothing reads. */
  readonly missing: readonly string[];
  readonly unused: readonly string[];

  /** @throws DomainError `import.missing-column` */
  constructor(fileName: string, table: CsvTable, mapping: TableMapping) {
    this.#table = table;
    this.#nullWords = new Set(["", ...mapping.nullWords]);
    const find = columnFinder(table.header);
    const period = { target: PERIOD, from: mapping.period, type: "instant" as const, required: true };
    this.#readings = [...mapping.fields, period].map((field) => {
      const source = find(field.from);
      if (field.required && source === undefined) throw missingColumn(fileName, field.from[0] ?? "");
      const rename = "rename" in field ? (field.rename ?? {}) : {};
      return { target: field.target, type: field.type, required: field.required, rename, source };
    });
    this.#used = this.#readings.flatMap(({ source }) => (source === undefined ? [] : [source.at]));
    this.missing = mapping.fields.flatMap(({ from }) => (find(from) === undefined ? from.slice(0, 1) : []));
    const known = new Set([
      ...mapping.ignored.map((name) => name.toLowerCase()),
      ...this.#used.map((at) => (table.header[at] ?? "").toLowerCase()),
    ]);
    this.unused = table.header.filter((name) => !known.has(name.toLowerCase()));
  }

  /** What is wrong with a record's structure; undefined when it is a row of the table. */
  structureProblem(record: CsvRecord): string | undefined {
    switch (record.problem) {
      case "too-long":
        return `the row is longer than ${MAX_ROW_BYTES / 1e6} MB`;
      case "text-after-quote":
        return "there is text between a closing quote and the next delimiter";
      case "unclosed":
        return "a quote is never closed";
      case undefined:
        break;
    }
    const columns = this.#table.header.length;
    if (record.fields !== columns)
      return `the row has ${record.fields} fields where the header has ${columns}`;
    if (isUtf8(record.bytes)) return undefined;
    // Latin-1 maps bytes to characters one to one, so that the fields' bytes can be told apart.
    const fields = splitRecord(Buffer.from(record.bytes).toString("latin1"), this.#table.delimiter);
    const broken = this.#used.find((at) => !isUtf8(Buffer.from(fields[at] ?? "", "latin1")));
    return broken === undefined ? undefined : `${this.#table.header[broken] ?? ""} is not UTF-8`;
  }

  read(record: CsvRecord): ReadRow {
    const text = Buffer.from(record.bytes.buffer, record.bytes.byteOffset, record.bytes.length).toString(
      "utf8",
    );
    const fields = splitRecord(text, this.#table.delimiter);
    const row: ReadRow = { values: {}, instants: {}, period: undefined, tagsLost: false, problem: undefined };
    for (const reading of this.#readings) {
      if (reading.source === undefined) continue;
      const found = fields[reading.source.at] ?? "";
      const raw = this.#nullWords.has(found) ? null : found;
      if (raw === null) {
        if (reading.required) row.problem ??= { field: reading.source.name, reason: "the value is missing" };
        if (reading.target !== PERIOD) row.values[reading.target] = null;
      } else this.#take(reading, raw, row, reading.source.name);
    }
    return row;
  }

  #take(reading: Reading, raw: string, row: ReadRow, field: string): void {
    const { target } = reading;
    switch (reading.type) {
      case "string":
        row.values[target] = reading.rename[raw] ?? raw;
        return;
      case "tags": {
        const tags = tryParseTags(reading.rename[raw] ?? raw);
        row.tagsLost ||= tags === undefined;
        row.values[target] =
          tags === undefined || Object.keys(tags).length === 0 ? null : JSON.stringify(tags);
        return;
      }
      case "decimal": {
        const value = tryParseDecimal(raw);
        row.values[target] = value === undefined ? null : formatDecimal(value);
        if (value === undefined) row.problem ??= { field, reason: decimalReason(raw) };
        return;
      }
      case "instant": {
        const micros = tryParseInstant(raw);
        if (micros === undefined) {
          row.problem ??= { field, reason: `${shown(raw)} is not an instant such as 2024-09-01T00:00:00Z` };
        }
        if (target === PERIOD) row.period = micros;
        else row.values[target] = micros === undefined ? null : formatInstant(micros);
        if (micros !== undefined && target !== PERIOD) row.instants[target] = micros;
      }
    }
  }
}

const PERIOD = "\u0000period";

function columnFinder(
  header: readonly string[],
): (names: readonly string[]) => { at: number; name: string } | undefined {
  const positions = new Map(header.map((name, at) => [name.toLowerCase(), { at, name }]));
  return (names) => {
    for (const name of names) {
      const found = positions.get(name.toLowerCase());
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** RFC 3339 with as many decimals as needed. */
export function formatInstant(micros: bigint): string {
  const ms = micros / 1000n - (micros % 1000n < 0n ? 1n : 0n);
  const rest = Number(micros - ms * 1000n);
  const text = new Date(Number(ms)).toISOString();
  if (rest > 0) return text.replace("Z", `${String(rest).padStart(3, "0")}Z`);
  return text.replace(".000Z", "Z");
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function decimalReason(raw: string): string {
  if (!NUMBER.test(raw.trim())) return `${shown(raw)} is not a number`;
  return `${shown(raw)} does not fit 20 digits before and 18 after the decimal point`;
}

function shown(raw: string): string {
  return `"${raw.slice(0, 60)}${raw.length > 60 ? "…" : ""}"`;
}

function missingColumn(file: string, name: string): DomainError {
  return new DomainError("import.missing-column", "unprocessable", `${file} has no column ${name}`, {
    fix: `Export it again with the column ${name}.`,
    field: name,
  });
}
