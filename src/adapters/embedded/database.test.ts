import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DuckDBConnection } from "@duckdb/node-api";
import { poison } from "../../../test/support/poison.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { Database } from "./database.ts";
import { ResultStream } from "./result-stream.ts";
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

  it("opens the engine again that a fault of its own has invalidated, and loses nothing", async () => {
    const database = await Database.open(directory);
    await database.write((connection) => connection.run("CREATE TABLE kept AS SELECT 7 AS value"));
    const values = async (): Promise<unknown[][]> =>
      (await database.read((connection) => connection.runAndReadAll("FROM kept"))).getRows();
    for (let round = 0; round < 3; round++) {
      const reading = Array.from({ length: 4 }, values);
      await expect(database.read((connection) => connection.run(poison(directory)))).rejects.toMatchObject({
        code: "store.unavailable",
        kind: "unavailable",
      });
      expect(await Promise.all([...reading, values()])).toEqual(Array(5).fill([[7]]));
    }
    await database.write((connection) => connection.run("UPDATE kept SET value = 8"));
    database.close();
    const later = await Database.open(directory);
    const kept = await later.read((connection) => connection.runAndReadAll("FROM kept"));
    expect(kept.getRows()).toEqual([[8]]);
    later.close();
  });

  it("ends a stream with an error when the engine fails under it, never as if it were whole", async () => {
    const database = await Database.open(directory);
    const stream = await ResultStream.open(database, "SELECT i FROM range(10000000) t(i)", []);
    const batches = stream.batches((columns) => columns.rows);
    await batches.next();
    await expect(database.read((connection) => connection.run(poison(directory)))).rejects.toThrow();
    const rest = async (): Promise<void> => {
      while ((await batches.next()).done !== true);
    };
    await expect(rest()).rejects.toMatchObject({ code: "store.unavailable" });
    await database.read((connection) => connection.run("SELECT 1"));
    database.close();
  });

  it("hands out no connection again on which something failed", async () => {
    const database = await Database.open(directory, { memoryLimit: "20MB" });
    const failed = new Set<DuckDBConnection>();
    const greedy = async (connection: DuckDBConnection): Promise<void> => {
      failed.add(connection);
      await connection.run("SELECT list(i) FROM range(20000000) t(i)");
    };
    const fine = (connection: DuckDBConnection): Promise<void> => {
      expect(failed).not.toContain(connection);
      return connection.run("SELECT 1").then(() => undefined);
    };
    for (let round = 0; round < 4; round++) {
      await expect(database.read(greedy)).rejects.toThrow();
      await database.read(fine);
      await expect(database.write(greedy)).rejects.toThrow();
      await database.write(fine);
    }
    database.close();
  });

  it("lets go of its file when a read that was under way has ended", { timeout: 15_000 }, async () => {
    const database = await Database.open(directory);
    const reading = database.read((connection) => connection.run("SELECT sum(i) FROM range(20000000) t(i)"));
    await new Promise((resolve) => setImmediate(resolve));
    database.close();
    await reading;
    (await Database.open(directory)).close();
  });

  it("tells when a question needs more memory than it may use", async () => {
    const database = await Database.open(directory, { memoryLimit: "20MB" });
    const greedy = database.read((connection) => connection.run("SELECT list(i) FROM range(20000000) t(i)"));
    await expect(greedy).rejects.toMatchObject({ code: "store.unavailable", kind: "unavailable" });
    database.close();
  });
});

describe("the path of a data folder", () => {
  it("with a question mark is refused before anything is made, also behind a link", async () => {
    const parent = mkdtempSync(join(tmpdir(), "securebase-test-"));
    const odd = join(parent, "a?b");
    mkdirSync(odd);
    symlinkSync(odd, join(parent, "link"));
    for (const folder of [odd, join(odd, "data"), join(parent, "link"), join(parent, "link", "data")]) {
      await expect(Database.open(folder)).rejects.toMatchObject({
        code: "data.unusable",
        message: expect.stringContaining("question mark") as string,
      });
    }
    expect(readdirSync(odd)).toEqual([]);
    rmSync(parent, { recursive: true, force: true });
  });
});

describe("engine errors", () => {
  const translated = (message: string): DomainError => {
    const error = translateEngineError(new Error(message));
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
    ["FATAL Error: Failed: database has been invalidated", /FATAL/, /disk/],
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

  it.each([
    'IO Error: Could not write file "/data/acme/securebase.duckdb": No space left on device',
    'IO Error: Cannot open file "/data/acme/tmp/x": Permission denied',
    'TransactionContext Error: Failed to commit: Cannot open file "/data/acme/securebase.duckdb.wal"',
    'FATAL Error: database "/data/acme/securebase.duckdb" has been invalidated',
  ])("tells nobody where the data is: %s", (message) => {
    const error = translated(message);
    expect(`${error.message} ${error.fix}`).not.toContain("/data");
    // The log has it.
    expect(error.cause).toMatchObject({ message });
  });

  it("lets through what users cannot mend", () => {
    const bug = new Error("Binder Error: Referenced column not found");
    expect(translateEngineError(bug)).toBe(bug);
  });
});
