import { createReadStream, createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DomainError } from "../../core/errors/errors.ts";
import type { Spool, SpooledFile } from "../../ports/spool.ts";

/**
 * A spool in a folder of the data folder. Storing throws `store.unavailable` when the disk is full.
 * @param newName gives file names that never repeat
 */
export function createSpool(directory: string, newName: () => string): Spool {
  const folder = spoolFolder(directory);
  return { store: (name, content) => storeFile(folder, newName(), name, content) };
}

/**
 * Stores a file whole or not at all, pulling as it writes.
 * @param name as the user knows it
 * @throws DomainError `store.unavailable` when the disk is full; what the content throws
 */
export async function storeFile(
  folder: string,
  fileName: string,
  name: string,
  content: AsyncIterable<Uint8Array>,
): Promise<SpooledFile> {
  // Nothing may be waited for before the content is listened to: a stream that fails meanwhile ends the process.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, fileName);
  const source = content instanceof Readable ? content : Readable.from(content, { objectMode: false });
  const file = createWriteStream(path, { mode: 0o600 });
  try {
    await pipeline(source, file);
    const { size } = await stat(path);
    return storedFile(path, name, size);
  } catch (error) {
    await closed(file);
    await rm(path, { force: true });
    throw isFull(error) ? full(name, error) : error;
  }
}

export function storedFile(path: string, name: string, size: number): SpooledFile {
  return {
    name,
    path,
    size,
    open: () => createReadStream(path),
    dispose: () => rm(path, { force: true }),
  };
}

/** A file that is still being opened would be there again after its removal. */
function closed(file: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (file.closed) resolve();
    else file.once("close", resolve);
  });
}

function isFull(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}

function full(name: string, cause: unknown): DomainError {
  return new DomainError("store.unavailable", "unavailable", `${name} does not fit on the disk`, {
    fix: "Free disk space where the service keeps its data, or give the function more ephemeral storage.",
    cause,
  });
}

function spoolFolder(directory: string): string {
  return join(directory, "tmp", "spool");
}

/** Where a load may keep files until it is stored; made when it is not there, and swept with the rest of the spool. */
export async function stagingFolder(directory: string): Promise<string> {
  const folder = spoolFolder(directory);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Removes what a crash left in the spool. Call it only as the folder's one owner. */
export async function sweepSpool(directory: string): Promise<void> {
  await rm(spoolFolder(directory), { recursive: true, force: true });
}
