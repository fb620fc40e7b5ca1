import { extname } from "node:path";

/** The program of a reading process: beside this file, whether it is source, compiled, or bundled for Lambda. */
export const READER_PROGRAM = new URL(`./reader${extname(import.meta.url)}`, import.meta.url);
