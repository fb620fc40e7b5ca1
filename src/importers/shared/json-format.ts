import type { InputFile } from "../../ports/load.ts";
import { contentOf } from "./content.ts";
import { type Located, readJsonRecords } from "./json-stream.ts";

/** The records of a JSON file, unpacked when it is gzip. */
export function readJsonFile(
  file: InputFile,
  wrappers: readonly string[],
): AsyncGenerator<Located[], void, undefined> {
  return readJsonRecords(contentOf(file), { name: file.name, wrappers });
}
