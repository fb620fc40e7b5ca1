import type { DuckDBConnection } from "@duckdb/node-api";
import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { Extent } from "../../core/query/coverage.ts";
import type { QueryPlan } from "../../core/query/plan.ts";
import type { Cell } from "../../core/query/query.ts";
import { plausibleDays } from "../../core/time/plausible.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import type { Aggregate, DataVersion, MeasureTotal, TenantMetrics } from "../../ports/metric-store.ts";
import { dateLiteral } from "./compile-filters.ts";
import { type CompiledQuery, compileQuery, GROUPS_PART, unitOf } from "./compile-query.ts";
import { type Database, FACTS_TOPIC } from "./database.ts";
import type { KnownExtents } from "./known-extents.ts";
import { findTenantKey } from "./partitions.ts";
import { type ResultColumns, ResultStream } from "./result-stream.ts";
import { factTable } from "./schema.ts";
import { answerSmall, oneBatch } from "./small-answers.ts";
import { instantOf, rowsOf, textOf } from "../../duckdb/sql.ts";

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

/** One tenant's facts in the engine. */
export class EmbeddedTenantMetrics implements TenantMetrics {
  readonly #database: Database;
  readonly #tenant: string;
  readonly #keys: Map<string, number>;
  readonly #extents: KnownExtents;
  readonly #smallGroups: number;

  /**
   * @param known what all handles of a store share: tenants' integers found before, which never change, and first and
   *   last days
   * @param smallGroups answers of at most so many groups are finished outside of the engine; 0: none
   */
  constructor(
    database: Database,
    tenant: string,
    known: { keys: Map<string, number>; extents: KnownExtents },
    smallGroups: number,
  ) {
    this.#smallGroups = smallGroups;
    this.#database = database;
    this.#tenant = tenant;
    this.#keys = known.keys;
    this.#extents = known.extents;
  }

  async aggregate(plan: QueryPlan): Promise<Aggregate> {
    const tenant = await this.#key();
    if (tenant === undefined) return emptyAggregate(plan);
    const small = await answerSmall(this.#database, plan, tenant, this.#smallGroups);
    if (small !== undefined) return small;
    const compiled = compileQuery(plan, tenant);
    const stream = await ResultStream.open(this.#database, compiled.sql, compiled.values);
    try {
      return await readAggregate(stream, plan, compiled);
    } catch (error) {
      await stream.close();
      throw error;
    }
  }

  async version(dataset: DatasetId): Promise<DataVersion> {
    const tenant = await this.#key();
    if (tenant === undefined) return { version: "0", asOf: null, extent: null };
    const name = `${tenant} ${dataset}`;
    return this.#database.known.of(
      FACTS_TOPIC,
      name,
      () => this.#readVersion(dataset, tenant),
      () => 0,
    );
  }

  /** One transaction: the days are those of the version. */
  #readVersion(dataset: DatasetId, tenant: number): Promise<DataVersion> {
    return this.#database.read(async (connection) => {
      const [row] = await rowsOf(
        connection,
        `SELECT version, as_of::VARCHAR FROM versions WHERE tenant = ${tenant} AND dataset = '${dataset}'`,
      );
      const version = textOf(row?.[0]) ?? "0";
      const loadedAt = textOf(row?.[1]);
      if (loadedAt === null) return { version, asOf: null, extent: null };
      const asOf = instantOf(loadedAt);
      const extent = await this.#extents.of(`${tenant} ${dataset}`, version, () =>
        readExtent(connection, dataset, tenant, plausibleDays(new Date(asOf))),
      );
      return { version, asOf, extent };
    });
  }

  async extent(dataset: DatasetId): Promise<Extent | null> {
    return (await this.version(dataset)).extent;
  }

  async #key(): Promise<number | undefined> {
    const known = this.#keys.get(this.#tenant);
    if (known !== undefined) return known;
    const found = await this.#database.read((connection: DuckDBConnection) =>
      findTenantKey(connection, this.#tenant),
    );
    if (found !== undefined) this.#keys.set(this.#tenant, found);
    return found;
  }
}

async function readExtent(
  connection: DuckDBConnection,
  dataset: DatasetId,
  tenant: number,
  { from, to }: DayRange,
): Promise<Extent | null> {
  const [row] = await rowsOf(
    connection,
    `SELECT min(day)::VARCHAR, max(day)::VARCHAR FROM ${factTable(dataset)}
      WHERE tenant = ${tenant} AND day >= ${dateLiteral(from)} AND day < ${dateLiteral(to)}`,
  );
  const [first, last] = [textOf(row?.[0]), textOf(row?.[1])];
  return first === null || last === null ? null : { first, last };
}

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
