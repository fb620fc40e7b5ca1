import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Architecture,
  type BundledFile,
  bundleLibrary,
  ENGINE_LIBRARY,
  engineBinding,
  FONTS,
  LAYER_LIBRARIES,
  ROOT,
} from "./bundle.ts";
import { lockedPackage } from "./locked-package.ts";
import type { ZipEntry } from "./zip.ts";

/** Where Lambda looks for a layer's packages. */
const MODULES = "nodejs/node_modules";

export interface Layer {
  entries: ZipEntry[];
  /** Every source file inside. */
  inputs: string[];
}

/** The layer `securebase-{env}-reporting`: the libraries and fonts of PDF files. */
export async function reportingLayer(): Promise<Layer> {
  const entries: ZipEntry[] = [];
  const inputs: string[] = [];
  for (const library of LAYER_LIBRARIES) {
    const layer = await libraryEntries(library);
    entries.push(...layer.entries);
    inputs.push(...layer.inputs);
  }
  for (const { name, bytes } of await pdfkitData())
    entries.push({ name: `${MODULES}/pdfkit/${name}`, bytes });
  entries.push(manifest(`${MODULES}/${FONTS}`, FONTS));
  const fonts = join(dirname(fileURLToPath(import.meta.url)), "../../render/pdf/fonts");
  for (const { name, bytes } of await filesOf(fonts))
    entries.push({ name: `${MODULES}/${FONTS}/fonts/${name}`, bytes });
  return { entries, inputs };
}

/**
 * What the engine is at run time: the addon that Node.js loads, and the library beside it that the addon is linked to.
 * Both need the C and C++ libraries that Lambda's Node.js itself needs, of glibc 2.25 or newer, and nothing else.
 */
const ENGINE_FILES = ["duckdb.node", "libduckdb.so", "LICENSE"];

/** The layer `securebase-{env}-engine`: DuckDB for Linux, whatever system this is. */
export async function engineLayer(architecture: Architecture): Promise<Layer> {
  const { entries, inputs } = await libraryEntries(ENGINE_LIBRARY);
  const binding = engineBinding(architecture);
  const files = await lockedPackage(ROOT, binding, ENGINE_FILES);
  for (const [name, bytes] of files) entries.push({ name: `${MODULES}/${binding}/${name}`, bytes });
  return { entries, inputs };
}

async function libraryEntries(library: Parameters<typeof bundleLibrary>[0]): Promise<Layer> {
  const { files, inputs } = await bundleLibrary(library);
  const folder = `${MODULES}/${library}`;
  const code = files.map(({ name, bytes }) => ({ name: `${folder}/${name}`, bytes }));
  return { entries: [manifest(folder, library), ...code], inputs };
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
