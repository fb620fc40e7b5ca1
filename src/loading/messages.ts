import { createReadStream } from "node:fs";
import type { PlainError } from "../core/errors/plain.ts";
import type { FileLoad } from "../ports/loader.ts";
import type { InputFile } from "../ports/load.ts";
import type { LoadProgress } from "../ports/metric-store.ts";
import type { ReadFiles } from "./read-files.ts";

/** What a process is told that reads files for this one. */
export type Command = { kind: "read"; load: PlainLoad; folder: string } | { kind: "abort" };

/** What it answers. */
export type Answer =
  | { kind: "ready" }
  | { kind: "progress"; progress: LoadProgress }
  | { kind: "done"; result: ReadFiles }
  | { kind: "failed"; error: PlainError };

/** A load without functions: its files lie on the local disk. */
export interface PlainLoad extends Omit<FileLoad, "files"> {
  files: readonly { name: string; size: number | undefined; path: string }[];
}

export function plainLoad(load: FileLoad): PlainLoad {
  return {
    ...load,
    files: load.files.map(({ name, size, path }) => {
      if (path === undefined) throw new Error(`${name} is not on the local disk`);
      return { name, size, path };
    }),
  };
}

export function loadOfPlain(load: PlainLoad): FileLoad {
  return {
    ...load,
    files: load.files.map(({ name, size, path }): InputFile => {
      const open = (): AsyncIterable<Uint8Array> => createReadStream(path, { highWaterMark: 1 << 18 });
      return size === undefined ? { name, path, open } : { name, path, size, open };
    }),
  };
}
