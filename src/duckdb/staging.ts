import { rm } from "node:fs/promises";
import { type DuckDBConnection, DuckDBDataChunk, INTEGER } from "@duckdb/node-api";
import type { Dataset } from "../core/metrics/datasets.ts";
import type { PartitionKey } from "../core/metrics/facts.ts";
import type { DeliveredFact } from "../ports/load.ts";
import { columnValues, DAY_TYPE, Days, engineType } from "./fact-values.ts";
import { StagingFile } from "./staging-file.ts";
import { literal } from "./sql.ts";

/** Facts that are held as objects. Few, so that most are gone before the garbage collector takes them for old. */
const CHUNK_ROWS = 512;
/** Rows of a file: one file that is being filled and one that is being written are what a stage holds in memory. */
const FILE_ROWS = 24 * CHUNK_ROWS;

/** Gives a connection that the caller closes. */
export type Connect = () => Promise<DuckDBConnection>;

/** Facts of one partition as they came; its period is only a name while it has no day. */
export interface StagedPart extends PartitionKey {
  /** Its facts came without a day. */
  undated: boolean;
  rows: number;
}

/**
 * Facts of one dataset on their way in, in Parquet files beside the store: nobody sees them there, and memory does not
 * grow with them. Columns are `part` (an index into {@link parts}), `day` (null while unknown) and the dataset's own.
 */
export class Staging {
  readonly #path: string;
  readonly #days = new Days();
  readonly #numbers = new Map<string, number>();
  readonly #chunk: DuckDBDataChunk;
  #waiting: { part: number; fact: DeliveredFact }[] = [];
  #filling: StagingFile;
  #writing: StagingFile;
  #inFile = 0;
  /** The part of the fact before. */
  #last = -1;
  readonly #files: string[] = [];
  readonly dataset: Dataset;
  readonly parts: StagedPart[] = [];
  rows = 0;

  private constructor(dataset: Dataset, path: string, connections: [DuckDBConnection, DuckDBConnection]) {
    this.dataset = dataset;
    this.#path = path;
    this.#filling = new StagingFile(connections[0], dataset);
    this.#writing = new StagingFile(connections[1], dataset);
    const types = dataset.columns.map((column) => engineType(column.type));
    // One for all rows: the memory of a chunk that is left to the garbage collector is not seen by it.
    this.#chunk = DuckDBDataChunk.create([INTEGER, DAY_TYPE, ...types]);
  }

  /** @param path what the files' names begin with; unique */
  static async create(connect: Connect, dataset: Dataset, path: string): Promise<Staging> {
    return new Staging(dataset, path, [await connect(), await connect()]);
  }

  /**
   * Takes a fact.
   * @returns what to wait for before the next one, now and then
   * @throws DomainError `import.invalid-fact`, `date.invalid`
   */
  add(fact: DeliveredFact): Promise<void> | undefined {
    this.#waiting.push({ part: this.#partOf(fact), fact });
    this.rows++;
    return this.#waiting.length === CHUNK_ROWS ? this.#pack() : undefined;
  }

  #partOf(fact: DeliveredFact): number {
    const { tenant, source, period, day } = fact;
    const last = this.parts[this.#last];
    // As most facts are: a finding's controls come one after another.
    if (last?.source === source && last.undated && day === null) {
      if (last.period === period && last.tenant === tenant) {
        last.rows++;
        return this.#last;
      }
    }
    this.#last = this.#numberOf(fact);
    const part = this.parts[this.#last];
    if (part !== undefined) part.rows++;
    return this.#last;
  }

  #numberOf({ tenant, source, period, day }: DeliveredFact): number {
    const name = `${day === null ? "" : "dated"}\n${tenant}\n${source}\n${period}`;
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.parts.push({ tenant, source, period, undated: day === null, rows: 0 }) - 1;
      this.#numbers.set(name, number);
    }
    return number;
  }

  async #pack(): Promise<void> {
    const rows = this.#waiting;
    if (rows.length === 0) return;
    this.#waiting = [];
    const chunk = this.#chunk;
    chunk.rowCount = rows.length;
    chunk.setColumnValues(
      0,
      rows.map(({ part }) => part),
    );
    chunk.setColumnValues(
      1,
      rows.map(({ fact }) => this.#days.of(fact.day)),
    );
    this.dataset.columns.forEach((column, i) => {
      chunk.setColumnValues(
        i + 2,
        columnValues(
          column,
          rows.map(({ fact }) => fact.values[column.name] ?? null),
        ),
      );
    });
    await this.#filling.append(chunk);
    chunk.reset();
    this.#inFile += rows.length;
    if (this.#inFile >= FILE_ROWS) await this.#next();
  }

  /** Has the file written, and goes on with the other one as soon as that is free. */
  async #next(): Promise<void> {
    if (this.#inFile === 0) return;
    const path = `${this.#path}.${this.#files.length}`;
    this.#files.push(path);
    this.#inFile = 0;
    const [full, next] = [this.#filling, this.#writing];
    full.write(path);
    [this.#filling, this.#writing] = [next, full];
    await next.free();
  }

  /** Resolves when all facts are in files. */
  async finish(): Promise<void> {
    await this.#pack();
    await this.#next();
    await this.#writing.free();
  }

  /** What to select the staged facts from, once {@link finish} has resolved; undefined when there are none. */
  get table(): string | undefined {
    if (this.#files.length === 0) return undefined;
    return `read_parquet([${this.#files.map(literal).join(", ")}])`;
  }

  /** Removes the files, also after an error. */
  async dispose(): Promise<void> {
    await this.#filling.dispose();
    await this.#writing.dispose();
    for (const file of this.#files) await rm(file, { force: true });
  }
}
