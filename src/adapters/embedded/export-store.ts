import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DomainError } from "../../core/errors/errors.ts";
import type { ExportJob, ExportStore, TenantExports } from "../../ports/export-store.ts";
import type { Database } from "./database.ts";
import { findTenantKey, tenantKey } from "./partitions.ts";
import { execute, rowsOf } from "../../duckdb/sql.ts";

/** Where files are written until they are whole; what a crash leaves here is nobody's. */
const DRAFTS = ".drafts";
const READ_SIZE = 256 * 1024;

/** Export jobs as rows of the engine's file, their files in `exports/TENANT/ID` of the data folder. */
export function createExportStore(database: Database): ExportStore {
  const folder = join(database.directory, "exports");
  return { forTenant: (tenant) => tenantExports(database, folder, tenant) };
}

/** Removes half-written files of a process that died. Call it only as the folder's one owner. */
export async function sweepExports(directory: string): Promise<void> {
  await rm(join(directory, "exports", DRAFTS), { recursive: true, force: true });
}

/** One path segment for any text: ASCII letters, digits, `-` and `_` stay, other bytes become `%` and two hex digits. */
export function pathSegment(text: string): string {
  if (text === "") return "%";
  const encode = (byte: number): string => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
  };
  return Array.from(Buffer.from(text), encode).join("");
}

function tenantExports(database: Database, folder: string, tenant: string): TenantExports {
  const pathOf = (id: string): string => join(folder, pathSegment(tenant), pathSegment(id));
  return {
    ...jobRows(database, tenant),
    async write(id, content) {
      try {
        return await writeWhole(join(folder, DRAFTS), pathOf(id), content);
      } catch (error) {
        throw translateFileError(error, folder);
      }
    },
    async read(id) {
      const found = await stat(pathOf(id)).catch(() => undefined);
      if (found?.isFile() !== true) throw notFound(id);
      return readFile(pathOf(id), id);
    },
    async remove(id) {
      await database.write(async (connection) => {
        const key = await findTenantKey(connection, tenant);
        if (key !== undefined)
          await execute(connection, "DELETE FROM exports WHERE tenant = $1 AND id = $2", [key, id]);
      });
      await rm(pathOf(id), { force: true });
    },
  };
}

function jobRows(database: Database, tenant: string): Pick<TenantExports, "get" | "list" | "put"> {
  return {
    async get(id) {
      return database.read(async (connection) => {
        const key = await findTenantKey(connection, tenant);
        if (key === undefined) return undefined;
        const sql = "SELECT record FROM exports WHERE tenant = $1 AND id = $2";
        const rows = await rowsOf(connection, sql, [key, id]);
        return rows[0] === undefined ? undefined : parse(rows[0][0]);
      });
    },
    async list({ limit, after }) {
      return database.read(async (connection) => {
        const key = await findTenantKey(connection, tenant);
        if (key === undefined) return [];
        // Ids sort by time of creation, so a page goes on behind its last job even when that is gone by now.
        const rows = await rowsOf(
          connection,
          `SELECT record FROM exports WHERE tenant = ${key} ${after === undefined ? "" : "AND id < $1"}
            ORDER BY id DESC LIMIT ${Math.trunc(limit)}`,
          after === undefined ? [] : [after],
        );
        return rows.map(([record]) => parse(record));
      });
    },
    async put(job) {
      await database.write(async (connection) => {
        const values = [await tenantKey(connection, tenant), job.id, JSON.stringify(job)];
        const updated = await execute(
          connection,
          "UPDATE exports SET record = $3 WHERE tenant = $1 AND id = $2",
          values,
        );
        if (updated === 0) await execute(connection, "INSERT INTO exports VALUES ($1, $2, $3)", values);
      });
    },
  };
}

/**
 * Writes a file that is there whole or not at all, also after a power cut: its bytes reach the disk before its name
 * does, and its name before this resolves.
 */
async function writeWhole(drafts: string, path: string, content: AsyncIterable<Uint8Array>): Promise<number> {
  await mkdir(drafts, { recursive: true });
  await mkdir(dirname(path), { recursive: true });
  const draft = join(drafts, crypto.randomUUID());
  try {
    let bytes = 0;
    const file = await open(draft, "wx", 0o600);
    try {
      for await (const chunk of content) {
        await file.writeFile(chunk);
        bytes += chunk.byteLength;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncFolder(dirname(path));
    return bytes;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** A rename is durable once its folder is. Windows cannot open folders and needs no help. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function* readFile(path: string, id: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) throw notFound(id);
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_SIZE), 0, READ_SIZE, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

function parse(record: unknown): ExportJob {
  return JSON.parse(String(record)) as ExportJob;
}

function notFound(id: string): DomainError {
  return new DomainError("export.not-found", "not-found", `There is no file of the export ${id}`, {
    fix: "It may have expired or not be finished; look at its status, or export again.",
  });
}

function translateFileError(error: unknown, folder: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EROFS" && code !== "EACCES" && code !== "EIO")
    return error;
  return new DomainError(
    "store.unavailable",
    "unavailable",
    `The export cannot be written to ${folder}: ${code}`,
    {
      fix:
        code === "ENOSPC" || code === "EDQUOT"
          ? "Free disk space there."
          : "Check the folder's permissions and disk.",
      cause: error,
    },
  );
}
