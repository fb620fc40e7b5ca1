import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * The path of a file of the published samples, which lie beside the project and not in it; undefined where they are
 * not, so that the test is skipped.
 * @throws Error in CI, which has them
 */
export function samplePath(name: string): string | undefined {
  const path = join(import.meta.dirname, "../../shared/samples", name);
  if (existsSync(path)) return path;
  if (process.env.CI !== undefined) throw new Error(`the sample ${name} is missing, and CI has to have it`);
  return undefined;
}
