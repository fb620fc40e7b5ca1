import type { DuckDBConnection } from "@duckdb/node-api";
import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { Extent } from "../../core/query/coverage.ts";
import type { QueryPlan } from "../../core/query/plan.ts";
import type { Cell } from "../../core/query/query.ts";
import {
  type Aggregate,
  type DataVersion,
  type LoadRecord,
  type MeasureTotal,
  type Snapshot,
  SnapshotGone,
} from "../../ports/metric-store.ts";
import { rowsOf, textOf } from "../../duckdb/sql.ts";
import { type CompiledQuery, compileQuery, GROUPS_PART, unitOf } from "./compile-query.ts";
import type { Database } from "./database.ts";
import { readLoads } from "./loads.ts";
import { type ResultColumns, ResultStream } from "./result-stream.ts";
import { answerSmall, oneBatch } from "./small-answers.ts";

/** How questions are put to the engine. */
export interface Asking {
  /** Answers of at most so many groups are finished outside of the engine; 0: none. */
  smallGroups: number;
  /** Does work when it is the asker's turn. @throws DomainError `store.busy`; the signal's reason when aborted before */
  turn: <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;
}

/** Which facts a snapshot is of. */
export interface SnapshotScope extends Asking {
  dataset: DatasetId;
  tenant: { id: string; key: number };
  /** {@link Database.factsState} before the version was read. */
  state: number | undefined;
}

/** The facts of a tenant and dataset as long as they are of one version. */
export class EmbeddedSnapshot implements Snapshot {
  readonly version: string;
  readonly asOf: string | null;
  readonly extent: Extent | null;
  readonly #database: Database;
  readonly #scope: SnapshotScope;

  constructor(database: Database, { version, asOf, extent }: DataVersion, scope: SnapshotScope) {
    this.version = version;
    this.asOf = asOf;
    this.extent = extent;
    this.#database = database;
    this.#scope = scope;
  }

  /** The turn is over once the answer's first rows are there: what is left then is read as its reader likes. */
  aggregate(plan: QueryPlan, signal?: AbortSignal): Promise<Aggregate> {
    return this.#scope.turn(() => this.#aggregate(plan, signal), signal);
  }

  async #aggregate(plan: QueryPlan, signal: AbortSignal | undefined): Promise<Aggregate> {
    const { tenant, smallGroups } = this.#scope;
    const open = (sql: string, values: readonly string[]): Promise<ResultStream> =>
      this.#open(sql, values, signal);
    const small = await answerSmall(open, plan, tenant.key, smallGroups);
    if (small !== undefined) return small;
    const compiled = compileQuery(plan, tenant.key);
    const stream = await open(compiled.sql, compiled.values);
    try {
      return await readAggregate(stream, plan, compiled);
    } catch (error) {
      await stream.close();
      throw error;
    }
  }

  async loads(signal?: AbortSignal): Promise<LoadRecord[]> {
    signal?.throwIfAborted();
    const { tenant, dataset, turn } = this.#scope;
    const read = (): Promise<LoadRecord[]> =>
      this.#database.read(async (connection) => {
        await this.#check(connection);
        return readLoads(connection, { tenant: tenant.id });
      });
    const found = await turn(read, signal);
    return found.filter((load) => load.dataset === dataset);
  }

  /**
   * Opens a stream that reads from the snapshot's version. Where facts were committed since the version was read, of
   * whatever tenant, the version is asked for again in the stream's own transaction; else that costs nothing.
   */
  async #open(sql: string, values: readonly string[], signal?: AbortSignal): Promise<ResultStream> {
    const { state } = this.#scope;
    if (state !== undefined && this.#database.factsState === state) {
      const stream = await ResultStream.open(this.#database, sql, values, { signal });
      if (this.#database.factsState === state) return stream;
      await stream.close();
    }
    const before = (connection: DuckDBConnection): Promise<void> => this.#check(connection);
    return ResultStream.open(this.#database, sql, values, { signal, before });
  }

  async #check(connection: DuckDBConnection): Promise<void> {
    const { tenant, dataset } = this.#scope;
    const [row] = await rowsOf(
      connection,
      `SELECT version FROM versions WHERE tenant = ${tenant.key} AND dataset = '${dataset}'`,
    );
    if ((textOf(row?.[0]) ?? "0") !== this.version) throw new SnapshotGone(dataset);
  }
}

/** The snapshot of a tenant that the store has no facts of. */
export function emptySnapshot(): Snapshot {
  return {
    version: "0",
    asOf: null,
    extent: null,
    aggregate: (plan) => Promise.resolve(emptyAggregate(plan)),
    loads: () => Promise.resolve([]),
  };
}

/** Where the columns of a compiled query lie; see {@link CompiledQuery}. */
interface Layout {
  missing: number;
  keys: number;
  values: number;
  previous: number;
  end: number;
}
const UNIT = 1;
const GROUPS = 2;
const FACTS = 3;

function emptyAggregate(plan: QueryPlan): Aggregate {
  return {
    batches: oneBatch([]),
    groups: 0,
    facts: 0,
    totals: plan.measures.map(() => []),
  };
}

function layoutOf(plan: QueryPlan): Layout {
  const measures = plan.measures.length;
  const keys = FACTS + 1 + measures;
  const values = keys + plan.keys.length;
  const previous = values + measures;
  return {
    missing: FACTS + 1,
    keys,
    values,
    previous,
    end: plan.compare === undefined ? previous : previous + measures,
  };
}

/** Reads the counts and totals, which come first, and leaves the groups in the stream. */
async function readAggregate(
  stream: ResultStream,
  plan: QueryPlan,
  compiled: CompiledQuery,
): Promise<Aggregate> {
  const layout = layoutOf(plan);
  const totals: MeasureTotal[][] = plan.measures.map(() => []);
  let groups = 0;
  let facts = 0;
  for (;;) {
    const columns = await stream.peek();
    if (columns === undefined) break;
    const part = (at: number): number => Number(columns.cell(0, at));
    let at = 0;
    for (; at < columns.rows && part(at) < GROUPS_PART; at++) {
      groups = Number(columns.cell(GROUPS, at));
      // Every unit source splits all the facts; one of them tells how many there are.
      if (part(at) === 0) facts += Number(columns.cell(FACTS, at));
      addTotals(totals, plan, layout, compiled.units[part(at)] ?? null, columns, at);
    }
    const more = at === columns.rows;
    stream.skip(at);
    if (!more) break;
  }
  return {
    batches: stream.batches((columns, from) => rowsFrom(columns, from, layout)),
    groups,
    facts,
    totals,
  };
}

function addTotals(
  totals: MeasureTotal[][],
  plan: QueryPlan,
  layout: Layout,
  source: string | null,
  columns: ResultColumns,
  at: number,
): void {
  plan.measures.forEach((measure, i) => {
    if (unitOf(measure) !== source) return;
    totals[i]?.push({
      unit: columns.cell(UNIT, at),
      value: columns.cell(layout.values + i, at),
      ...(plan.compare !== undefined && { previous: columns.cell(layout.previous + i, at) }),
      missing: Number(columns.cell(layout.missing + i, at) ?? 0),
    });
  });
}

function rowsFrom(columns: ResultColumns, from: number, layout: Layout): Cell[][] {
  const rows: Cell[][] = Array.from({ length: columns.rows - from }, () => []);
  for (let column = layout.keys; column < layout.end; column++) {
    const cells = columns.column(column);
    for (let i = 0; i < rows.length; i++) rows[i]?.push(cells[from + i] ?? null);
  }
  return rows;
}
