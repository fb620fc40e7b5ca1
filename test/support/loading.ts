import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSpool } from "../../src/adapters/embedded/spool.ts";
import { translateEngineError } from "../../src/duckdb/engine-errors.ts";
import { openReadingEngine } from "../../src/loading/engine.ts";
import { type FileReader, readFiles } from "../../src/loading/read-files.ts";
import { readTables, type Workplace } from "../../src/loading/tables/read-tables.ts";
import type { LoadReport, TableLoad } from "../../src/ports/load.ts";
import type { LoadOptions, StagedStore } from "../../src/ports/metric-store.ts";

/** Runs a task with what reading needs, in a folder that is removed afterwards. */
export async function withWorkplace<T>(task: (workplace: Workplace) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "securebase-read-"));
  const engine = await openReadingEngine(folder);
  try {
    const spool = createSpool(folder, randomUUID);
    return await task({ folder, spool, connect: () => engine.connect() });
  } catch (error) {
    throw translateEngineError(error, folder);
  } finally {
    engine.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads tables in this process, without the cost of another one, and has the store take them in. */
export async function loadTables(
  store: StagedStore,
  input: TableLoad,
  options: LoadOptions = {},
): Promise<LoadReport> {
  return withWorkplace(async (workplace) => {
    const staged = await readTables(workplace, input, options);
    const [report] = await store.loadStaged(staged, options);
    if (report === undefined) throw new Error("no report");
    return report;
  });
}

/** Reads files in this process. */
export const readHere: FileReader = async (input, folder, options) => {
  const engine = await openReadingEngine(folder);
  try {
    const spool = createSpool(folder, randomUUID);
    return await readFiles({ folder, spool, connect: () => engine.connect() }, input, options);
  } finally {
    engine.close();
  }
};
