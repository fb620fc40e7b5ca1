import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { createSpool, stagingFolder } from "../../src/adapters/embedded/spool.ts";
import { type EmbeddedOptions, openEmbeddedStore } from "../../src/adapters/embedded/store.ts";
import { inputFiles } from "../../src/importers/shared/files.ts";
import { createLoader } from "../../src/loading/loader.ts";
import { Readers } from "../../src/loading/readers.ts";
import { type Usage, UsageOfBoth } from "./usage.ts";
import type { FileLoad, LoadedFiles } from "../../src/ports/loader.ts";

/** The reading program, bundled beside the jobs by {@link bundleReader}. */
const READER = "reader.mjs";

/** Bundles the program that reads files into the folder of a bundled job. */
export async function bundleReader(folder: string): Promise<void> {
  const { bundle } = await import("./bundle.ts");
  await bundle(join(import.meta.dirname, "../../src/runtimes/reader.ts"), join(folder, READER));
}

/** Imports a file as the product does: read by a process of its own, taken in by the store, committed. */
export async function importInto(
  directory: string,
  path: string,
  target: Pick<FileLoad, "owners" | "zones">,
  options: EmbeddedOptions = {},
): Promise<LoadedFiles & { usage: Usage }> {
  const usage = new UsageOfBoth();
  const store = await openEmbeddedStore(directory, options);
  const readers = new Readers({ program: new URL(READER, import.meta.url) });
  const loader = createLoader({
    store: store.metrics,
    read: readers.read,
    engine: () => ({ connect: store.connect, close: () => Promise.resolve() }),
    spool: createSpool(directory, randomUUID),
    folder: await stagingFolder(directory),
    newName: randomUUID,
  });
  const loaded = await loader.load({
    files: await inputFiles([path]),
    format: "auto",
    snapshot: undefined,
    loadedAt: "2024-10-02T00:00:00Z",
    dryRun: false,
    ...target,
  });
  const used = usage.total();
  await readers.close();
  store.close();
  return { ...loaded, usage: used };
}
