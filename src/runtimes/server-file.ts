import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Where the server of a data folder listens, so that commands find it. */
export interface ServerFile {
  url: string;
  pid: number;
}

const NAME = "server.json";
const ANSWER_MS = 3_000;

/** Written when the server listens; readable by the folder's owner only. */
export async function writeServerFile(directory: string, server: ServerFile): Promise<void> {
  const path = join(directory, NAME);
  await writeFile(`${path}.${server.pid}`, JSON.stringify(server), { mode: 0o600 });
  await rename(`${path}.${server.pid}`, path);
}

export async function removeServerFile(directory: string): Promise<void> {
  await rm(join(directory, NAME), { force: true });
}

/**
 * The server that has this data folder open; undefined when there is none. A file left by a killed server is not
 * believed: its process must be there.
 */
export async function findServer(directory: string): Promise<ServerFile | undefined> {
  let server: Partial<ServerFile>;
  try {
    server = JSON.parse(await readFile(join(directory, NAME), "utf8")) as Partial<ServerFile>;
  } catch {
    return undefined;
  }
  if (typeof server.url !== "string" || typeof server.pid !== "number") return undefined;
  const found = { url: server.url, pid: server.pid };
  return isRunning(found.pid) && (await answers(found.url)) ? found : undefined;
}

/** Process ids are used again; only a server answers. */
async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/v1/health`, { signal: AbortSignal.timeout(ANSWER_MS) });
    return response.headers.get("content-type")?.includes("json") === true;
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
