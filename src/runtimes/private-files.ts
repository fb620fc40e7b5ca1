import { chmod, stat } from "node:fs/promises";
import { join } from "node:path";
import { STORE_FILE } from "../adapters/embedded/database.ts";

/** Permissions: what is in a data folder is its owner's alone. */
export const PRIVATE_FOLDER = 0o700;
export const PRIVATE_FILE = 0o600;

const OTHERS = 0o077;
/** Files that earlier versions left to the umask. */
const OFTEN_OPEN = [STORE_FILE, `${STORE_FILE}.wal`, "token-secret"];

/**
 * Takes files of a data folder away from others, and looks whether the folder itself is open to them: that may be
 * meant, so it is only told. Windows has no such permissions.
 * @returns what is to be told; undefined when all is well
 */
export async function closeToOthers(directory: string): Promise<string | undefined> {
  if (process.platform === "win32") return undefined;
  for (const name of OFTEN_OPEN) {
    const path = join(directory, name);
    const mode = await modeOf(path);
    // Of somebody else's file there is nothing to change; the store says so when it is opened.
    if (mode !== undefined && (mode & OTHERS) !== 0) await chmod(path, PRIVATE_FILE).catch(() => undefined);
  }
  const mode = await modeOf(directory);
  if (mode === undefined || (mode & OTHERS) === 0) return undefined;
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  return `The data folder ${directory} is open to other users of this machine (${octal}); close it with: chmod 700 ${directory}`;
}

async function modeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mode;
}
