import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { focusCsv } from "../runtimes/seed.ts";
import { commandIn, type Outcome } from "../support/cli.ts";
import { TEST_CREDENTIALS, TEST_REGION } from "./dynamo-emulator.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";

/** Commands on a deployed environment's tables and bucket, without its function. */
describe("securebase --data aws:ENV", () => {
  let cloud: LocalCloud;
  let folder: string;
  beforeAll(async () => {
    cloud = await startLocalCloud();
    folder = mkdtempSync(join(tmpdir(), "securebase-cli-aws-"));
    // The SDK finds them where a person keeps them.
    vi.stubEnv("AWS_ACCESS_KEY_ID", TEST_CREDENTIALS.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", TEST_CREDENTIALS.secretAccessKey);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await cloud.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const environment = (): Record<string, string> => ({
    SECUREBASE_DATA: "aws:test",
    SECUREBASE_ACCOUNT: "000000000000",
    AWS_REGION: TEST_REGION,
    AWS_ENDPOINT_URL_DYNAMODB: cloud.dynamo.endpoint,
    AWS_ENDPOINT_URL_S3: cloud.s3.endpoint,
  });

  const securebase = (args: readonly string[], env = environment()): Promise<Outcome> =>
    commandIn({ env }, args);

  it("adds a tenant, imports more than a function's request holds, asks and reports", async () => {
    const added = await securebase(["tenants", "add", "acme", "--name", "Acme", "--account", "000000000001"]);
    expect(added).toMatchObject({ code: 0, err: "" });

    const charges = Array.from({ length: 40_000 }, (_, i) => ({
      account: "000000000001",
      service: `Service ${i % 40} ${"x".repeat(40)}`,
      day: (i % 30) + 1,
      billed: "0.0000000001",
    }));
    const bill = join(folder, "bill.csv");
    writeFileSync(bill, focusCsv(charges));
    const loaded = await securebase(["import", bill, "--json"]);
    expect(loaded.err).not.toContain("error");
    expect(JSON.parse(loaded.out)).toMatchObject({ rowsRead: 40_000, rowsAccepted: 40_000 });

    const range = ["--from", "2024-09-01", "--to", "2024-10-01"];
    const asked = await securebase(["query", "--tenant", "acme", "--by", "service", ...range, "--json"]);
    const answer = JSON.parse(asked.out) as { rows: unknown[]; totals: { cells: string[] }[] };
    expect([answer.rows.length, answer.totals[0]?.cells.at(-1)]).toEqual([40, "0.000004"]);

    const file = join(folder, "report.csv");
    const report = await securebase([
      ...["report", "cost-analysis", "--tenant", "acme", ...range, "--format", "csv", "-o", file],
    ]);
    expect(report).toMatchObject({ code: 0 });
    expect(readFileSync(file, "utf8").split("\r\n").length).toBeGreaterThan(40);
  }, 60_000);

  it("says what is not there, and what to do", async () => {
    const elsewhere = await securebase(["tenants", "list", "--data", "aws:prod"]);
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.err).toMatch(/error store\.misconfigured: .*securebase-prod-reports/);
    expect(elsewhere.err).toContain("fix: Check the environment's name and region, and that it is deployed.");

    const misnamed = await securebase(["tenants", "list", "--data", "aws:Prod!"]);
    expect(misnamed).toMatchObject({ code: 2, err: expect.stringContaining("data.invalid") as string });

    const served = await securebase(["serve"]);
    expect(served).toMatchObject({ code: 2, err: expect.stringContaining("data.not-a-folder") as string });

    const token = await securebase(["token", "--role", "operator"]);
    expect(token.err).toContain("fix: Set SECUREBASE_JWT_SECRET to the deployed function's secret.");
  });

  it("asks for a region where none is set", async () => {
    vi.stubEnv("AWS_CONFIG_FILE", join(folder, "none"));
    vi.stubEnv("AWS_REGION", undefined);
    const nowhere = { SECUREBASE_DATA: "aws:test", SECUREBASE_ACCOUNT: "000000000000" };
    const answer = await securebase(["tenants", "list"], nowhere);
    expect(answer.err).toMatch(/error config\.missing: No AWS region is set\n {2}fix: Set AWS_REGION/);
  });
});
