import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { invalid } from "../../core/errors/errors.ts";

/**
 * The engine takes what follows a question mark for parameters of a URL: it would keep its log outside of the folder,
 * by way of links as well, since it resolves them. (`StorageManager::GetWALPath` of DuckDB.)
 * @throws DomainError `data.unusable`
 */
export function checkPath(directory: string): void {
  const path = resolve(directory);
  const real = realpathOf(path);
  if (!path.includes("?") && !real.includes("?")) return;
  throw invalid("data.unusable", `The path of the data folder has a question mark: ${real}`, {
    field: "data",
    fix: "Rename the folder that has it, or use another data folder; all other characters will do.",
  });
}

/** Of the part that is there, for a folder that is yet to be made. */
function realpathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realpathOf(parent), basename(path));
  }
}
