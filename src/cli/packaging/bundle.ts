import { createRequire } from "node:module";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions, Metafile, Plugin } from "esbuild";
import { DomainError } from "../../core/errors/errors.ts";

const require = createRequire(import.meta.url);

/** Libraries that are in the reporting layer, each a file of its own there. */
export const LAYER_LIBRARIES = ["pdfkit", "fontkit"] as const;
/** The library in the engine layer: DuckDB. */
export const ENGINE_LIBRARY = "@duckdb/node-api";
export { FONTS_PACKAGE as FONTS } from "../../runtimes/lambda/fonts.ts";

const IN_LAYERS = [...LAYER_LIBRARIES, ENGINE_LIBRARY] as const;

/** The package of DuckDB's native library, for Linux with glibc as Lambda has it. */
export function engineBinding(architecture: Architecture): string {
  return `@duckdb/node-bindings-linux-${architecture}`;
}

/** Processors that Lambda has. */
export const ARCHITECTURES = ["x64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** The programs in the function's zip, by the files beside this project's `runtimes` they are built from. */
const PROGRAMS = { index: "lambda", worker: "lambda-worker", reader: "reader" };

/** A file that a bundle consists of. */
export interface BundledFile {
  name: string;
  bytes: Uint8Array;
}

/** A module of a bundle, and what it brings with it. */
export interface BundledModule {
  name: string;
  /** Source files that are inside, relative to the project's folder; those of a layer start with `layer:`. */
  inputs: string[];
  /** Modules that are loaded with it. */
  imports: string[];
  /** Modules that it loads when they are first used. */
  loads: string[];
}

export interface Bundle {
  files: BundledFile[];
  maps: BundledFile[];
  modules: BundledModule[];
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
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

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

/**
 * The modules of the functions: `index.mjs` (the API), `worker.mjs` (the worker), `reader.mjs` (the process that reads
 * files for the worker), and what they share or load when it is first used.
 */
export async function bundleFunction(version: string): Promise<Bundle> {
  const build = await loadBuild();
  const here = fileURLToPath(import.meta.url);
  const program = (name: string): string => join(dirname(here), "../../runtimes", name + extname(here));
  const outdir = "/out";
  const result = await build({
    ...SHARED,
    entryPoints: Object.fromEntries(Object.entries(PROGRAMS).map(([to, from]) => [to, program(from)])),
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

/** One library as a single CommonJS file for a layer. */
export async function bundleLibrary(name: (typeof IN_LAYERS)[number]): Promise<Bundle> {
  const build = await loadBuild();
  const outdir = "/out";
  const result = await build({
    ...SHARED,
    entryPoints: { index: require.resolve(name) },
    outdir,
    format: "cjs",
    external: [...IN_LAYERS.filter((other) => other !== name), "@duckdb/node-bindings-*"],
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
    modules: modulesOf(result.metafile),
    inputs: Object.keys(result.metafile?.inputs ?? {}),
  };
}

function modulesOf(metafile: Metafile | undefined): BundledModule[] {
  const modules = Object.entries(metafile?.outputs ?? {}).filter(([path]) => !path.endsWith(".map"));
  return modules.map(([path, { inputs, imports }]) => {
    const inBundle = imports.filter(({ external }) => external !== true);
    const names = (kind: string): string[] =>
      inBundle.filter((each) => each.kind === kind).map((each) => basename(each.path));
    return {
      name: basename(path),
      inputs: Object.keys(inputs),
      imports: names("import-statement"),
      loads: names("dynamic-import"),
    };
  });
}

/**
 * Takes the layers' libraries from the layers. Lambda puts their `nodejs/node_modules` on NODE_PATH, which only
 * `require` looks at.
 */
function fromLayer(): Plugin {
  return {
    name: "from-layer",
    setup(build) {
      const libraries = new RegExp(`^(?:${IN_LAYERS.join("|")})$`);
      build.onResolve({ filter: libraries }, ({ path }) => ({ path, namespace: "layer" }));
      build.onLoad({ filter: /.*/, namespace: "layer" }, ({ path }) => ({ contents: requireModule(path) }));
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
