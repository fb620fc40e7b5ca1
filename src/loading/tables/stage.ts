import { must } from "../../core/errors/must.ts";
import { rm } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DomainError } from "../../core/errors/errors.ts";
import { type Dataset, DATASETS } from "../../core/metrics/datasets.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import { type InputFile, listed, type TableFormat, type TableMapping } from "../../ports/load.ts";
import type { Spool } from "../../ports/spool.ts";
import { damaged } from "../../importers/shared/errors.ts";
import { type CsvTable, MAX_ROW_BYTES } from "./csv-structure.ts";
import type { Encoding } from "./encoding.ts";
import { failures, isFloat, readerMacros, textOfReading, valueOfText } from "./expressions.ts";
import { type BrokenRow, fittingRows, makeReadable, startsWithHeader } from "./files.ts";
import { type Implausible, implausiblePeriods } from "./periods.ts";
import { PERIOD, type Reading, readings, type SourceColumn } from "./readings.ts";
import { execute, identifier, literal, rowsOf, sqlType } from "../../duckdb/sql.ts";

/** A third of the engine's own: each thread holds one in memory while it reads. */
const STAGE_ROW_GROUP = 40_960;

/** Stage column that numbers the files of a load from 0. */
export const FILE = "file_number";
/** Column of {@link Stage.badRows} that numbers a file's rows from 0, those whose structure is broken not counted. */
export const ROW = "file_row_number";

/** What became of one file in the stage. */
export interface StagedFile {
  file: InputFile;
  table: TableFormat;
  /** Where the engine read it, until the stage is dropped. */
  path: string;
  readings: readonly Reading[];
  /** What else its rows are refused for. */
  implausible: readonly Implausible[];
  /** Its {@link FILE} in the stage. */
  number: number;
  /** How its rows can be read once more in their order; undefined where they are staged in it. */
  again: string | undefined;
  /** Rows whose structure is broken, counted in full and listed up to a bound. */
  broken: { count: number; kept: BrokenRow[] };
}

/**
 * The rows of a load on their way in: read, checked and typed, each with its verdict, one Parquet file beside the store
 * for each file read. Compressed it takes a tenth of the room a temporary table does, it keeps no writer waiting, and
 * the store is not touched before all is known.
 */
export class Stage {
  readonly #connection: DuckDBConnection;
  readonly #mapping: TableMapping;
  readonly #days: DayRange;
  readonly #dataset: Dataset;
  readonly #path: string;
  readonly #disposals: (() => Promise<void>)[] = [];
  readonly #decoded: string[] = [];
  readonly files: StagedFile[] = [];
  readonly check: () => void;
  /**
   * Where the rows are, in no order, once {@link finish} was called. Beside the fact columns: `period` (first day of
   * its month), `bad`, `bad_text`, {@link FILE}.
   */
  readonly table = "staged_rows";
  /** Whether the last scan failed for line breaks in quotes, which the parallel scan does not take. */
  #quotedLineBreaks = false;

  /**
   * @param days see `plausibleDays`
   * @param path what the files' names begin with; unique
   * @param check called between pieces of work; throws when the load is to stop
   */
  constructor(
    connection: DuckDBConnection,
    mapping: TableMapping,
    days: DayRange,
    path: string,
    check: () => void,
  ) {
    this.check = check;
    this.#connection = connection;
    this.#mapping = mapping;
    this.#days = days;
    this.#dataset = DATASETS[mapping.dataset];
    this.#path = path;
  }

  /** What is told of how files were read. */
  get remarks(): string[] {
    if (this.#decoded.length === 0) return [];
    return [`text that is not UTF-8, read as Windows-1252: ${listed(this.#decoded)}`];
  }

  async create(): Promise<void> {
    await this.#connection.run("SET TimeZone = 'UTC'");
    for (const macro of readerMacros()) await this.#connection.run(macro);
  }

  /** Makes {@link table} of the files added. */
  async finish(): Promise<void> {
    const paths = this.paths.map(literal).join(", ");
    await this.#connection.run(`CREATE OR REPLACE TEMP VIEW ${this.table} AS FROM read_parquet([${paths}])`);
  }

  /** The files that {@link table} is made of. */
  get paths(): string[] {
    return this.files.map(({ number }) => this.#partPath(number));
  }

  #partPath(number: number): string {
    return `${this.#path}.${number}`;
  }

  /**
   * Reads one file into the stage.
   * @param keep how many broken rows to list
   * @throws DomainError `import.*`
   */
  async add(
    file: InputFile,
    table: TableFormat,
    spool: Spool,
    keep: number,
    onBytes: (read: number) => void,
  ): Promise<void> {
    const readable = await makeReadable(file, table, spool, onBytes);
    this.#disposals.push(() => readable.dispose());
    const { path } = readable;
    const number = this.files.length;
    this.#disposals.push(() => rm(this.#partPath(number), { force: true }));
    const columns = table.kind === "csv" ? csvColumns(table) : await this.#parquetColumns(file, path);
    const all = readings(this.#mapping, columns);
    checkRequired(file, this.#mapping, all);
    const implausible = implausiblePeriods(this.#mapping, all, this.#days);
    const broken = { count: 0, kept: [] };
    const staged: StagedFile = {
      file,
      table,
      path,
      readings: all,
      implausible,
      number,
      again: undefined,
      broken,
    };
    if (readable.encoding === "windows-1252") this.#decoded.push(file.name);
    if (table.kind === "csv") await this.#fillFromCsv(staged, table, spool, keep, readable.encoding);
    else await this.#fillFromParquet(staged);
    this.files.push(staged);
  }

  async #fillFromParquet(staged: StagedFile): Promise<void> {
    try {
      await this.#fillUnordered(staged, `read_parquet(${literal(staged.path)}, binary_as_string = true)`);
    } catch (error) {
      if (!isAboutInput(error)) throw error;
      throw damaged(staged.file, "its Parquet data cannot be read", error);
    }
  }

  /**
   * The good case is one parallel scan. What that cannot read goes the long way, since the engine would say which row
   * is broken, but not how many are.
   */
  async #fillFromCsv(
    staged: StagedFile,
    table: CsvTable,
    spool: Spool,
    keep: number,
    encoding: Encoding,
  ): Promise<void> {
    // Text that is not UTF-8 is an error of the engine's own, after which it answers nothing any more.
    if (encoding !== "mixed" && (await startsWithHeader(staged.path))) {
      const scan = { header: true, parallel: true };
      if (await this.#tryCsv(staged, table, scan)) return;
      if (this.#quotedLineBreaks && (await this.#tryCsv(staged, table, { ...scan, parallel: false }))) return;
    }
    const used = usedColumns(staged.readings);
    const rows = fittingRows(staged.file, staged.path, table, used, this.check, (row) => {
      staged.broken.count++;
      if (staged.broken.kept.length < keep) staged.broken.kept.push(row);
    });
    const fitting = await spool.store(staged.file.name, rows);
    try {
      await this.#fill(
        staged,
        csvReader(must(fitting.path, "the path of a spooled file"), table, {
          header: false,
          parallel: false,
        }),
      );
    } catch (error) {
      if (!isAboutInput(error)) throw error;
      throw damaged(staged.file, "its rows cannot be read as CSV", error);
    } finally {
      await fitting.dispose();
    }
  }

  /** @returns whether all rows are well-formed; else none was staged */
  async #tryCsv(staged: StagedFile, table: CsvTable, scan: CsvScan): Promise<boolean> {
    this.#quotedLineBreaks = false;
    try {
      await this.#fillUnordered(staged, csvReader(staged.path, table, scan));
      return true;
    } catch (error) {
      if (!isAboutInput(error)) throw error;
      this.#quotedLineBreaks = error instanceof Error && error.message.includes("quoted new lines");
      return false;
    }
  }

  /** In no order the engine reads nearly twice as fast: no thread waits for another to write its rows first. */
  async #fillUnordered(staged: StagedFile, reader: string): Promise<void> {
    await this.#fill(staged, reader, false);
    staged.again = reader;
  }

  async #fill(staged: StagedFile, reader: string, ordered = true): Promise<void> {
    const { readings: all, number } = staged;
    const targets = new Map(all.map(({ target, expression }, i) => [target, expression ?? `v${i}`]));
    const facts = this.#dataset.columns.map(
      ({ name, type }) => `(${targets.get(name) ?? "NULL"})::${sqlType(type)} AS ${identifier(name)}`,
    );
    const period = `date_trunc('month', ${targets.get(PERIOD) ?? "NULL"})::DATE AS ${PERIOD}`;
    const columns = [...facts, period, ...verdict(staged), `${number} AS ${FILE}`];
    await this.#copy(columns, this.#read(staged, reader), this.#partPath(number), ordered);
  }

  /** A file's rows as `r0, v0, r1, v1, …`: text and value of each reading. */
  #read({ readings: all }: StagedFile, reader: string): string {
    const raws = all.map((reading, i) => `${textOfReading(reading, this.#mapping.nullWords)} AS r${i}`);
    const values = all.map((reading, i) => `r${i}, ${valueOfText(reading, `r${i}`)} AS v${i}`);
    return `(SELECT ${values.join(", ")} FROM (SELECT ${raws.join(", ")} FROM ${reader}))`;
  }

  async #copy(columns: readonly string[], from: string, path: string, ordered: boolean): Promise<void> {
    this.check();
    await execute(
      this.#connection,
      `COPY (SELECT ${columns.join(", ")} FROM ${from}) TO ${literal(path)}
        (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE ${STAGE_ROW_GROUP}, USE_TMP_FILE false,
        PRESERVE_ORDER ${ordered})`,
    );
  }

  /**
   * Where a file's refused rows are, with `bad`, `bad_text` and {@link ROW}; undefined when it has none. A file staged
   * in no order is read again for it.
   */
  async badRows(staged: StagedFile): Promise<string | undefined> {
    const { number, again } = staged;
    const [count] = await rowsOf(
      this.#connection,
      `SELECT count(*) FROM ${this.table} WHERE bad > 0 AND ${FILE} = ${number}`,
    );
    if (Number(count?.[0]) === 0) return undefined;
    let path = this.#partPath(number);
    if (again !== undefined) {
      path = `${path}.verdicts`;
      this.#disposals.push(() => rm(path, { force: true }));
      await this.#copy(verdict(staged), this.#read(staged, again), path, true);
    }
    return `(FROM read_parquet(${literal(path)}, file_row_number = true) WHERE bad > 0)`;
  }

  async #parquetColumns(file: InputFile, path: string): Promise<SourceColumn[]> {
    try {
      const rows = await rowsOf(
        this.#connection,
        `SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet(${literal(path)}, binary_as_string = true))`,
      );
      return rows.map(([name, type]) => ({ name: String(name), id: String(name), type: String(type) }));
    } catch (error) {
      if (!isAboutInput(error)) throw error;
      throw damaged(file, "its Parquet data cannot be read", error);
    }
  }

  /** Removes all that belongs to the stage, also after an error. */
  async dispose(): Promise<void> {
    for (const dispose of this.#disposals.splice(0)) await dispose();
  }
}

function verdict({ readings: all, implausible }: StagedFile): string[] {
  const { code, text } = failures(all, implausible);
  return [`${code} AS bad`, `(${text})::VARCHAR AS bad_text`];
}

function csvColumns(table: CsvTable): SourceColumn[] {
  return table.header.map((name, i) => ({ name, id: `c${i}`, type: "VARCHAR" }));
}

/** Positions of the columns that are read. */
export function usedColumns(all: readonly Reading[]): number[] {
  const columns = all.flatMap(({ source, tags }) => (source === undefined ? tags : [source]));
  return columns.map(({ id }) => Number(id.slice(1)));
}

interface CsvScan {
  /** The first row is the header. */
  header: boolean;
  parallel: boolean;
}

/** Text that no file holds: padded fields are null, and no other. */
const NO_NULL = "\u0001\u0002";

/**
 * Everything the engine would otherwise guess is told, above all the types: `000123` is an account, not a number.
 *
 * The engine takes a row with too many fields as long as those beyond the last column are empty. A delimiter that
 * should have been quoted would so shift a row's values by a column, amounts and accounts too, without a word. With
 * one column more than the header has, and short rows padded with nulls, a well-formed row is one whose last column is
 * text and whose extra column is null; any other ends the scan.
 */
function csvReader(path: string, table: CsvTable, { header, parallel }: CsvScan): string {
  const count = table.header.length;
  const columns = [...table.header.map((_, i) => `'c${i}': 'VARCHAR'`), "'beyond': 'VARCHAR'"].join(", ");
  const csv = `read_csv(${literal(path)}, auto_detect = false, header = ${header}, parallel = ${parallel}, null_padding = true,
    columns = {${columns}}, delim = ${literal(table.delimiter)}, quote = '"', escape = '"', nullstr = ${literal(NO_NULL)},
    max_line_size = ${header ? MAX_ROW_BYTES : MAX_ROW_BYTES * 2})`;
  return `(FROM ${csv} WHERE CASE WHEN beyond IS NULL AND c${count - 1} IS NOT NULL THEN true ELSE error('malformed row') END)`;
}

/** Errors of the engine that are about what it reads, not about itself. */
function isAboutInput(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Invalid|Invalid Input|Not implemented|Parameter Not Allowed|Conversion|IO|Serialization) Error/.test(
      error.message,
    ) &&
    !/no space left|disk full|quota|temp_directory/i.test(error.message)
  );
}

function checkRequired(file: InputFile, mapping: TableMapping, all: readonly Reading[]): void {
  all.forEach(({ required, source }, i) => {
    if (!required || source !== undefined) return;
    const name = (mapping.fields[i]?.from ?? mapping.period)[0] ?? "";
    throw new DomainError("import.missing-column", "unprocessable", `${file.name} has no column ${name}`, {
      fix: `Export it again with the column ${name}.`,
      field: name,
    });
  });
}

/** Decimal columns that a Parquet file holds as binary floating point. */
export function floatColumns(staged: StagedFile): string[] {
  return staged.readings.flatMap(({ type, source }) =>
    type === "decimal" && source !== undefined && isFloat(source) ? [source.name] : [],
  );
}
