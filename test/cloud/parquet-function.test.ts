import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planImport } from "../../src/importers/registry/registry.ts";
import { localFile } from "../../src/importers/shared/files.ts";
import { freshStore } from "../conformance/lib/embedded.ts";
import { OPERATOR } from "../runtimes/seed.ts";
import { ask, type HttpTarget, type Reply } from "../runtimes/target.ts";
import { parquetFixtures, writeByEngine } from "../support/parquet-files.ts";
import { readZip } from "../support/zip.ts";
import { functionTarget } from "./function-target.ts";
import { buildPackages, FUNCTION_SECRET, type RunningFunction, runFunction } from "./packaged.ts";
import { loadTables } from "../support/loading.ts";

describe("Parquet through the packaged function", () => {
  let packages: Awaited<ReturnType<typeof buildPackages>>;
  let running: RunningFunction;
  let http: HttpTarget;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "securebase-parquet-"));
    packages = await buildPackages();
    running = await runFunction(packages);
    http = functionTarget(running.lambda, "2.0", new TextEncoder().encode(FUNCTION_SECRET), () =>
      running.close(),
    );
    for (const [id, account] of [
      ["one", "111"],
      ["two", "222"],
    ]) {
      const body = { id, name: id, accounts: [account] };
      expect((await ask(http, "POST /v1/tenants", { as: OPERATOR, body })).status).toBe(201);
    }
  }, 120_000);
  afterAll(async () => {
    await running.close();
    await packages.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const post = (name: string, raw: Buffer): Promise<Reply> =>
    ask(http, `POST /v1/imports?name=${name}`, { as: OPERATOR, raw });

  it("gives the totals, partitions and rejections that the embedded store gives", async () => {
    const embedded = await freshStore((store) => store.metrics);
    const claims = [
      { account: "111", tenant: "one" },
      { account: "222", tenant: "two" },
    ];
    for (const { what, path } of await parquetFixtures(folder)) {
      const { status, json } = await post("bill.parquet", readFileSync(path));
      expect(status, what).toBe(200);
      const { mapping, files } = await planImport([{ ...localFile(path, 0), name: "bill.parquet" }]);
      const report = await loadTables(embedded.store, {
        ...{ mapping: mapping!, files, dryRun: false, zones: {} },
        ...{ owners: { kind: "accounts", claims }, loadedAt: "2024-10-01T06:00:00.000Z" },
      });
      const { rowsRead, rowsAccepted, rowsRejected, totals, rejections, warnings } = report;
      const shown = json as { totals: object; rejections: object; warnings: object };
      expect(shown, what).toMatchObject({ rowsRead, rowsAccepted, rowsRejected });
      expect(shown.rejections, what).toEqual(rejections);
      expect(JSON.stringify(shown.totals), what).toContain(totals[0]?.loaded.billed_cost ?? "");
      for (const warning of warnings) expect(shown.warnings, what).toContain(warning);
    }
    await embedded.close();
  }, 120_000);

  it("takes Zstandard and refuses what is damaged with the file's name, and says why", async () => {
    const [bill] = await parquetFixtures(folder);
    const whole = readFileSync(bill!.path);
    const csv = `SELECT * REPLACE (to_json(Tags) AS Tags) FROM '${bill!.path}'`;
    const packed = readFileSync(await writeByEngine(join(folder, "bill.csv.zst"), csv));
    expect((await post("bill.csv.zst", packed)).json).toMatchObject({ rowsRead: 400, rowsRejected: 0 });
    const cut = await post("cut.parquet", whole.subarray(0, whole.length - 50));
    expect([cut.status, cut.json]).toMatchObject([422, { code: "import.damaged" }]);
    expect((cut.json as { detail: string }).detail).toContain("cut.parquet is damaged");
    const torn = await post("torn.csv.zst", packed.subarray(0, packed.length - 20));
    expect([torn.status, torn.json]).toMatchObject([422, { code: "import.damaged" }]);
  });

  it("is read by a part of its own, which no other request loads", () => {
    const parts = [...readZip(readFileSync(packages.function.path))].filter(([, bytes]) =>
      bytes.includes("is not in its dictionary"),
    );
    expect(parts.map(([name]) => name)).toEqual([expect.not.stringMatching(/^index\.mjs$/)]);
    expect(packages.function.bytes).toBeLessThan(1024 * 1024);
    console.log(
      `Parquet's part: ${parts[0]?.[1].length ?? 0} bytes; function.zip: ${packages.function.bytes} bytes`,
    );
  });
});
