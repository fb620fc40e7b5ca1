import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DomainError } from "../../core/errors/errors.ts";
import { Database } from "./database.ts";
import { translateEngineError } from "../../duckdb/engine-errors.ts";

describe("database", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "securebase-test-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("refuses a file that is no store", async () => {
    writeFileSync(
      join(directory, "securebase.duckdb"),
      "not a database, but long enough to be read ".repeat(1000),
    );
    await expect(Database.open(directory)).rejects.toMatchObject({
      code: "store.unreadable",
      kind: "unavailable",
    });
  });

  it("refuses a folder it cannot write to", async () => {
    mkdirSync(join(directory, "securebase.duckdb"));
    await expect(Database.open(directory)).rejects.toMatchObject({ code: "store.unreadable" });
  });

  it("refuses a store of a newer version and lets go of it", async () => {
    const first = await Database.open(directory);
    await first.write((connection) =>
      connection.run("UPDATE meta SET value = '999' WHERE key = 'schema_version'"),
    );
    first.close();
    for (let i = 0; i < 2; i++) {
      await expect(Database.open(directory)).rejects.toMatchObject({ code: "store.newer-version" });
    }
  });

  it("runs writes one after the other, and undoes one that fails", async () => {
    const database = await Database.open(directory);
    const add = (value: number, fail = false) =>
      database.write(async (connection) => {
        const rows = await connection.runAndReadAll("SELECT count(*) FROM counted");
        await connection.run(`INSERT INTO counted VALUES (${value}, ${String(rows.getRows()[0]?.[0])})`);
        if (fail) throw new Error("undo me");
      });
    await database.write((connection) =>
      connection.run("CREATE TABLE counted (value INTEGER, seen INTEGER)"),
    );
    const outcomes = await Promise.allSettled([add(1), add(2), add(3, true), add(4)]);
    expect(outcomes.map((o) => o.status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    const rows = await database.read((connection) => connection.runAndReadAll("FROM counted ORDER BY value"));
    expect(rows.getRows()).toEqual([
      [1, 0],
      [2, 1],
      [4, 2],
    ]);
    database.close();
  });

  it("tells when a question needs more memory than it may use", async () => {
    const database = await Database.open(directory, { memoryLimit: "20MB" });
    const greedy = database.read((connection) => connection.run("SELECT list(i) FROM range(20000000) t(i)"));
    await expect(greedy).rejects.toMatchObject({ code: "store.unavailable", kind: "unavailable" });
    database.close();
  });
});

describe("engine errors", () => {
  const translated = (message: string): DomainError => {
    const error = translateEngineError(new Error(message), "/data");
    if (error instanceof DomainError) return error;
    throw new Error("not translated");
  };

  it.each([
    [
      'IO Error: Could not write all bytes to file "x": No space left on device',
      /disk.*full/i,
      /Free disk space/,
    ],
    ["Out of Memory Error: failed to allocate data of size 16.0 MiB", /memory/, /shorter range/],
    ["IO Error: Could not read from file: Input\/output error", /failed: IO Error/, /disk/],
    ["FATAL Error: Failed: database has been invalidated", /FATAL/, /restart/],
  ])("translates %s", (text, message, fix) => {
    const error = translated(text);
    expect(error.code).toBe("store.unavailable");
    expect(error.message).toMatch(message);
    expect(error.fix).toMatch(fix);
    expect(error.cause).toBeInstanceOf(Error);
  });

  it("calls a sum that does not fit what it is", () => {
    expect(translated("Out of Range Error: Overflow in HUGEINT addition").code).toBe("query.overflow");
  });

  it("lets through what users cannot mend", () => {
    const bug = new Error("Binder Error: Referenced column not found");
    expect(translateEngineError(bug, "/data")).toBe(bug);
  });
});
