import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openEmbedded } from "../../src/runtimes/embedded.ts";
import { commandIn } from "../support/cli.ts";
import { CHARGES, focusCsv } from "./seed.ts";

const root = join(import.meta.dirname, "../..");
let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "securebase-private-"));
});
afterEach(() => {
  rmSync(parent, { recursive: true, force: true });
});

/** Runs a command line in a process of its own, whose umask lets everybody read. */
async function command(data: string, ...args: string[]): Promise<string> {
  const quoted = [process.execPath, "--import", "tsx", join(root, "src/cli/bin.ts"), ...args, "--data", data]
    .map((each) => `'${each}'`)
    .join(" ");
  const { stderr } = await promisify(execFile)("sh", ["-c", `umask 022; exec ${quoted}`], { cwd: root });
  return stderr;
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

/** What others may read or enter, anywhere below. */
function open(folder: string): string[] {
  const inside = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  return [folder, ...inside].filter((path) => (statSync(path).mode & 0o077) !== 0);
}

it.skipIf(process.platform === "win32")(
  "what a process makes in a data folder is its owner's alone, and what the user asked for is as the umask says",
  async () => {
    const data = join(parent, "data");
    const file = join(parent, "costs.csv");
    writeFileSync(file, focusCsv(CHARGES));
    await command(data, "tenants", "add", "acme", "--name", "Acme");
    await command(data, "import", file, "--tenant", "acme");
    const report = join(parent, "report.csv");
    const of = ["--tenant", "acme", "--from", "2024-09-01", "--to", "2024-10-01", "--format", "csv"];
    const stderr = await command(data, "report", "cost-analysis", ...of, "-o", report);
    expect(existsSync(join(data, "securebase.duckdb"))).toBe(true);
    expect(existsSync(join(data, "exports"))).toBe(true);
    expect(open(data)).toEqual([]);
    expect(modeOf(report)).toBe("644");
    expect(stderr).not.toContain("other users");
  },
  60_000,
);

it.skipIf(process.platform === "win32")(
  "a folder that others may enter is told, its files are closed",
  async () => {
    const warnings: string[] = [];
    const logger = {
      info: () => undefined,
      warn: (_: unknown, message: string) => void warnings.push(message),
      error: () => undefined,
    };
    const data = join(parent, "data");
    await (await openEmbedded({ directory: data, env: {}, logger })).close();
    expect(warnings).toEqual([]);
    chmodSync(data, 0o755);
    chmodSync(join(data, "securebase.duckdb"), 0o644);
    await (await openEmbedded({ directory: data, env: {}, logger })).close();
    expect(warnings).toEqual([expect.stringMatching(/is open to other users .*\(0755\).*chmod 700/)]);
    expect(modeOf(join(data, "securebase.duckdb"))).toBe("600");
    const listed = await commandIn({ env: { SECUREBASE_DATA: data } }, ["tenants", "list", "--json"]);
    expect(listed).toMatchObject({
      out: "[]\n",
      err: expect.stringMatching(/^warning: .*chmod 700/) as string,
    });
  },
);
