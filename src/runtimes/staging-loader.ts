import { createSpool, stagingFolder } from "../adapters/embedded/spool.ts";
import type { ImportLimits } from "../core/limits/limits.ts";
import { readingEngine } from "../loading/engine.ts";
import { createLoader } from "../loading/loader.ts";
import type { FileReader } from "../loading/read-files.ts";
import { readInProcess } from "../loading/read-in-process.ts";
import type { Loader } from "../ports/loader.ts";
import type { MetricStore } from "../ports/metric-store.ts";

export interface StagingLoaderOptions {
  store: MetricStore;
  /** Where files may be kept while they are loaded. */
  directory: string;
  newName: () => string;
  limits: ImportLimits;
  /** Reads files; in this process by default. */
  read?: FileReader;
}

/**
 * The loader for a store that has no engine of its own: this process opens one to stage and to read what was staged.
 * What imports this file loads the engine's native code.
 */
export async function stagingLoader(options: StagingLoaderOptions): Promise<Loader> {
  const { store, directory, newName, limits } = options;
  return createLoader({
    store,
    read: options.read ?? readInProcess((folder) => createSpool(folder, newName)),
    engine: readingEngine,
    spool: createSpool(directory, newName),
    folder: await stagingFolder(directory),
    newName,
    limits,
  });
}
