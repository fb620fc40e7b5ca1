// Finds a Python that has moto (an emulator of AWS), or installs it into a virtual environment under node_modules,
// for the tests that need what the in-process emulator lacks: real transactions, time to live, S3 and SSM as moto has
// them. Prints the Python's path; exits 1 with a reason when there is none.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const venv = join(root, "node_modules/.cache/moto");
const own = join(venv, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");

function hasMoto(python) {
  try {
    execFileSync(python, ["-c", "import moto.server, flask, flask_cors"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** @returns {string} the Python's path; throws with a reason */
export function motoPython() {
  const candidates = [process.env.SECUREBASE_PYTHON, own, "python3", "/usr/bin/python3"];
  const found = candidates.find((python) => python && hasMoto(python));
  if (found) return found;
  try {
    if (!existsSync(own))
      execFileSync("python3", ["-m", "venv", venv], { stdio: ["ignore", "ignore", "pipe"] });
    execFileSync(own, ["-m", "pip", "install", "--quiet", "moto[server,dynamodb,s3,ssm]"], {
      stdio: ["ignore", "ignore", "pipe"],
      timeout: 180_000,
    });
  } catch (error) {
    const detail = String(error.stderr ?? error.message)
      .trim()
      .split("\n")
      .at(-1);
    throw new Error(`no Python with moto was found, and it cannot be installed: ${detail}`);
  }
  if (hasMoto(own)) return own;
  throw new Error("moto was installed, but cannot be imported");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(motoPython());
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
