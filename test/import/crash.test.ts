import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Database } from "../../src/adapters/embedded/database.ts";
import { sweepSpool } from "../../src/adapters/embedded/spool.ts";
import { focusCsv, freshFolder, importInto, select } from "./lib.ts";

/** Imports in a process of its own and kills it (SIGKILL) as soon as it tells `phase`. @returns what it told */
async function killDuring(phase: string, folder: string, file: string): Promise<string> {
  const script = join(import.meta.dirname, "crash-child.ts");
  const child = spawn(process.execPath, ["--import", "tsx", script, folder, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let told = "";
  child.stdout.on("data", (chunk: Buffer) => {
    told += chunk.toString();
    if (told.includes(`${phase}\n`)) child.kill("SIGKILL");
  });
  await new Promise((resolve) => child.on("close", resolve));
  return told;
}

describe("kill -9 while importing", () => {
  let root: string;
  let data: string;
  let remove: () => Promise<void>;
  let small: string;
  let large: string;
  beforeAll(async () => {
    ({ folder: root, remove } = await freshFolder());
    data = join(root, "data");
    const write = (name: string, content: string | Uint8Array): string => {
      writeFileSync(join(root, name), content);
      return join(root, name);
    };
    small = write("small.csv", focusCsv([{ BilledCost: "1" }, { BilledCost: "2" }]));
    const rows = Array.from({ length: 60_000 }, (_, i) => ({
      BilledCost: "1",
      SubAccountName: `account ${i}`,
    }));
    large = write("large.csv.gz", gzipSync(focusCsv(rows), { level: 1 }));
    const database = await Database.open(data);
    await importInto(database, [small]);
    database.close();
  });
  afterAll(() => remove());

  const state = async (): Promise<(string | null)[] | undefined> => {
    const database = await Database.open(data);
    try {
      await sweepSpool(data);
      expect(await readdir(join(data, "tmp"))).not.toContain("spool");
      const sums = "count(*), count(DISTINCT load_id), sum(billed_cost)::BIGINT, any_value(rows)";
      return (await select(database, `SELECT ${sums} FROM facts_cost JOIN loads USING (load_id)`))[0];
    } finally {
      database.close();
    }
  };
  const old = ["2", "1", "3", "2"];
  const fresh = ["60000", "1", "60000", "60000"];

  it.each(["reading", "checking"])("leaves the store as it was when killed at %s", async (phase) => {
    expect(await killDuring(phase, data, large)).not.toContain("done");
    expect(await state()).toEqual(old);
  });

  it("leaves the old load or the new one, whole, when killed while storing", async () => {
    const told = await killDuring("storing", data, large);
    const now = await state();
    expect([old, fresh]).toContainEqual(now);
    if (told.includes("done")) expect(now).toEqual(fresh);
  });

  it("loads afterwards as if nothing had been", async () => {
    const database = await Database.open(data);
    await importInto(database, [large]);
    database.close();
    expect(await state()).toEqual(fresh);
  });
});
