import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { Effects } from "../effects.ts";
import { type Architecture, ARCHITECTURES } from "./bundle.ts";
import { packageEngine, packageFunction } from "./package.ts";

interface PackageOptions {
  out: string;
  arch: Architecture;
  json?: boolean;
}

/** `securebase package`: the zips that a deployment uploads. */
export function packageCommand(program: Command, effects: Effects, version: string): void {
  program
    .command("package")
    .description("build the zips of the functions and their two layers, the same bytes for the same source")
    .option("--out <dir>", "where to put them", "dist/cloud")
    .addOption(
      new Option("--arch <name>", "processor of the worker function")
        .choices(ARCHITECTURES)
        .default("x64" satisfies Architecture),
    )
    .option("--json", "machine-readable output on stdout")
    .action(async (options: PackageOptions) => {
      const outDir = resolve(options.out);
      const { function: code, layer, maps } = await packageFunction(outDir, version);
      const engine = await packageEngine(outDir, options.arch);
      const text =
        options.json === true
          ? JSON.stringify({ function: code, layer, engine, maps })
          : [code, layer, engine]
              .map(
                ({ path, bytes, sha256 }) => `${path}  ${bytes.toLocaleString("en")} bytes  sha256:${sha256}`,
              )
              .join("\n");
      await effects.out(`${text}\n`);
    });
}
