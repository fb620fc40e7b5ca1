import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type RunningServer, serve } from "../../src/runtimes/node.ts";
import { commandIn, type Outcome } from "../support/cli.ts";
import { type StandIn, startStandIn } from "./aws-stand-in.ts";

/** `securebase sync` as its users meet it; the cloud is a server in this process (aws-stand-in.ts). */
let folder: string;
let aws: StandIn;
beforeAll(() => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
});
afterAll(() => vi.unstubAllEnvs());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "securebase-sync-cli-"));
  aws = await startStandIn();
  const header =
    "BilledCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,BillingAccountId,SubAccountId,ProviderName";
  const row = "1.25,USD,2025-02-01T00:00:00Z,2025-02-02T00:00:00Z,999988887777,111122223333,AWS";
  aws.put("bills/e/data/BILLING_PERIOD=2025-02/e-1.csv", Buffer.from(`${header}\n${row}\n`));
  const manifest = JSON.stringify({ dataFiles: ["s3://bills/e/data/BILLING_PERIOD=2025-02/e-1.csv"] });
  aws.put("bills/e/metadata/BILLING_PERIOD=2025-02/e-Manifest.json", Buffer.from(manifest));
});
afterEach(async () => {
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

const environment = () => ({ SECUREBASE_DATA: folder, AWS_ENDPOINT_URL: aws.endpoint });

let stop = new AbortController();

const securebase = (...args: string[]): Promise<Outcome> =>
  commandIn({ env: environment(), signal: stop.signal }, args);

const ADD = ["sync", "add", "s3-cost-export", "--id", "bills", "--region", "eu-west-1", "--bucket", "bills"];

describe("securebase sync", () => {
  it("adds, tries, pulls, lists and removes", async () => {
    expect(await securebase(...ADD)).toMatchObject({
      code: 0,
      out: expect.stringContaining("Added bills") as string,
    });
    const tried = await securebase("sync", "run", "bills", "--dry-run");
    expect(tried).toMatchObject({ code: 0 });
    expect(tried.out).toMatch(
      /Checked bills\n {2}checked {3}billing period 2025-02, 1 file.*\n(?:.*\n){2}.*cost.*1 .*USD.*1\.25/,
    );
    const pulled = await securebase("sync", "run", "--json");
    expect(JSON.parse(pulled.out)).toMatchObject([
      {
        connection: "bills",
        dryRun: false,
        deliveries: [
          { id: "2025-02", status: "loaded", loads: [{ totals: [{ currency: "USD", billed: "1.25" }] }] },
        ],
        calls: { "s3:GetObject": 2, "s3:ListBucket": 1 },
      },
    ]);
    expect(JSON.parse((await securebase("sync", "list", "--json")).out)).toMatchObject([
      { id: "bills", kind: "s3-cost-export", settings: { bucket: "bills" }, lastRun: { status: "done" } },
    ]);
    expect((await securebase("sync", "list")).out).toMatch(
      /bills +s3-cost-export +by account +eu-west-1 +done/,
    );
    expect(await securebase("sync", "remove", "bills")).toMatchObject({ code: 0, out: "Removed bills\n" });
    expect(await securebase("sync", "list")).toMatchObject({
      err: expect.stringContaining("No connections yet") as string,
    });
  });

  it("pulls the others when one fails, tells which, and exits with 1", async () => {
    await securebase(...ADD);
    await securebase("sync", "add", "security-hub", "--id", "a-hub", "--region", "eu-west-1");
    aws.script["securityhub:GetFindings"] = () => ({ error: "AccessDeniedException", status: 403 });
    const { code, out, err } = await securebase("sync", "run", "--json", "--quiet");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject([
      { connection: "a-hub", error: { code: "sync.access-denied", field: "securityhub:GetFindings" } },
      { connection: "bills", deliveries: [{ status: "loaded" }] },
    ]);
    expect(err).toMatch(
      /error sync\.access-denied: a-hub: .*\n {2}fix: Attach a policy.*securebase sync policy security-hub/,
    );
    expect((await securebase("sync", "list")).out).toMatch(/a-hub.*failed.*Access denied/);
  });

  it.each([
    [["add", "s4"], "connection.unknown-kind", "s3-cost-export"],
    [["add", "security-hub"], "connection.invalid", "region"],
    [["add", "cost-explorer", "--bucket", "b"], "connection.invalid", "bucket"],
    [["policy", "nothing"], "connection.unknown-kind", "security-hub"],
  ])("calls %j wrong usage", async (args, code, hint) => {
    const outcome = await securebase("sync", ...args);
    expect(outcome.code).toBe(2);
    expect(outcome.err).toContain(`error ${code}`);
    expect(outcome.err).toContain(hint);
  });

  it("stops at Ctrl-C, and says that what was loaded stays", async () => {
    await securebase(...ADD);
    aws.script["s3:GetObject"] = () => {
      stop.abort(new DOMException("stopped", "AbortError"));
      return "hang";
    };
    const { code, err } = await securebase("sync", "run", "bills");
    stop = new AbortController();
    expect(code).toBe(1);
    expect(err).toMatch(/error sync\.interrupted: .*bills.*\n {2}fix: What was loaded before stays/);
    expect((await securebase("sync", "list")).out).toMatch(/bills.*failed.*cancelled/);
  });

  it("knows no connection that is not there", async () => {
    expect(await securebase("sync", "run", "nobody")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/connection\.not-found.*\n.*sync add/) as string,
    });
  });

  it("prints policies as JSON without opening a store", async () => {
    const { code, out } = await securebase(
      "sync",
      "policy",
      "s3-cost-export",
      "--bucket",
      "b",
      "--prefix",
      "/e/",
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      Version: "2012-10-17",
      Statement: [{ Resource: "arn:aws:s3:::b" }, { Resource: "arn:aws:s3:::b/e/*" }],
    });
    const trust = await securebase(
      "sync",
      "policy",
      "security-hub",
      "--trust",
      "arn:aws:iam::1:root",
      "--external-id",
      "x1",
    );
    expect(JSON.parse(trust.out)).toMatchObject({
      Statement: [{ Principal: { AWS: "arn:aws:iam::1:root" } }],
    });
  });

  it("has the server pull that has the data folder open", async () => {
    let server: RunningServer | undefined;
    try {
      server = await serve({
        ...{ directory: folder, port: 0, host: "127.0.0.1", demo: false },
        env: { ...environment(), SECUREBASE_LOG: "silent" },
        onProgress: () => undefined,
      });
      await securebase(...ADD);
      const pulled = await securebase("sync", "run", "bills", "--json");
      expect(JSON.parse(pulled.out)).toMatchObject([{ deliveries: [{ status: "loaded" }] }]);
      aws.script["s3:ListObjectsV2"] = () => ({ error: "AccessDenied", status: 403 });
      expect(await securebase("sync", "run", "bills")).toMatchObject({
        code: 1,
        err: expect.stringMatching(/sync\.access-denied: bills.*\n {2}fix: Attach a policy/) as string,
      });
    } finally {
      await server?.close();
    }
  });
});
