import { resolve } from "node:path";
import type { Command } from "commander";
import type { Effects } from "../effects.ts";
import { packageFunction } from "./package.ts";

interface PackageOptions {
  out: string;
  json?: boolean;
}

/** `securebase package`: the zips that a deployment uploads. */
export function packageCommand(program: Command, effects: Effects, version: string): void {
  program
    .command("package")
    .description("build the function's zip and its layer's, the same bytes for the same source")
    .option("--out <dir>", "where to put them", "dist/cloud")
    .option("--json", "machine-readable output on stdout")
    .action(async (options: PackageOptions) => {
      const made = await packageFunction(resolve(options.out), version);
      const { function: code, layer, maps } = made;
      const text =
        options.json === true
          ? JSON.stringify({ function: code, layer, maps })
          : [code, layer]
              .map(
                ({ path, bytes, sha256 }) => `${path}  ${bytes.toLocaleString("en")} bytes  sha256:${sha256}`,
              )
              .join("\n");
      await effects.out(`${text}\n`);
    });
}
