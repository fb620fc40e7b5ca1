import { createReadStream } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { DomainError } from "../../core/errors/errors.ts";
import type { InputFile } from "../../ports/load.ts";

/** A file on the local disk. */
export function localFile(path: string, size: number): InputFile {
  return { name: path, path, size, open: () => createReadStream(path, { highWaterMark: 1 << 18 }) };
}

/**
 * The files that paths name: folders are walked, sorted by name, hidden files left out, and a file that is named
 * twice counts once, since loading its rows twice would double the bill.
 * @throws DomainError `import.file-not-found`, `import.unreadable`, `import.no-files`, `import.not-a-file`
 */
export async function inputFiles(paths: readonly string[]): Promise<InputFile[]> {
  const found = new Map<string, InputFile>();
  for (const path of paths) {
    const files = await attempt(path, () => walk(path));
    if (files.length === 0) {
      throw new DomainError("import.no-files", "unprocessable", `The folder ${path} holds no files`, {
        fix: "Name a folder with data files, or the files themselves.",
      });
    }
    for (const file of files) {
      const real = await realpath(file.path ?? file.name);
      if (!found.has(real)) found.set(real, file);
    }
  }
  return [...found.values()];
}

async function walk(path: string): Promise<InputFile[]> {
  const entry = await stat(path);
  if (entry.isFile()) return [localFile(path, entry.size)];
  if (!entry.isDirectory()) {
    throw new DomainError("import.not-a-file", "unprocessable", `${path} is neither a file nor a folder`, {
      fix: "Name a file or folder; pipe a stream in with -.",
    });
  }
  const names = (await readdir(path)).filter((name) => !name.startsWith(".")).sort();
  const files: InputFile[] = [];
  for (const name of names) {
    const inside = join(path, name);
    files.push(...(await attempt(inside, () => walk(inside))));
  }
  return files;
}

async function attempt<T>(path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new DomainError("import.file-not-found", "not-found", `There is no file or folder ${path}`, {
        fix: "Check the path; it is taken from the current folder.",
        cause: error,
      });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new DomainError("import.unreadable", "unprocessable", `${path} cannot be read: ${reason}`, {
      fix: "Check that this user may read it.",
      cause: error,
    });
  }
}
