import type { DuckDBConnection } from "@duckdb/node-api";
import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { Extent } from "../../core/query/coverage.ts";
import { plausibleDays } from "../../core/time/plausible.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import type { DataVersion, Snapshot, TenantMetrics } from "../../ports/metric-store.ts";
import { dateLiteral } from "./compile-filters.ts";
import { type Database, FACTS_TOPIC } from "./database.ts";
import type { KnownExtents } from "./known-extents.ts";
import { findTenantKey } from "./partitions.ts";
import { factTable } from "./schema.ts";
import { type Asking, EmbeddedSnapshot, emptySnapshot } from "./snapshot.ts";
import { instantOf, rowsOf, textOf } from "../../duckdb/sql.ts";

/** One tenant's facts in the engine. */
export class EmbeddedTenantMetrics implements TenantMetrics {
  readonly #database: Database;
  readonly #tenant: string;
  readonly #keys: Map<string, number>;
  readonly #extents: KnownExtents;
  readonly #asking: Asking;

  /**
   * @param known what all handles of a store share: tenants' integers found before, which never change, and first and
   *   last days
   */
  constructor(
    database: Database,
    tenant: string,
    known: { keys: Map<string, number>; extents: KnownExtents },
    asking: Asking,
  ) {
    this.#asking = asking;
    this.#database = database;
    this.#tenant = tenant;
    this.#keys = known.keys;
    this.#extents = known.extents;
  }

  async snapshot(dataset: DatasetId): Promise<Snapshot> {
    const key = await this.#key();
    if (key === undefined) return emptySnapshot();
    // Taken first: what is read after it is of that state, or the state is another one by then.
    const state = this.#database.factsState;
    const version = await this.#database.known.of(
      FACTS_TOPIC,
      `${key} ${dataset}`,
      () => this.#readVersion(dataset, key),
      () => 0,
    );
    const tenant = { id: this.#tenant, key };
    return new EmbeddedSnapshot(this.#database, version, {
      dataset,
      tenant,
      state,
      ...this.#asking,
    });
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
