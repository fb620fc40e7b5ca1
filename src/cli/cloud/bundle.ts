import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions, Metafile, Plugin } from "esbuild";
import { DomainError } from "../../core/errors/errors.ts";

const require = createRequire(import.meta.url);

/** Libraries that are in the layer, each a file of its own there. */
export const LAYER_LIBRARIES = ["pdfkit", "fontkit"] as const;
/** The package in the layer that holds the fonts. */
export const FONTS = "securebase-fonts";

/** A file that a bundle consists of. */
export interface BundledFile {
  name: string;
  bytes: Uint8Array;
}

export interface Bundle {
  files: BundledFile[];
  maps: BundledFile[];
  /** Every source file that is inside, relative to the project's folder. */
  inputs: string[];
}

type Build = (options: BuildOptions) => Promise<{
  outputFiles?: { path: string; contents: Uint8Array }[];
  metafile?: Metafile;
}>;

/** esbuild comes with a checkout, not with an installed package: there is nothing to package there. */
async function loadBuild(): Promise<Build> {
  try {
    return (await import("esbuild")).build as Build;
  } catch (error) {
    throw new DomainError("package.no-bundler", "unavailable", "The bundler esbuild is not installed", {
      fix: "Run this in a checkout of the project, after npm ci.",
      cause: error,
    });
  }
}

/** The checkout, or the installed package: this file is three folders below it, compiled or not. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

const SHARED: BuildOptions = {
  // Names of parts are hashes over paths too, which must not depend on the folder a command is run in.
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  platform: "node",
  target: "node22",
  write: false,
  metafile: true,
  legalComments: "none",
  logLevel: "silent",
};

/** The function's modules: the entry `index.mjs` and the parts it loads when they are first used. */
export async function bundleFunction(version: string): Promise<Bundle> {
  const build = await loadBuild();
  const here = fileURLToPath(import.meta.url);
  const entry = join(dirname(here), "../../runtimes", `lambda${extname(here)}`);
  const outdir = "/out";
  const result = await build({
    ...SHARED,
    entryPoints: { index: entry },
    outdir,
    format: "esm",
    splitting: true,
    outExtension: { ".js": ".mjs" },
    chunkNames: "chunk-[hash]",
    // Modules before CommonJS: only they are trimmed to what is used.
    mainFields: ["module", "main"],
    sourcemap: "external",
    define: { SECUREBASE_VERSION: JSON.stringify(version) },
    // CommonJS inside a module finds no `require` of its own.
    banner: {
      js: 'import{createRequire as secureBaseRequire}from"node:module";const require=secureBaseRequire(import.meta.url);',
    },
    plugins: [fromLayer()],
  });
  return asBundle(result, outdir);
}

/** One library as a single CommonJS file for the layer. */
export async function bundleLibrary(name: (typeof LAYER_LIBRARIES)[number]): Promise<Bundle> {
  const build = await loadBuild();
  const outdir = "/out";
  const result = await build({
    ...SHARED,
    entryPoints: { index: require.resolve(name) },
    outdir,
    format: "cjs",
    external: LAYER_LIBRARIES.filter((other) => other !== name),
  });
  return asBundle(result, outdir);
}

function asBundle(result: Awaited<ReturnType<Build>>, outdir: string): Bundle {
  const files = (result.outputFiles ?? []).map(({ path, contents }) => ({
    name: path.slice(outdir.length + 1),
    bytes: contents,
  }));
  return {
    files: files.filter(({ name }) => !name.endsWith(".map")),
    maps: files.filter(({ name }) => name.endsWith(".map")),
    inputs: Object.keys(result.metafile?.inputs ?? {}),
  };
}

const FONT_MODULE = /[\\/]render[\\/]pdf[\\/]typesetter\.[jt]s$/;
const FONT_BASE = "import.meta.url";

/**
 * Takes the layer's libraries and fonts from the layer. Lambda puts the layer's `nodejs/node_modules` on NODE_PATH,
 * which only `require` looks at.
 */
function fromLayer(): Plugin {
  return {
    name: "from-layer",
    setup(build) {
      const libraries = new RegExp(`^(?:${LAYER_LIBRARIES.join("|")})$`);
      build.onResolve({ filter: libraries }, ({ path }) => ({ path, namespace: "layer" }));
      build.onLoad({ filter: /.*/, namespace: "layer" }, ({ path }) => ({ contents: requireModule(path) }));
      build.onLoad({ filter: FONT_MODULE }, async ({ path }) => {
        const { readFile } = await import("node:fs/promises");
        const source = await readFile(path, "utf8");
        if (!source.includes(FONT_BASE)) throw new Error(`${path} no longer finds its fonts by ${FONT_BASE}`);
        const base = `${LOAD}import{pathToFileURL as layerUrl}from"node:url";const layerFonts=layerUrl(load.resolve("${FONTS}/package.json")).href;\n`;
        return {
          contents: base + source.replaceAll(FONT_BASE, "layerFonts"),
          loader: path.endsWith(".ts") ? "ts" : "js",
        };
      });
    },
  };
}

function exportNames(name: string): string[] {
  const library = require(name) as Record<string, unknown>;
  return Object.keys(library).filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default");
}

/** A `require` the bundler does not follow. */
const LOAD =
  'import{createRequire as layerRequire}from"node:module";const load=layerRequire(import.meta.url);';

/** A module with the exports of a CommonJS library that is required when the module is loaded. */
function requireModule(name: string): string {
  return [
    `${LOAD}const library = load("${name}");`,
    "export default library.default ?? library;",
    ...exportNames(name).map((key) => `export const ${key} = library.${key};`),
  ].join("\n");
}
