import { join } from "node:path";
import type { Spool } from "../ports/spool.ts";
import { readingEngine } from "./engine.ts";
import { type FileReader, readFiles } from "./read-files.ts";

/**
 * Reads files in this process. Every load has an engine of its own: one that has failed answers nothing any more.
 * @param createSpool keeps unpacked files in a folder
 */
export function readInProcess(createSpool: (folder: string) => Spool): FileReader {
  return async (input, folder, options) => {
    const { connect, close } = readingEngine(folder);
    try {
      const spool = createSpool(join(folder, "unpacked"));
      return await readFiles({ folder, spool, connect }, input, options);
    } finally {
      await close();
    }
  };
}
