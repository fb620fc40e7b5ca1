import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DomainError } from "../../core/errors/errors.ts";
import { type Dataset, DATASETS } from "../../core/metrics/datasets.ts";
import type { InputFile, TableFormat, TableMapping } from "../../ports/load.ts";
import type { Spool } from "../../ports/spool.ts";
import { ENGINE } from "./database.ts";
import { failures, isFloat, readerMacros, textOfReading, valueOfText } from "./load-expressions.ts";
import {
  type BrokenRow,
  type CsvTable,
  damaged,
  fittingRows,
  makeReadable,
  MAX_ROW_BYTES,
  startsWithHeader,
} from "./load-files.ts";
import { PERIOD, type Reading, readings, type SourceColumn } from "./load-readings.ts";
import { identifier, literal, sqlType } from "./schema.ts";
import { execute, rowsOf } from "./sql.ts";

/** A quarter of the engine's own: each thread holds one in memory while it reads. */
const STAGE_ROW_GROUP = 30_720;

/** What became of one file in the stage. */
export interface StagedFile {
  file: InputFile;
  table: TableFormat;
  /** Where the engine read it, until the stage is dropped. */
  path: string;
  readings: readonly Reading[];
  /** Row id of its first row, and how many it has; rows whose structure is broken are not among them. */
  firstRow: number;
  rows: number;
  /** Rows whose structure is broken, counted in full and listed up to a bound. */
  broken: { count: number; kept: BrokenRow[] };
}

/**
 * The rows of a load on their way in: read, checked and typed, each with its verdict, in a file of their own beside
 * the store. Compressed like the store itself it takes a tenth of the room a temporary table does, it keeps no writer
 * waiting, and the store is not touched before all is known.
 */
export class Stage {
  readonly #connection: DuckDBConnection;
  readonly #mapping: TableMapping;
  readonly #dataset: Dataset;
  readonly #path: string;
  readonly #name: string;
  readonly #disposals: (() => Promise<void>)[] = [];
  readonly files: StagedFile[] = [];
  readonly check: () => void;
  #attached = false;
  /** Whether the last scan failed for line breaks in quotes, which the parallel scan does not take. */
  #quotedLineBreaks = false;

  /**
   * @param folder swept when the store is opened, so that a crash leaves nothing for long
   * @param name unique
   * @param check called between pieces of work; throws when the load is to stop
   */
  constructor(
    connection: DuckDBConnection,
    mapping: TableMapping,
    folder: string,
    name: string,
    check: () => void,
  ) {
    this.check = check;
    this.#connection = connection;
    this.#mapping = mapping;
    this.#dataset = DATASETS[mapping.dataset];
    this.#path = join(folder, `${name}.stage`);
    this.#name = `stage_${name.replaceAll(/[^0-9a-z]/g, "")}`;
  }

  /** The stage's table. Beside the fact columns: `period` (first day of its month), `bad`, `bad_text`. */
  get table(): string {
    return `${this.#name}.staged`;
  }

  async create(): Promise<void> {
    const connection = this.#connection;
    await connection.run("SET TimeZone = 'UTC'");
    for (const macro of readerMacros()) await connection.run(macro);
    await connection.run(
      `ATTACH ${literal(this.#path)} AS ${this.#name} (STORAGE_VERSION ${literal(ENGINE.storage)}, ROW_GROUP_SIZE ${STAGE_ROW_GROUP})`,
    );
    this.#attached = true;
    const columns = this.#dataset.columns.map((c) => `${identifier(c.name)} ${sqlType(c.type)}`);
    await connection.run(
      `CREATE TABLE ${this.table} (${columns.join(", ")}, ${PERIOD} DATE, bad SMALLINT NOT NULL, bad_text VARCHAR)`,
    );
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
    const columns = table.kind === "csv" ? csvColumns(table) : await this.#parquetColumns(file, path);
    const all = readings(this.#mapping, columns);
    checkRequired(file, this.#mapping, all);
    const staged: StagedFile = {
      ...{ file, table, path, readings: all, broken: { count: 0, kept: [] } },
      ...{ firstRow: await this.#count(), rows: 0 },
    };
    if (table.kind === "csv") await this.#fillFromCsv(staged, table, spool, keep);
    else await this.#fillFromParquet(staged);
    staged.rows = (await this.#count()) - staged.firstRow;
    this.files.push(staged);
  }

  async #fillFromParquet(staged: StagedFile): Promise<void> {
    try {
      await this.#fill(staged.readings, `read_parquet(${literal(staged.path)}, binary_as_string = true)`);
    } catch (error) {
      if (!isAboutInput(error)) throw error;
      throw damaged(staged.file, "its Parquet data cannot be read", error);
    }
  }

  /**
   * The good case is one parallel scan. What that cannot read goes the long way, since the engine would say which row
   * is broken, but not how many are.
   */
  async #fillFromCsv(staged: StagedFile, table: CsvTable, spool: Spool, keep: number): Promise<void> {
    if (await startsWithHeader(staged.path)) {
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
        staged.readings,
        csvReader(fitting.path ?? "", table, { header: false, parallel: false }),
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
      await this.#fill(staged.readings, csvReader(staged.path, table, scan));
      return true;
    } catch (error) {
      if (!isAboutInput(error)) throw error;
      this.#quotedLineBreaks = error instanceof Error && error.message.includes("quoted new lines");
      return false;
    }
  }

  async #fill(all: readonly Reading[], reader: string): Promise<void> {
    const { nullWords } = this.#mapping;
    const raws = all.map((reading, i) => `${textOfReading(reading, nullWords)} AS r${i}`);
    const values = all.map((reading, i) => `r${i}, ${valueOfText(reading, `r${i}`)} AS v${i}`);
    const targets = new Map(all.map(({ target, expression }, i) => [target, expression ?? `v${i}`]));
    const facts = this.#dataset.columns.map(
      ({ name, type }) => targets.get(name) ?? `NULL::${sqlType(type)}`,
    );
    const { code, text } = failures(all);
    this.check();
    await execute(
      this.#connection,
      `INSERT INTO ${this.table} SELECT ${facts.join(", ")}, date_trunc('month', ${targets.get(PERIOD) ?? "NULL"})::DATE,
        ${code} AS bad, ${text} FROM (SELECT ${values.join(", ")} FROM (SELECT ${raws.join(", ")} FROM ${reader}))`,
    );
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

  async #count(): Promise<number> {
    const rows = await rowsOf(this.#connection, `SELECT count(*) FROM ${this.table}`);
    return Number(rows[0]?.[0]);
  }

  /** Removes all that belongs to the stage, also after an error. */
  async dispose(): Promise<void> {
    // Where it cannot be detached, the error that led here is the one to tell; it goes with the engine.
    if (this.#attached) await this.#connection.run(`DETACH ${this.#name}`).catch(() => undefined);
    await rm(this.#path, { force: true });
    await rm(`${this.#path}.wal`, { force: true });
    for (const dispose of this.#disposals.splice(0)) await dispose();
  }
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
    /^(Invalid Input|Not implemented|Parameter Not Allowed|Conversion|IO|Serialization) Error/.test(
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
