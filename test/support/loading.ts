import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSpool } from "../../src/adapters/embedded/spool.ts";
import { translateEngineError } from "../../src/duckdb/engine-errors.ts";
import { type Engine, readingEngine } from "../../src/loading/engine.ts";
import { createLoader } from "../../src/loading/loader.ts";
import { readInProcess } from "../../src/loading/read-in-process.ts";
import { storeStaged } from "../../src/loading/store-staged.ts";
import { readTables } from "../../src/loading/tables/read-tables.ts";
import type { ImportLimits } from "../../src/core/limits/limits.ts";
import type { LoadReport, TableLoad } from "../../src/ports/load.ts";
import type { Loader } from "../../src/ports/loader.ts";
import type { LoadOptions, MetricStore } from "../../src/ports/metric-store.ts";

const folder = mkdtempSync(join(tmpdir(), "securebase-load-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
/** One for all loads of a test file: opening an engine takes longer than most of them. */
const engine: Engine = { ...readingEngine(folder), close: () => Promise.resolve() };

/** Reads files in this process, without the cost of another one. */
export const readHere = readInProcess((unpacked) => createSpool(unpacked, randomUUID));

/** The loader that every store has, for a store of a test's own. */
export function loaderFor(store: MetricStore, limits?: ImportLimits): Loader {
  return createLoader({
    store,
    read: readHere,
    engine: () => engine,
    spool: createSpool(folder, randomUUID),
    folder,
    newName: randomUUID,
    ...(limits !== undefined && { limits }),
  });
}

/** Reads tables whose mapping is known and has the store take them in. */
export async function loadTables(
  store: MetricStore,
  input: TableLoad,
  options: LoadOptions = {},
): Promise<LoadReport> {
  const place = join(folder, randomUUID());
  mkdirSync(place);
  try {
    const workplace = { folder: place, spool: createSpool(place, randomUUID), connect: engine.connect };
    const staged = await readTables(workplace, input, options);
    const [report] = await storeStaged(store, staged, engine.connect, options);
    if (report === undefined) throw new Error("no report");
    return report;
  } catch (error) {
    throw translateEngineError(error);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
