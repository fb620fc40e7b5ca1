import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CHARGES, focusCsv } from "../../test/runtimes/seed.ts";
import { commandLine } from "../../test/support/cli.ts";

describe("securebase audit", () => {
  let directory: string;
  const run = commandLine(() => directory);
  const logOf = async (...options: string[]): Promise<Record<string, unknown>[]> =>
    JSON.parse((await run("audit", "list", "--json", ...options)).out) as Record<string, unknown>[];
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "securebase-audit-"));
    await run("tenants", "add", "acme", "--name", "Acme");
    writeFileSync(join(directory, "costs.csv"), focusCsv(CHARGES));
    await run("import", join(directory, "costs.csv"), "--tenant", "acme");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("lists what commands did, as done on the machine, in the log of whom it concerns", async () => {
    const from = { ip: null, agent: "cli" };
    const actor = { subject: "cli", role: "operator" };
    for (const entries of [await logOf(), await logOf("--tenant", "acme")]) {
      expect(entries).toMatchObject([
        { seq: 2, action: "import.end", outcome: "done", actor, from, asked: { tenant: "acme" } },
        { seq: 1, action: "tenant.add", actor, from, object: { kind: "tenant", id: "acme" } },
      ]);
    }
    expect(await logOf("--action", "tenant.add", "--limit", "1")).toMatchObject([{ seq: 1 }]);
    const { out } = await run("audit", "list");
    expect(out).toMatch(/2 +\S+Z +import\.end +done +cli +cli/);
  });

  it("writes down an import that failed", async () => {
    writeFileSync(join(directory, "bad.csv"), "no,such,format\n1,2,3\n");
    expect((await run("import", join(directory, "bad.csv"))).code).toBe(1);
    expect((await logOf())[0]).toMatchObject({
      ...{ action: "import.end", outcome: "failed", problem: expect.stringMatching(/^import\./) as unknown },
    });
  });

  it("verifies the log, exports it, and names the link that somebody broke", async () => {
    const { out } = await run("audit", "verify");
    expect(out).toMatch(/^The log is whole: 2 entries, head 2:[0-9a-f]{64}\n$/);
    const head = /head (\S+)/.exec(out)?.[1] ?? "";
    expect((await run("audit", "verify", "--head", head)).code).toBe(0);
    const file = join(directory, "log.ndjson");
    await run("audit", "export", "-o", file);
    const lines = readFileSync(file, "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(await logOf());

    const instance = await DuckDBInstance.create(join(directory, "securebase.duckdb"));
    const connection = await instance.connect();
    await connection.run(
      "UPDATE records SET body = replace(body, '\"cli\"', '\"eve\"') WHERE kind = 'audit' AND space = '' AND id LIKE '%1'",
    );
    connection.disconnectSync();
    instance.closeSync();
    const broken = await run("audit", "verify");
    expect(broken).toMatchObject({
      code: 1,
      err: expect.stringContaining("does not hold at entry 1") as string,
    });
    expect(JSON.parse((await run("audit", "verify", "--json")).out.split("\n")[0] ?? "")).toMatchObject({
      intact: false,
      broken: { seq: 1 },
    });
    expect((await run("audit", "verify", "--tenant", "acme")).code).toBe(0);
  });
});
