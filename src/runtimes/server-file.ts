import { realpath, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PRIVATE_FILE } from "./private-files.ts";

/** Where the server of a data folder listens, so that commands find it. */
export interface ServerFile {
  url: string;
  pid: number;
  /** Of the server's process; its health check answers with it. */
  instance: string;
}

/** A server file as it is stored: bound to the folder, since whoever copies that copies the file with it. */
interface StoredServer extends ServerFile {
  folder: FolderIdentity;
}

/** What tells a folder from a copy of it. */
interface FolderIdentity {
  path: string;
  device: number;
  inode: number;
}

/** The header in which a server says which process it is. */
export const INSTANCE_HEADER = "X-Instance";

const NAME = "server.json";
const ANSWER_MS = 3_000;

async function identityOf(directory: string): Promise<FolderIdentity> {
  const path = await realpath(directory);
  const { dev: device, ino: inode } = await stat(path);
  return { path, device, inode };
}

/** Written when the server listens; readable by the folder's owner only. */
export async function writeServerFile(directory: string, server: ServerFile): Promise<void> {
  const path = join(directory, NAME);
  const stored: StoredServer = { ...server, folder: await identityOf(directory) };
  await writeFile(`${path}.${server.pid}`, JSON.stringify(stored), { mode: PRIVATE_FILE });
  await rename(`${path}.${server.pid}`, path);
}

export async function removeServerFile(directory: string): Promise<void> {
  await rm(join(directory, NAME), { force: true });
}

/**
 * The server that has this data folder open; undefined when there is none. A file left by a killed server is not
 * believed, and neither is one that came with a copy of another folder: that folder's server has other data.
 */
export async function findServer(directory: string): Promise<ServerFile | undefined> {
  let stored: Partial<StoredServer>;
  try {
    stored = JSON.parse(await readFile(join(directory, NAME), "utf8")) as Partial<StoredServer>;
  } catch {
    return undefined;
  }
  const { url, pid, instance, folder } = stored;
  if (typeof url !== "string" || typeof pid !== "number" || typeof instance !== "string") return undefined;
  const { path, device, inode } = await identityOf(directory);
  if (folder?.path !== path || folder.device !== device || folder.inode !== inode) return undefined;
  const found = { url, pid, instance };
  return isRunning(pid) && (await answers(found)) ? found : undefined;
}

/** Process ids and ports are used again: only the server that wrote the file knows its instance. */
async function answers({ url, instance }: ServerFile): Promise<boolean> {
  try {
    const response = await fetch(`${url}/v1/health`, { signal: AbortSignal.timeout(ANSWER_MS) });
    await response.body?.cancel();
    return response.headers.get(INSTANCE_HEADER) === instance;
  } catch {
    return false;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, under another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
