import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { planFiles } from "../../src/importers/registry/plan.ts";
import { inputFiles } from "../../src/importers/shared/files.ts";
import { memoryFile } from "../support/memory-file.ts";
import { legacyCur } from "./cur-files.ts";
import { freshFolder } from "./lib.ts";

let folder: string;
let remove: () => Promise<void>;
beforeEach(async () => ({ folder, remove } = await freshFolder()));
afterEach(() => remove());

const part = gzipSync(legacyCur([{}]));
const legacy = (assembly: string, ...numbers: number[]): string =>
  JSON.stringify({
    assemblyId: assembly,
    account: "999999999999",
    reportName: "daily",
    compression: "GZIP",
    billingPeriod: { start: "20240901T000000.000Z", end: "20241001T000000.000Z" },
    reportKeys: numbers.map((n) => `bills/daily/20240901-20241001/${assembly}/daily-${n}.csv.gz`),
  });

function write(files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

async function planned(): Promise<{ files: string[]; remarks: readonly string[] }> {
  const plan = await planFiles(await inputFiles([folder]));
  if (plan.kind !== "tables") throw new Error(plan.kind);
  return { files: plan.files.map(({ file }) => file.name.slice(folder.length + 1)), remarks: plan.remarks };
}

describe("a delivery with a manifest", () => {
  it("is all the files the current manifest names, and no older assembly, checksum or script beside them", async () => {
    write({
      "daily/20240901-20241001/daily-Manifest.json": legacy("new", 1, 2),
      "daily/20240901-20241001/new/daily-Manifest.json": legacy("new", 1, 2),
      "daily/20240901-20241001/new/daily-1.csv.gz": part,
      "daily/20240901-20241001/new/daily-2.csv.gz": part,
      "daily/20240901-20241001/new/daily-1.csv.gz.sha256": "abc  daily-1.csv.gz",
      "daily/20240901-20241001/new/daily-create-table.sql": "CREATE TABLE x (a, b);",
      "daily/20240901-20241001/0ld/daily-Manifest.json": legacy("0ld", 1),
      "daily/20240901-20241001/0ld/daily-1.csv.gz": part,
      "daily/20240901-20241001/0lder/daily-Manifest.json": legacy("0lder", 3),
    });
    const { files, remarks } = await planned();
    expect(files).toEqual([
      "daily/20240901-20241001/new/daily-1.csv.gz",
      "daily/20240901-20241001/new/daily-2.csv.gz",
    ]);
    expect(remarks).toHaveLength(2);
    expect(remarks[0]).toMatch(/no data: .*sha256, .*sql$/);
    expect(remarks[1]).toMatch(/not listed in the manifest.*0ld.daily-1\.csv\.gz$/);
  });

  it("misses a part: the error names it and nothing is planned", async () => {
    write({
      "20240901-20241001/daily-Manifest.json": legacy("new", 1, 2),
      "20240901-20241001/new/daily-1.csv.gz": part,
      // Called the same, and of another period.
      "20240801-20240901/new2/daily-2.csv.gz": part,
    });
    await expect(planned()).rejects.toMatchObject({
      code: "import.missing-part",
      message: expect.stringMatching(
        /daily-Manifest\.json names a file that is missing: bills.*\/daily-2\.csv\.gz$/,
      ) as string,
    });
  });

  it("may be a data export, its manifest in another folder and compressed, several periods at once", async () => {
    const manifest = (period: string): string =>
      JSON.stringify({ dataFiles: [`s3://bucket/e/data/BILLING_PERIOD=${period}/e-00001.csv.gz`] });
    write({
      "e/metadata/BILLING_PERIOD=2024-09/e-Manifest.json.gz": gzipSync(manifest("2024-09")),
      "e/metadata/BILLING_PERIOD=2024-10/e-Manifest.json": manifest("2024-10"),
      "e/data/BILLING_PERIOD=2024-09/e-00001.csv.gz": part,
      "e/data/BILLING_PERIOD=2024-10/e-00001.csv.gz": part,
    });
    const { files, remarks } = await planned();
    expect(files).toHaveLength(2);
    expect(remarks).toEqual([]);
  });

  it("may lie flat, as uploads do; other bills of the command are data as before", async () => {
    const files = [memoryFile("daily-Manifest.json", legacy("a", 1)), memoryFile("daily-1.csv.gz", part)];
    expect(await planFiles(files)).toMatchObject({
      kind: "tables",
      files: [{ file: { name: "daily-1.csv.gz" } }],
    });
    write({
      "aws/daily-Manifest.json": legacy("a", 1),
      "aws/daily-1.csv.gz": part,
      "elsewhere/bill.csv": legacyCur([{}]),
    });
    expect((await planned()).files).toEqual(["aws/daily-1.csv.gz", "elsewhere/bill.csv"]);
  });

  it("is refused when two of the same bill lie side by side, or its manifest is broken", async () => {
    const two = [
      memoryFile("a/x/daily-Manifest.json", legacy("x", 1)),
      memoryFile("a/y/daily-Manifest.json", legacy("y", 1)),
    ];
    await expect(planFiles(two)).rejects.toMatchObject({ code: "import.manifest" });
    const broken = memoryFile("daily-Manifest.json", legacy("x", 1).slice(0, 50));
    await expect(planFiles([broken])).rejects.toMatchObject({ code: "import.manifest" });
  });
});
