import { DuckDBInstance } from "@duckdb/node-api";
import { DomainError } from "../../core/errors/errors.ts";

/** A database inside the engine that only says: this file is taken. */
const OWNER_MARK = "securebase_owner";

/**
 * Opens the file for this caller alone. The engine's file lock keeps other processes out, but POSIX locks do not
 * bind their own process: there, the engine's cache of instances hands out the open one, and the mark tells.
 */
export async function openOnce(path: string, config: Record<string, string>): Promise<DuckDBInstance> {
  let instance: DuckDBInstance | undefined;
  try {
    instance = await DuckDBInstance.fromCache(path, config);
    const connection = await instance.connect();
    try {
      await connection.run(`ATTACH ':memory:' AS ${OWNER_MARK}`);
    } finally {
      connection.disconnectSync();
    }
    return instance;
  } catch (error) {
    instance?.closeSync();
    throw openError(path, error);
  }
}

function openError(path: string, error: unknown): DomainError {
  const text = error instanceof Error ? error.message : String(error);
  if (/set lock on file|different configuration|already exists/i.test(text)) {
    const pid = /PID (\d+)/.exec(text)?.[1];
    return new DomainError(
      "store.in-use",
      "conflict",
      `The data folder is in use by ${pid === undefined ? "a store that is open already" : `another process (PID ${pid})`}: ${path}`,
      { fix: "Stop that process, or use another folder with --data.", cause: error },
    );
  }
  return new DomainError("store.unreadable", "unavailable", `The store ${path} cannot be opened: ${text}`, {
    fix: "Check that the folder is writable and the file is a SecureBase store.",
    cause: error,
  });
}
