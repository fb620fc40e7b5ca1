import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { DomainError } from "../../core/errors/errors.ts";

interface Locked {
  version: string;
  /** As npm writes it: `sha512-` and base64. */
  integrity: string;
}

/**
 * Files of an npm package in the very version that package-lock.json names: from node_modules where it is installed, else
 * from the registry, since npm installs packages for the machine it runs on only.
 * @param root the folder of package-lock.json; npm is run there, so that its settings hold
 * @param wanted names of files, as they are in the package
 * @throws DomainError `package.not-locked`, `package.unavailable`, `package.altered`
 */
export async function lockedPackage(
  root: string,
  name: string,
  wanted: readonly string[],
): Promise<Map<string, () => Promise<Uint8Array>>> {
  const locked = await lockedVersion(root, name);
  const folder = join(root, "node_modules", name);
  if ((await installedVersion(folder)) === locked.version)
    return new Map(wanted.map((file) => [file, () => readFile(join(folder, file))]));
  const files = filesOfTar(gunzipSync(await download(root, name, locked)));
  return new Map(
    wanted.map((file) => {
      const bytes = files.get(`package/${file}`);
      if (bytes === undefined) throw altered(name, locked, `it holds no ${file}`);
      return [file, () => Promise.resolve(bytes)];
    }),
  );
}

async function lockedVersion(root: string, name: string): Promise<Locked> {
  const path = join(root, "package-lock.json");
  const text = await readFile(path, "utf8").catch(() => "{}");
  const lock = JSON.parse(text) as { packages?: Record<string, Partial<Locked>> };
  const { version, integrity } = lock.packages?.[`node_modules/${name}`] ?? {};
  if (version !== undefined && integrity?.startsWith("sha512-") === true) return { version, integrity };
  throw new DomainError("package.not-locked", "unprocessable", `${path} does not name ${name}`, {
    fix: "Run this in a checkout of the project with its package-lock.json.",
  });
}

async function installedVersion(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, "package.json"), "utf8").catch(() => "{}");
  return (JSON.parse(text) as { version?: string }).version;
}

const run = promisify(execFile);

async function download(root: string, name: string, locked: Locked): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "securebase-npm-"));
  try {
    await run("npm", ["pack", `${name}@${locked.version}`, "--loglevel=error", "--prefer-offline"], {
      cwd: root,
      // In the environment, since a path with blanks does not survive the shell.
      env: { ...process.env, npm_config_pack_destination: folder },
      // On Windows npm is a batch file, which only the shell runs.
      shell: process.platform === "win32",
    });
    const [file = ""] = await readdir(folder);
    const archive = await readFile(join(folder, file));
    const found = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
    if (found === locked.integrity) return archive;
    throw altered(name, locked, `its hash is ${found}, not ${locked.integrity}`);
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw unavailable(name, locked, error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function altered(name: string, { version }: Locked, how: string): DomainError {
  return new DomainError(
    "package.altered",
    "unprocessable",
    `What the registry gives as ${name}@${version} is not what package-lock.json names: ${how}`,
    { fix: "Point npm at a registry that serves the original (npm config get registry)." },
  );
}

function unavailable(name: string, { version }: Locked, cause: unknown): DomainError {
  const { stderr, message } = cause as { stderr?: string; message?: string };
  const reason = (stderr?.trim() ?? "") === "" ? message : stderr?.trim().split("\n").slice(0, 3).join(" ");
  return new DomainError(
    "package.unavailable",
    "unavailable",
    `${name}@${version} is not installed here and npm cannot get it: ${reason}`,
    { fix: `Check that "npm pack ${name}@${version}" works, or run this where it is installed.`, cause },
  );
}

const BLOCK = 512;
const REGULAR_FILE = /^[0\0]$/;

/** The regular files of a TAR archive (POSIX.1-1988 ustar), by name. */
function filesOfTar(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const text = (from: number, length: number): string =>
      archive.toString("latin1", at + from, at + from + length).replace(/\0.*$/s, "");
    const size = Number.parseInt(text(124, 12), 8);
    const start = at + BLOCK;
    if (REGULAR_FILE.test(archive.toString("latin1", at + 156, at + 157)))
      files.set(text(0, 100), archive.subarray(start, start + size));
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
