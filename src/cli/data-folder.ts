import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type DomainError, invalid } from "../core/errors/errors.ts";
import { closest } from "../core/errors/suggest.ts";
import { STORE_FILE } from "../runtimes/embedded.ts";

/**
 * Refuses a data folder that is not there. Reading one would make it, and show the data of a mistyped name as none.
 * @throws DomainError `data.not-found` that names data folders beside it
 */
export async function mustBeThere(directory: string): Promise<void> {
  if (await isThere(directory)) return;
  throw await notFound(directory);
}

async function notFound(directory: string): Promise<DomainError> {
  const parent = dirname(directory);
  const others = await dataFolders(parent);
  const guess = closest(basename(directory), others);
  const named = others.map((name) => join(parent, name)).join(", ");
  const first = `Make one with: securebase tenants add ID --name NAME --data ${directory} – or look at demo data with: securebase serve --demo`;
  const fix =
    guess !== undefined
      ? `Did you mean --data ${join(parent, guess)}?`
      : others.length > 0
        ? `There is data in: ${named}. ${first}`
        : first;
  return invalid("data.not-found", `There is no data folder ${directory}`, { field: "data", fix });
}

/** Names of the folders in a folder that hold a store. */
async function dataFolders(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const held = await Promise.all(folders.map((name) => isThere(join(parent, name, STORE_FILE))));
  return folders.filter((_, i) => held[i] === true).sort();
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    // What cannot be looked at is there; opening it tells why not.
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
