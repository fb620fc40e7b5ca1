import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { createRequire } from "node:module";
import { DomainError } from "../../core/errors/errors.ts";
import { type BundledFile, bundleFunction, bundleLibrary, FONTS, LAYER_LIBRARIES } from "./bundle.ts";
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
}

export const FUNCTION_ZIP = "function.zip";
export const LAYER_ZIP = "layer.zip";

/**
 * Builds what is deployed: `function.zip` (entry `index.handler`), `layer.zip` (PDF libraries and fonts) and, apart,
 * the source maps. The same source gives the same bytes.
 * @param outDir made when it is not there; what an earlier run left there is replaced
 * @param version shown by the health check
 * @throws DomainError `package.no-bundler`; `output.unwritable` when the folder cannot be made
 */
export async function packageFunction(outDir: string, version: string): Promise<Packaged> {
  const code = await bundleFunction(version);
  const layer = await layerEntries();
  const maps = join(outDir, "maps");
  await emptyFolder(maps);
  for (const { name, bytes } of code.maps) await writeFile(join(maps, name), bytes);
  return {
    function: await writeZip(join(outDir, FUNCTION_ZIP), code.files),
    layer: await writeZip(join(outDir, LAYER_ZIP), layer.entries),
    maps,
    inputs: { function: code.inputs, layer: layer.inputs },
  };
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
  const bytes = zip(entries);
  await writeFile(path, bytes);
  return { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

const MODULES = "nodejs/node_modules";

async function layerEntries(): Promise<{ entries: ZipEntry[]; inputs: string[] }> {
  const entries: ZipEntry[] = [];
  const inputs: string[] = [];
  for (const library of LAYER_LIBRARIES) {
    const bundle = await bundleLibrary(library);
    inputs.push(...bundle.inputs);
    const folder = `${MODULES}/${library}`;
    entries.push(manifest(folder, library));
    for (const { name, bytes } of bundle.files) entries.push({ name: `${folder}/${name}`, bytes });
  }
  for (const { name, bytes } of await pdfkitData())
    entries.push({ name: `${MODULES}/pdfkit/${name}`, bytes });
  entries.push(manifest(`${MODULES}/${FONTS}`, FONTS));
  const fonts = join(dirname(fileURLToPath(import.meta.url)), "../../render/pdf/fonts");
  for (const { name, bytes } of await filesOf(fonts))
    entries.push({ name: `${MODULES}/${FONTS}/fonts/${name}`, bytes });
  return { entries, inputs };
}

/** The names PDFKit asks for its own parts by. */
const OWN_IMPORTS = { pdfkit: { "#standard-fonts/*": "./standard-fonts/*.cjs" } };

function manifest(folder: string, name: string): ZipEntry {
  const imports = name === "pdfkit" ? { imports: OWN_IMPORTS.pdfkit } : {};
  const text = JSON.stringify({ name, main: "index.js", ...imports });
  return { name: `${folder}/package.json`, bytes: Buffer.from(text) };
}

/** What PDFKit reads beside its code at run time: the metrics of the standard fonts, and a colour profile. */
async function pdfkitData(): Promise<BundledFile[]> {
  const code = dirname(createRequire(import.meta.url).resolve("pdfkit"));
  const profiles = (await filesOf(join(code, "data"))).filter(({ name }) => name.endsWith(".icc"));
  const metrics = (await filesOf(join(code, "standard-fonts"))).filter(({ name }) => name.endsWith(".cjs"));
  return [
    ...profiles.map(({ name, bytes }) => ({ name: `data/${name}`, bytes })),
    ...metrics.map(({ name, bytes }) => ({ name: `standard-fonts/${name}`, bytes })),
  ];
}

/** All files below a folder, by their paths relative to it. */
async function filesOf(folder: string): Promise<BundledFile[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.sort().map(async (path) => ({
      name: relative(folder, path).replaceAll("\\", "/"),
      bytes: await readFile(path),
    })),
  );
}
