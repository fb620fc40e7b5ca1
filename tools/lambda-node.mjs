// Finds a Node.js of a version that Lambda runs (22 or newer) for the tests that run the packaged function, or installs
// one from npm, which carries it as a package without install scripts. Prints its path; exits 1 with a reason when
// there is none for this machine.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MAJOR = 24;
const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** @returns {string} the path of the binary; throws with a reason */
export function lambdaNode() {
  if (process.env.SECUREBASE_LAMBDA_NODE) return process.env.SECUREBASE_LAMBDA_NODE;
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const cache = join(root, "node_modules/.cache/lambda-node");
  const binary = join(cache, "node_modules", name, "bin/node");
  if (existsSync(binary)) return binary;
  mkdirSync(cache, { recursive: true });
  const args = [
    "install",
    "--prefix",
    cache,
    "--no-save",
    "--no-package-lock",
    "--ignore-scripts",
    "--no-audit",
  ];
  try {
    execFileSync("npm", [...args, `${name}@${MAJOR}`], { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    const detail = String(error.stderr ?? error.message)
      .split("\n")
      .slice(0, 3)
      .join(" ");
    throw new Error(`Node ${MAJOR} is needed and the npm package ${name} cannot be installed: ${detail}`);
  }
  if (!existsSync(binary)) throw new Error(`the npm package ${name}@${MAJOR} holds no bin/node`);
  return binary;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(lambdaNode());
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
