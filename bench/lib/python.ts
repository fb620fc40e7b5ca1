import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

export interface PythonPackage {
  /** As pip knows it. */
  name: string;
  /** As Python imports it. */
  module: string;
}

export interface Peers {
  /** The interpreter that has them. */
  python: string | undefined;
  /** Module -> version of those that are there. */
  versions: Readonly<Record<string, string>>;
  missing: readonly string[];
}

/**
 * An interpreter with the packages: a virtual environment in `cache`, made with pip where that works; otherwise the
 * interpreter on this machine that has most of them.
 */
export function pythonPeers(packages: readonly PythonPackage[], cache: string): Peers {
  const made = makeEnvironment(packages, join(cache, "venv"));
  const candidates = [...(made === undefined ? [] : [made]), "python3", "/usr/bin/python3"];
  const found = candidates.map((python) => ({ python, versions: versionsOf(python, packages) }));
  const best = found.reduce((a, b) =>
    Object.keys(b.versions).length > Object.keys(a.versions).length ? b : a,
  );
  const has = Object.keys(best.versions).length > 0;
  return {
    python: has ? best.python : undefined,
    versions: best.versions,
    missing: packages.filter(({ module }) => !(module in best.versions)).map(({ name }) => name),
  };
}

function makeEnvironment(packages: readonly PythonPackage[], folder: string): string | undefined {
  const python = join(folder, "bin", "python");
  try {
    if (!existsSync(python)) execFileSync("python3", ["-m", "venv", folder], { stdio: "ignore" });
    const wanted = packages.map(({ name }) => name);
    execFileSync(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...wanted], {
      stdio: "ignore",
      timeout: 120_000,
    });
    return python;
  } catch {
    // No Python, no venv module, or no registry: the interpreters that are there are tried next.
    return undefined;
  }
}

function versionsOf(python: string, packages: readonly PythonPackage[]): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const { name, module } of packages) {
    const code = `import importlib.metadata, ${module}; print(importlib.metadata.version("${name}"))`;
    try {
      versions[module] = execFileSync(python, ["-c", code], { stdio: ["ignore", "pipe", "ignore"] })
        .toString()
        .trim();
    } catch {
      // Not there; the caller names it.
    }
  }
  return versions;
}
