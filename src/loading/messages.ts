import { createReadStream } from "node:fs";
import { DomainError, type ErrorDetails, type ErrorKind } from "../core/errors/errors.ts";
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

/** An error as plain data; `code` is absent where it is none of ours. */
export interface PlainError extends Omit<ErrorDetails, "cause"> {
  code?: string;
  kind?: ErrorKind;
  message: string;
  /** For the log. */
  cause?: string;
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

export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message } = error;
  if (!(error instanceof DomainError)) return { message, cause: error.stack ?? message };
  const { code, kind, fix, field, allowed, retryAfter, cause } = error;
  return {
    code,
    kind,
    message,
    ...(fix !== undefined && { fix }),
    ...(field !== undefined && { field }),
    ...(allowed !== undefined && { allowed }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(cause !== undefined && { cause: cause instanceof Error ? cause.message : JSON.stringify(cause) }),
  };
}

export function errorOfPlain({ code, kind, message, cause, ...details }: PlainError): Error {
  const origin = cause === undefined ? {} : { cause: new Error(cause) };
  if (code === undefined || kind === undefined) return new Error(message, origin);
  return new DomainError(code, kind, message, { ...details, ...origin });
}
