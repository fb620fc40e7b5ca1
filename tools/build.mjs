// Compiles src/ to dist/ with the TypeScript compiler and copies the files the compiler does not know
// (fonts, HTML). Unchanged sources cost a second thanks to the incremental build info.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

try {
  execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
} catch {
  process.exit(1);
}
const assets = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true }).filter(
  (entry) => entry.isFile() && !/\.(ts|md)$/.test(entry.name),
);
for (const asset of assets) {
  const from = join(asset.parentPath, asset.name);
  cpSync(from, join(root, "dist", from.slice(join(root, "src").length)));
}
const bin = join(root, "dist/cli/bin.js");
if (existsSync(bin)) chmodSync(bin, 0o755);
