import { createHash } from "node:crypto";
import { mkdir, open, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DomainError } from "../../core/errors/errors.ts";
import { type Architecture, bundleFunction, type BundledModule } from "./bundle.ts";
import { engineLayer, reportingLayer } from "./layers.ts";
import { zip, type ZipEntry } from "./zip.ts";

export interface PackagedFile {
  path: string;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
}

export interface Packaged {
  function: PackagedFile;
  layer: PackagedFile;
  /** The folder of the source maps, which are not deployed. */
  maps: string;
  /** Every source file inside the function and the layer. */
  inputs: { function: string[]; layer: string[] };
  /** The modules of the function. */
  modules: BundledModule[];
}

export const FUNCTION_ZIP = "function.zip";
export const LAYER_ZIP = "layer.zip";
export const ENGINE_ZIP = "engine-layer.zip";

/**
 * Builds what both functions are deployed from: `function.zip` (entries `index.handler` of the API, `worker.handler` of
 * the worker), `layer.zip` (PDF libraries and fonts) and, apart, the source maps. The same source gives the same bytes.
 * @param outDir made when it is not there; what an earlier run left there is replaced
 * @param version shown by the health check
 * @throws DomainError `package.no-bundler`; `output.unwritable` when the folder cannot be made
 */
export async function packageFunction(outDir: string, version: string): Promise<Packaged> {
  const maps = join(outDir, "maps");
  await emptyFolder(maps);
  const code = await bundleFunction(version);
  const layer = await reportingLayer();
  for (const { name, bytes } of code.maps) await writeFile(join(maps, name), bytes);
  return {
    function: await writeZip(join(outDir, FUNCTION_ZIP), code.files),
    layer: await writeZip(join(outDir, LAYER_ZIP), layer.entries),
    maps,
    inputs: { function: code.inputs, layer: layer.inputs },
    modules: code.modules,
  };
}

/**
 * Builds `engine-layer.zip`, the layer with DuckDB that only the worker has. The same package-lock.json gives the same
 * bytes, whatever system this is.
 * @param outDir made when it is not there
 * @throws DomainError `package.no-bundler`; `package.not-locked`, `package.unavailable`, `package.altered` when DuckDB's
 *   library for Linux is not installed here and cannot be got
 */
export async function packageEngine(outDir: string, architecture: Architecture): Promise<PackagedFile> {
  const { entries } = await engineLayer(architecture);
  await mkdir(outDir, { recursive: true });
  return writeZip(join(outDir, ENGINE_ZIP), entries);
}

async function emptyFolder(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await rm(path, { recursive: true, force: true });
    await mkdir(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DomainError("output.unwritable", "unprocessable", `${path} cannot be made: ${reason}`, {
      fix: "Name a folder that is writable, or can be made, with --out.",
      cause: error,
    });
  }
}

async function writeZip(path: string, entries: readonly ZipEntry[]): Promise<PackagedFile> {
  const hash = createHash("sha256");
  let bytes = 0;
  const file = await open(path, "w");
  try {
    for await (const part of zip(entries)) {
      hash.update(part);
      bytes += part.length;
      await file.writeFile(part);
    }
  } finally {
    await file.close();
  }
  return { path, bytes, sha256: hash.digest("hex") };
}
