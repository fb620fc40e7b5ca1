import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Database } from "./database.ts";
import { ResultStream } from "./result-stream.ts";

describe("result stream", () => {
  let directory: string;
  let database: Database;
  /** Apart from the pool, since a connection that is used again drops what it held anyway. */
  let other: DuckDBConnection;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "securebase-test-"));
    database = await Database.open(directory);
    await database.write((connection) =>
      connection.run("CREATE TABLE numbers AS SELECT i, i::VARCHAR AS text FROM range(2000000) t(i)"),
    );
    other = await database.acquire();
  });
  afterEach(() => {
    other.disconnectSync();
    database.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const open = (sql: string): Promise<ResultStream> => ResultStream.open(database, sql, []);
  /** The engine refuses it after a table was dropped for as long as someone reads the state before. */
  const checkpoint = (): Promise<unknown> => other.run("CHECKPOINT");
  const change = (): Promise<unknown> => other.run("DROP TABLE numbers");

  it("holds the state it reads from until it is closed, and not a moment longer", async () => {
    const stream = await open("SELECT * FROM numbers");
    await stream.peek();
    await change();
    await expect(checkpoint()).rejects.toThrow(/transaction/i);
    await stream.close();
    await checkpoint();
  });

  it("lets go when its batches are ended before the first one", async () => {
    const stream = await open("SELECT * FROM numbers");
    const batches = stream.batches((columns) => columns.rows);
    await batches.return?.();
    await change();
    await checkpoint();
    expect(await batches.next()).toEqual({ done: true, value: undefined });
  });

  it("does not disturb the next statement on its connection", async () => {
    for (let i = 0; i < 20; i++) {
      await (await open("SELECT * FROM numbers ORDER BY text")).close();
      const next = await open("SELECT 1 AS one");
      expect((await next.peek())?.cell(0, 0)).toBe("1");
      await next.close();
    }
  });

  it.runIf(existsSync("/proc/self/fd"))("leaves no file open once the store is closed", async () => {
    const stream = await open("SELECT * FROM numbers");
    await stream.peek();
    await stream.close();
    other.disconnectSync();
    database.close();
    const files = readdirSync("/proc/self/fd").map((fd) => {
      try {
        return readlinkSync(join("/proc/self/fd", fd));
      } catch {
        return "";
      }
    });
    expect(files.filter((file) => file.startsWith(directory))).toEqual([]);
    database = await Database.open(directory);
    other = await database.acquire();
  });

  it("lets go when it fails midway, and tells why as the store's error", async () => {
    const stream = await open(
      "SELECT sum(CASE WHEN i > 1900000 THEN error('IO Error: broken') ELSE i END) OVER (ORDER BY i) FROM numbers",
    ).catch((error: unknown) => error as Error);
    const failure = stream instanceof ResultStream ? await drain(stream) : stream;
    expect(failure.message).toContain("broken");
    await change();
    await checkpoint();
  });

  it("reads a result far larger than its buffer in bounded memory", async () => {
    const stream = await open("SELECT i, text, text || text AS twice FROM numbers");
    const before = process.memoryUsage().heapUsed;
    let rows = 0;
    let most = 0;
    for await (const count of stream.batches((columns) => columns.column(1).length)) {
      rows += count;
      most = Math.max(most, process.memoryUsage().heapUsed - before);
    }
    expect(rows).toBe(2_000_000);
    expect(most).toBeLessThan(150e6);
  });
});

async function drain(stream: ResultStream): Promise<Error> {
  try {
    for await (const count of stream.batches((columns) => columns.rows)) expect(count).toBeGreaterThan(0);
  } catch (error) {
    return error as Error;
  }
  throw new Error("the stream did not fail");
}
