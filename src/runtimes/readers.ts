import { extname } from "node:path";
import type { ReaderLimits } from "../loading/reader-process.ts";
import { Readers } from "../loading/readers.ts";

/** Beside this file, or beside the bundle that this file is in: TypeScript, compiled or packaged. */
const READER_PROGRAM = new URL(`./reader${extname(import.meta.url)}`, import.meta.url);

/** Processes that read files for this one; none is started before the first file. */
export function openReaders(limits: Partial<ReaderLimits> = {}): Readers {
  return new Readers({ program: READER_PROGRAM, limits });
}
