import type { DuckDBConnection } from "@duckdb/node-api";
import { refuseClaim } from "../../core/connections/claim.ts";
import { connectionExists, connectionNotFound } from "../../core/connections/errors.ts";
import type { ConnectionStore, StoredConnection } from "../../ports/connection-store.ts";
import type { Database } from "./database.ts";
import { execute, rowsOf } from "../../duckdb/sql.ts";

/**
 * Connections in the engine's file. The table is made when the first connection is added: files of earlier versions
 * have none, and it needs no migration.
 */
export function createConnectionStore(database: Database): ConnectionStore {
  return {
    get: (id) => database.read((connection) => find(connection, id)),
    list: () =>
      database.read(async (connection) => {
        if (!(await hasTable(connection))) return [];
        const rows = await rowsOf(connection, "SELECT record FROM connections ORDER BY id");
        return rows.map(([record]) => parse(record));
      }),
    async add(added) {
      await database.write(async (connection) => {
        await connection.run(
          "CREATE TABLE IF NOT EXISTS connections (id VARCHAR NOT NULL, record VARCHAR NOT NULL)",
        );
        if ((await find(connection, added.id)) !== undefined) throw connectionExists(added.id);
        const record: StoredConnection = { connection: added, marks: {}, lastRun: null };
        await execute(connection, "INSERT INTO connections VALUES ($1, $2)", [
          added.id,
          JSON.stringify(record),
        ]);
      });
    },
    async remove(id) {
      await database.write(async (connection) => {
        if ((await find(connection, id)) === undefined) throw connectionNotFound(id);
        await execute(connection, "DELETE FROM connections WHERE id = $1", [id]);
      });
    },
    async begin(id, run, now) {
      await database.write(async (connection) => {
        const stored = await find(connection, id);
        if (stored === undefined) throw connectionNotFound(id);
        const refused = refuseClaim(id, stored.lastRun, run, now);
        if (refused !== undefined) throw refused;
        await save(connection, { ...stored, lastRun: run });
      });
    },
    update: (id, run, marks = {}) =>
      database.write(async (connection) => {
        const stored = await find(connection, id);
        if (stored?.lastRun?.id !== run.id) return false;
        await save(connection, { ...stored, lastRun: run, marks: { ...stored.marks, ...marks } });
        return true;
      }),
  };
}

function parse(record: unknown): StoredConnection {
  return JSON.parse(String(record)) as StoredConnection;
}

async function hasTable(connection: DuckDBConnection): Promise<boolean> {
  return (
    (await rowsOf(connection, "SELECT 1 FROM duckdb_tables() WHERE table_name = 'connections'")).length > 0
  );
}

async function find(connection: DuckDBConnection, id: string): Promise<StoredConnection | undefined> {
  if (!(await hasTable(connection))) return undefined;
  const rows = await rowsOf(connection, "SELECT record FROM connections WHERE id = $1", [id]);
  return rows[0] === undefined ? undefined : parse(rows[0][0]);
}

async function save(connection: DuckDBConnection, stored: StoredConnection): Promise<void> {
  await execute(connection, "UPDATE connections SET record = $2 WHERE id = $1", [
    stored.connection.id,
    JSON.stringify(stored),
  ]);
}
