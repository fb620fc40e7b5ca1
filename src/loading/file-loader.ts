import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FileLoader } from "../ports/file-loader.ts";
import type { StagedStore } from "../ports/metric-store.ts";
import type { Spool } from "../ports/spool.ts";
import { withLocalFiles } from "./local-files.ts";
import type { FileReader } from "./read-files.ts";

/** Loads files that a reader stages, into a store that takes staged facts. */
export function stagingFileLoader(options: {
  store: StagedStore;
  read: FileReader;
  spool: Spool;
  /** Where staged facts lie between reading and storing; swept when the store is opened. */
  folder: string;
  newName: () => string;
}): FileLoader {
  const { store, read, spool } = options;
  return {
    async load(input, loadOptions = {}) {
      const folder = join(options.folder, options.newName());
      await mkdir(folder, { recursive: true, mode: 0o700 });
      try {
        return await withLocalFiles(spool, input.files, async (files) => {
          const { staged, ...found } = await read({ ...input, files }, folder, loadOptions);
          const reports = staged === undefined ? [] : await store.loadStaged(staged, loadOptions);
          return { ...found, reports };
        });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
