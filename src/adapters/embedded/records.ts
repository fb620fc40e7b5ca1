import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import type { Clock } from "../../ports/clock.ts";
import {
  type FoundRecord,
  type RecordChange,
  RecordConflict,
  type RecordPage,
  type RecordSpace,
  type RecordStore,
} from "../../ports/records.ts";
import { changedEntry, keysWithout, nameOf } from "../shared/record-changes.ts";
import type { Database } from "./database.ts";
import { execute, rowsOf } from "../../duckdb/sql.ts";

/** Records in the engine's file. What was read once is answered from memory until something of its kind is written. */
export function createRecordStore(database: Database, clock: Clock): RecordStore {
  return {
    forTenant: (tenant) => new EmbeddedRecords(database, clock, tenant),
    service: new EmbeddedRecords(database, clock, undefined),
  };
}

/** Removes records whose time is over. @returns which they were; `space` is the tenant */
export async function removeExpired(
  database: Database,
  now: Date,
): Promise<{ space: string; kind: string; id: string }[]> {
  return database.write(async (connection) => {
    const gone = await rowsOf(
      connection,
      "DELETE FROM records WHERE expires_at <= $1::TIMESTAMP RETURNING space, kind, id",
      [now.toISOString()],
    );
    if (gone.length > 0) {
      await connection.run(
        "DELETE FROM record_keys WHERE (space, kind, id) NOT IN (SELECT (space, kind, id) FROM records)",
      );
    }
    return gone.map(([space, kind, id]) => ({ space: String(space), kind: String(kind), id: String(id) }));
  });
}

/** A row of the table. */
interface Row {
  found: FoundRecord;
  /** Milliseconds since 1970. */
  expires: number | undefined;
  size: number;
}

const COLUMNS = "id, revision, version, body, epoch_ms(expires_at)";

class EmbeddedRecords implements RecordSpace {
  readonly tenant?: string;
  readonly #database: Database;
  readonly #clock: Clock;
  /** As the tables name it. */
  readonly #space: string;

  constructor(database: Database, clock: Clock, tenant: string | undefined) {
    if (tenant !== undefined) this.tenant = tenant;
    this.#database = database;
    this.#clock = clock;
    this.#space = tenant ?? "";
  }

  async get(kind: string, id: string): Promise<FoundRecord | undefined> {
    const rows = await this.#known(kind, JSON.stringify([id]), (connection) =>
      this.#row(connection, kind, id),
    );
    return rows[0]?.found;
  }

  async list(kind: string, page: RecordPage): Promise<FoundRecord[]> {
    const rows = await this.#known(kind, JSON.stringify(page), (connection) =>
      this.#page(connection, kind, page),
    );
    return rows.map((row) => row.found);
  }

  async write(changes: readonly RecordChange[]): Promise<void> {
    const topics = changes.map((change) => this.#topic(changedEntry(change).kind));
    await this.#database.write(async (connection) => {
      for (const change of changes) await this.#check(connection, change);
      for (const change of changes) await this.#apply(connection, change);
    }, topics);
  }

  #topic(kind: string): string {
    return JSON.stringify([this.#space, kind]);
  }

  /** Rows that have not expired, from memory where they were read before. */
  async #known(
    kind: string,
    question: string,
    read: (connection: DuckDBConnection) => Promise<Row[]>,
  ): Promise<Row[]> {
    const { known } = this.#database;
    const topic = this.#topic(kind);
    const ask = (): Promise<Row[]> =>
      known.of(
        topic,
        question,
        () => this.#database.read(read),
        (rows) => sizeOf(rows),
      );
    const rows = await ask();
    const now = this.#clock.now().getTime();
    if (rows.every(({ expires }) => expires === undefined || expires > now)) return rows;
    // Other records take the places of those that expired since the page was read.
    known.forget(topic);
    return ask();
  }

  #row(connection: DuckDBConnection, kind: string, id: string): Promise<Row[]> {
    return this.#select(connection, kind, "AND id = $4", [id]);
  }

  #page(connection: DuckDBConnection, kind: string, page: RecordPage): Promise<Row[]> {
    const { limit, after, prefix, by, descending } = page;
    const values: string[] = [];
    let where = by === "position" ? "AND position IS NOT NULL" : "";
    if (prefix !== undefined) where += ` AND starts_with(${by}, $${3 + values.push(prefix)})`;
    if (after !== undefined) where += ` AND ${by} ${descending ? "<" : ">"} $${3 + values.push(after)}`;
    where += ` ORDER BY ${by} ${descending ? "DESC" : ""} LIMIT ${Math.trunc(limit)}`;
    return this.#select(connection, kind, where, values);
  }

  async #select(
    connection: DuckDBConnection,
    kind: string,
    where: string,
    values: readonly DuckDBValue[],
  ): Promise<Row[]> {
    const rows = await rowsOf(
      connection,
      `SELECT ${COLUMNS} FROM records WHERE space = $1 AND kind = $2
        AND (expires_at IS NULL OR expires_at > $3::TIMESTAMP) ${where}`,
      [this.#space, kind, this.#clock.now().toISOString(), ...values],
    );
    return rows.map(([id, revision, version, body, expires]): Row => {
      const text = String(body);
      return {
        found: {
          id: String(id),
          revision: String(revision),
          version: Number(version),
          body: JSON.parse(text) as unknown,
        },
        expires: expires === null || expires === undefined ? undefined : Number(expires),
        size: text.length,
      };
    });
  }

  /** @throws RecordConflict */
  async #check(connection: DuckDBConnection, change: RecordChange): Promise<void> {
    const { before, after } = change;
    const entry = changedEntry(change);
    const [row] = await this.#row(connection, entry.kind, entry.id);
    if (before === undefined && row !== undefined) throw new RecordConflict(entry, { reason: "exists" });
    if (before !== undefined && row === undefined) throw new RecordConflict(entry, { reason: "missing" });
    if (before !== undefined && row?.found.revision !== before.revision)
      throw new RecordConflict(entry, { reason: "changed" });
    const wanted = keysWithout(after, before);
    if (wanted.length === 0) return;
    const holders = await this.#holders(connection, entry.kind);
    for (const key of wanted) {
      const holder = holders.get(nameOf(key));
      if (holder !== undefined && holder !== entry.id)
        throw new RecordConflict(entry, { reason: "taken", key, holder });
    }
  }

  async #holders(connection: DuckDBConnection, kind: string): Promise<Map<string, string>> {
    const rows = await rowsOf(
      connection,
      `SELECT k.name, k.value, id FROM record_keys k JOIN records r USING (space, kind, id)
        WHERE space = $1 AND kind = $2 AND (r.expires_at IS NULL OR r.expires_at > $3::TIMESTAMP)`,
      [this.#space, kind, this.#clock.now().toISOString()],
    );
    return new Map(
      rows.map(([name, value, id]) => [nameOf({ name: String(name), value: String(value) }), String(id)]),
    );
  }

  async #apply(connection: DuckDBConnection, change: RecordChange): Promise<void> {
    const { before, after } = change;
    const { kind, id } = changedEntry(change);
    const place = [this.#space, kind, id];
    const ofIt = "space = $1 AND kind = $2 AND id = $3";
    // Also where there is none to replace: one that has expired may still lie there.
    await execute(connection, `DELETE FROM records WHERE ${ofIt}`, place);
    if (before === undefined) await execute(connection, `DELETE FROM record_keys WHERE ${ofIt}`, place);
    for (const { name, value } of keysWithout(before, after))
      await execute(connection, `DELETE FROM record_keys WHERE ${ofIt} AND name = $4 AND value = $5`, [
        ...place,
        name,
        value,
      ]);
    if (after === undefined) return;
    const { revision, version, position = null, expiresAt = null, body } = after;
    await execute(connection, "INSERT INTO records VALUES ($1, $2, $3, $4, $5, $6, $7::TIMESTAMP, $8)", [
      ...place,
      ...[revision, version, position, expiresAt, JSON.stringify(body)],
    ]);
    for (const { name, value } of keysWithout(after, before))
      await execute(connection, "INSERT INTO record_keys VALUES ($1, $2, $4, $5, $3)", [
        ...place,
        name,
        value,
      ]);
  }
}

function sizeOf(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + row.size, 0);
}
