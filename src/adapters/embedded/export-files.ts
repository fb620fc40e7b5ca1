import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DomainError } from "../../core/errors/errors.ts";
import type { ExportFiles, TenantExportFiles } from "../../ports/export-files.ts";

/** Where files are written until they are whole; what a crash leaves here is nobody's. */
const DRAFTS = ".drafts";
const READ_SIZE = 256 * 1024;

/** Files in `exports/TENANT/ID` of the data folder. */
export function createExportFiles(directory: string): ExportFiles {
  const folder = join(directory, "exports");
  return { forTenant: (tenant) => tenantFiles(folder, tenant), all: () => allFiles(folder) };
}

async function allFiles(folder: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const segment of await namesIn(folder)) {
    const tenant = textOfSegment(segment);
    if (tenant === undefined) continue;
    const ids = (await namesIn(join(folder, segment))).map(textOfSegment);
    found.set(
      tenant,
      ids.filter((id) => id !== undefined),
    );
  }
  return found;
}

/** None where there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}

/** The text that `pathSegment` made a name of; undefined for a name that it makes of none, such as `.drafts`. */
function textOfSegment(segment: string): string | undefined {
  if (segment === "%") return "";
  const bytes = segment.replace(/%([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  const text = Buffer.from(bytes, "latin1").toString("utf8");
  return pathSegment(text) === segment ? text : undefined;
}

/** Removes half-written files of a process that died. Call it only as the folder's one owner. */
export async function sweepExports(directory: string): Promise<void> {
  await rm(join(directory, "exports", DRAFTS), { recursive: true, force: true });
}

/** One path segment for any text: ASCII letters, digits, `-` and `_` stay, other bytes become `%` and two hex digits. */
export function pathSegment(text: string): string {
  if (text === "") return "%";
  const encode = (byte: number): string => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
  };
  return Array.from(Buffer.from(text), encode).join("");
}

function tenantFiles(folder: string, tenant: string): TenantExportFiles {
  const pathOf = (id: string): string => join(folder, pathSegment(tenant), pathSegment(id));
  return {
    async write(id, content) {
      try {
        return await writeWhole(join(folder, DRAFTS), pathOf(id), content);
      } catch (error) {
        throw translateFileError(error);
      }
    },
    async read(id) {
      const found = await stat(pathOf(id)).catch(() => undefined);
      if (found?.isFile() !== true) throw notFound(id);
      return readFile(pathOf(id), id);
    },
    async remove(id) {
      await rm(pathOf(id), { force: true });
    },
  };
}

/**
 * Writes a file that is there whole or not at all, also after a power cut: its bytes reach the disk before its name
 * does, and its name before this resolves.
 */
async function writeWhole(drafts: string, path: string, content: AsyncIterable<Uint8Array>): Promise<number> {
  await mkdir(drafts, { recursive: true, mode: 0o700 });
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = join(drafts, crypto.randomUUID());
  try {
    let bytes = 0;
    const file = await open(draft, "wx", 0o600);
    try {
      for await (const chunk of content) {
        await file.writeFile(chunk);
        bytes += chunk.byteLength;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncFolder(dirname(path));
    return bytes;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** A rename is durable once its folder is. Windows cannot open folders and needs no help. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function* readFile(path: string, id: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) throw notFound(id);
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_SIZE), 0, READ_SIZE, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

function notFound(id: string): DomainError {
  return new DomainError("export.not-found", "not-found", `There is no file of the export ${id}`, {
    fix: "It may have expired or not be finished; look at its status, or export again.",
  });
}

function translateFileError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EROFS" && code !== "EACCES" && code !== "EIO")
    return error;
  return new DomainError("store.unavailable", "unavailable", `The export cannot be stored: ${code}`, {
    fix:
      code === "ENOSPC" || code === "EDQUOT"
        ? "Free disk space where the data folder is."
        : "Check the data folder's permissions and disk.",
    cause: error,
  });
}
