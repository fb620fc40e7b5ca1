import { shorten } from "../../../core/errors/bounded.ts";
import { DomainError } from "../../../core/errors/errors.ts";
import type { FactType } from "../../../core/metrics/datasets.ts";
import { tryParseTags } from "../../../core/metrics/tags.ts";
import { formatDecimal } from "../../../core/money/decimal.ts";
import { dateToBlame, periodFault, periodReason } from "../../../core/time/charge-periods.ts";
import { tryParseInstant } from "../../../core/time/instants.ts";
import type { DayRange } from "../../../core/time/ranges.ts";
import type { FieldMapping, TableMapping } from "../../../ports/load.ts";
import { readAmount } from "./table-amounts.ts";
import { CaseInputs, CaseReader } from "./table-cases.ts";
import {
  type Column,
  columnFinder,
  columnsThatBegin,
  type Fields,
  type FileColumn,
  isIgnored,
  textOf,
} from "./table-columns.ts";

/** One value to read from each row. */
interface Reading {
  target: string;
  type: FactType;
  required: boolean;
  rename: Readonly<Record<string, string>>;
  /** Undefined when the file has none of the field's columns. */
  source: Column | undefined;
  /** Columns that hold a tag each. */
  tags: readonly Column[];
  tagKeys: TagKeys;
  cases: CaseReader | undefined;
}

/** An instant's text, read: microseconds since 1970 and RFC 3339. */
interface Instant {
  micros: bigint | undefined;
  text: string | null;
}

/** Some more than a month has minutes. */
const MAX_INSTANTS = 50_000;

type TagKeys = readonly { begins: string; instead: string }[];

/** What a row comes to: its values whether accepted or not, as far as they can be read, and why it is not. */
export interface ReadRow {
  values: Record<string, string | null>;
  /** Microseconds since 1970 of the instants, by fact column, and of the billing period. */
  instants: Record<string, bigint>;
  period: bigint | undefined;
  tagsLost: boolean;
  problem: { field: string | null; reason: string } | undefined;
  /** The field that `problem` is about, by fact column or `period`, when it is one of the mapping's. */
  failed: { target: string; missing: boolean } | undefined;
}

/** Reads the rows of one file as its mapping says. See `TableMapping` for the rules. */
export class RowReader {
  readonly #mapping: TableMapping;
  readonly #days: DayRange;
  readonly #readings: Reading[];
  readonly #inputs: CaseInputs;
  readonly #nullWords: ReadonlySet<string>;
  readonly #instants = new Map<string, Instant>();
  /** Positions of the columns that are read. */
  readonly used: readonly number[];
  /** Fields of the mapping that the file has no column for, and columns that nothing reads. */
  readonly missing: readonly string[];
  readonly unused: readonly string[];
  /** Columns of amounts that the file holds as binary floating point. */
  readonly floats: readonly string[];

  /**
   * @param days see `plausibleDays`
   * @throws DomainError `import.missing-column`
   */
  constructor(fileName: string, columns: readonly FileColumn[], mapping: TableMapping, days: DayRange) {
    this.#mapping = mapping;
    this.#days = days;
    this.#nullWords = new Set(["", ...mapping.nullWords]);
    const find = columnFinder(columns);
    this.#inputs = new CaseInputs(find);
    const period = { target: PERIOD, from: mapping.period, type: "instant" as const, required: true };
    this.#readings = [...mapping.fields, period].map((field: FieldMapping) => {
      const { target, type, required, rename = {}, tagKeys = [], cases } = field;
      const source = find(field.from);
      if (required && source === undefined) throw missingColumn(fileName, field.from[0] ?? "");
      const tags = source === undefined ? columnsThatBegin(columns, field.tagColumns ?? []) : [];
      const reader = cases === undefined ? undefined : new CaseReader(cases, type, this.#inputs);
      return { target, type, required, rename, source, tags, tagKeys, cases: reader };
    });
    const read = [
      ...this.#readings.map(({ type, source, tags }) => ({
        type,
        sources: source === undefined ? tags : [source],
      })),
      ...this.#inputs.list.map(({ type, source }) => ({ type, sources: [source] })),
    ];
    this.used = read.flatMap(({ sources }) => sources.map(({ at }) => at));
    this.missing = mapping.fields.flatMap(({ from, tagColumns }) =>
      find(from) === undefined && tagColumns === undefined ? from.slice(0, 1) : [],
    );
    this.floats = read.flatMap(({ type, sources }) =>
      type === "decimal" ? sources.filter(({ float }) => float).map(({ name }) => name) : [],
    );
    const known = new Set(this.used.map((at) => (columns[at]?.name ?? "").toLowerCase()));
    const ignored = isIgnored(mapping.ignored);
    this.unused = columns
      .map(({ name }) => name)
      .filter((name) => !known.has(name.toLowerCase()) && !ignored(name));
  }

  /** Whether the file has what a field of the mapping is read from. */
  reads(target: string): boolean {
    const reading = this.#readings.find((one) => one.target === target);
    return reading?.source !== undefined || reading?.cases !== undefined;
  }

  read(fields: Fields): ReadRow {
    const row: ReadRow = {
      ...{ values: {}, instants: {}, period: undefined, tagsLost: false },
      ...{ problem: undefined, failed: undefined },
    };
    for (const reading of this.#readings) {
      if (reading.source === undefined) {
        if (reading.tags.length > 0)
          takeTags(reading, tagsOfColumns(reading.tags, fields, this.#nullWords), row);
        continue;
      }
      const raw = textOf(reading.source, fields, this.#nullWords);
      if (raw === null) {
        if (reading.required) fail(row, reading, "the value is missing", true);
        if (reading.target !== PERIOD) row.values[reading.target] = null;
      } else this.#take(reading, raw, row);
    }
    if (this.#inputs.list.length > 0) this.#takeCases(fields, row);
    if (row.problem === undefined) this.#checkPeriod(fields, row);
    return row;
  }

  #checkPeriod(fields: Fields, row: ReadRow): void {
    const { start: startTarget, end: endTarget } = this.#mapping;
    const [start, end, billed] = [row.instants[startTarget], row.instants[endTarget], row.period];
    if (start === undefined || billed === undefined) return;
    const fault = periodFault({ start, end, billed }, this.#days);
    if (fault === undefined) return;
    const target = { start: startTarget, end: endTarget, billed: PERIOD }[dateToBlame(fault)];
    const source = this.#readings.find((reading) => reading.target === target)?.source;
    const raw = source === undefined ? null : textOf(source, fields, this.#nullWords);
    row.problem = {
      field: source?.name ?? null,
      reason: `${shown(raw ?? "")} ${periodReason(fault, this.#days)}`,
    };
    row.failed = { target: "", missing: false };
  }

  #takeCases(fields: Fields, row: ReadRow): void {
    const inputs = this.#inputs.read(fields, this.#nullWords);
    this.#inputs.list.forEach(({ source, type }, i) => {
      const text = inputs.texts[i] ?? null;
      if (type !== "decimal" || text === null || inputs.decimals[i] !== undefined) return;
      if (row.problem === undefined) row.failed = { target: "", missing: false };
      row.problem ??= { field: source.name, reason: decimalReason(text) };
    });
    for (const { target, cases } of this.#readings) {
      const value = cases?.read(inputs);
      if (value !== undefined) row.values[target] = value;
    }
  }

  /** Bills repeat the instants of their hours, and reading one is the dearest thing about a row. */
  #instant(raw: string): Instant {
    let found = this.#instants.get(raw);
    if (found === undefined) {
      const micros = tryParseInstant(raw);
      found = { micros, text: micros === undefined ? null : formatInstant(micros) };
      if (this.#instants.size >= MAX_INSTANTS) this.#instants.clear();
      this.#instants.set(raw, found);
    }
    return found;
  }

  #take(reading: Reading, raw: string, row: ReadRow): void {
    const { target } = reading;
    switch (reading.type) {
      case "string":
        row.values[target] = reading.rename[raw] ?? raw;
        return;
      case "tags":
        takeTags(reading, tryParseTags(reading.rename[raw] ?? raw), row);
        return;
      case "decimal": {
        const value = reading.source === undefined ? undefined : readAmount(raw, reading.source);
        row.values[target] = value === undefined ? null : formatDecimal(value);
        if (value === undefined) fail(row, reading, decimalReason(raw));
        return;
      }
      case "instant": {
        const { micros, text } = this.#instant(raw);
        if (micros === undefined)
          fail(row, reading, `${shown(raw)} is not an instant such as 2024-09-01T00:00:00Z`);
        if (target === PERIOD) row.period = micros;
        else row.values[target] = text;
        if (micros !== undefined && target !== PERIOD) row.instants[target] = micros;
      }
    }
  }
}

/** Stands for the instant of the billing period, which is no fact column. */
const PERIOD = "period";

/** The first failure of a row is the one told. */
function fail(row: ReadRow, { target, source }: Reading, reason: string, missing = false): void {
  if (row.problem !== undefined) return;
  row.problem = { field: source?.name ?? null, reason };
  row.failed = { target, missing };
}

function tagsOfColumns(
  columns: readonly Column[],
  fields: Fields,
  nulls: ReadonlySet<string>,
): Record<string, string> {
  return Object.fromEntries(
    columns.flatMap((column) => {
      const value = textOf(column, fields, nulls);
      return value === null ? [] : [[column.name, value] as const];
    }),
  );
}

function takeTags(
  { target, tagKeys }: Reading,
  tags: Record<string, string> | undefined,
  row: ReadRow,
): void {
  row.tagsLost ||= tags === undefined;
  const renamed = Object.entries(tags ?? {}).map(([key, value]) => {
    const found = tagKeys.find(({ begins }) => key.startsWith(begins));
    return [found === undefined ? key : `${found.instead}${key.slice(found.begins.length)}`, value] as const;
  });
  row.values[target] = renamed.length === 0 ? null : JSON.stringify(Object.fromEntries(renamed));
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
  return `"${shorten(raw, 61)}"`;
}

function missingColumn(file: string, name: string): DomainError {
  return new DomainError("import.missing-column", "unprocessable", `${file} has no column ${name}`, {
    fix: `Export it again with the column ${name}.`,
    field: name,
  });
}
