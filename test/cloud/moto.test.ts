import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from "@aws-sdk/client-s3";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTenant, type Tenant } from "../../src/core/tenants/tenant.ts";
import { type AwsConfig, resourceNames } from "../../src/adapters/aws/config.ts";
import { callerIdentity } from "../../src/adapters/aws/identity.ts";
import { DynamoRateLimiter } from "../../src/adapters/aws/rate-limiter.ts";
import { readParameter } from "../../src/adapters/aws/secrets.ts";
import { type AwsStore, openAwsStore } from "../../src/adapters/aws/store.ts";
import { ask, cost, load } from "../conformance/lib/facts.ts";
import { createTables, TEST_CREDENTIALS, TEST_REGION } from "./dynamo-emulator.ts";
import { type Moto, motoMissing, startMoto } from "./moto.ts";
import { tenantsIn } from "../support/stored.ts";

const missing = motoMissing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

/** What the in-process emulator only imitates, against an independent one. */
describe.skipIf(missing !== undefined)("on moto", () => {
  let moto: Moto;
  let store: AwsStore;
  let config: AwsConfig;
  const names = resourceNames("moto", "123456789012");
  const shared = { region: TEST_REGION, credentials: TEST_CREDENTIALS };
  beforeAll(async () => {
    moto = await startMoto();
    await createTables(moto.endpoint, names);
    const s3 = new S3Client({ ...shared, endpoint: moto.endpoint, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: names.bucket }));
    s3.destroy();
    config = { ...shared, names, endpoint: moto.endpoint, s3Endpoint: moto.endpoint };
    store = openAwsStore(config, { now: () => new Date() });
  }, 90_000);
  afterAll(async () => {
    await store.close();
    await moto.close();
  });

  it("tells which account and region the credentials are for", async () => {
    const where = await callerIdentity({ ...shared, endpoint: moto.endpoint });
    expect(where).toEqual({ region: TEST_REGION, account: "123456789012" });
  });

  it("replaces the partitions of several tenants in one transaction", async () => {
    const facts = (billed: string) =>
      ["a", "b", "c"].map((tenant) => cost("2024-09-01", { billed_cost: billed }, { tenant }));
    await load(store.metrics, facts("1"));
    const report = await load(store.metrics, facts("2.5"));
    expect(report.partitions.map(({ replacedRows }) => replacedRows)).toEqual([1, 1, 1]);
    for (const tenant of ["a", "b", "c"])
      expect((await ask(store.metrics, {}, tenant)).rows).toEqual([["2.5"]]);
  });

  it("gives an account to one tenant, in one transaction with its profile", async () => {
    const tenant = (id: string, accounts: string[]): Tenant =>
      makeTenant({ id, name: id, accounts }, "2024-09-01T00:00:00Z");
    const tenants = tenantsIn(store);
    await tenants.create(tenant("first", ["111", "222"]));
    await expect(tenants.create(tenant("second", ["333", "222"]))).rejects.toMatchObject({
      code: "tenant.account-taken",
      message: expect.stringContaining("222") as string,
    });
    await tenants.create(tenant("third", ["333"]));
    // More accounts than one transaction holds.
    await tenants.create(
      tenant(
        "large",
        Array.from({ length: 230 }, (_, i) => `9${i}`),
      ),
    );
    await expect(tenants.create(tenant("fourth", ["9229"]))).rejects.toMatchObject({
      code: "tenant.account-taken",
    });
    expect((await tenants.all()).map(({ record }) => record.id)).toEqual(["first", "large", "third"]);
  });

  it("stores a file of several parts, and leaves no open upload when the content fails", async () => {
    const exports = store.exportFiles.forTenant("acme");
    const megabyte = (i: number) => new Uint8Array(1 << 20).fill(i);
    async function* content(fail: boolean): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 12; i++) yield await Promise.resolve(megabyte(i));
      if (fail) throw new Error("the renderer broke");
    }
    expect(await exports.write("good", content(false))).toBe(12 << 20);
    const read: Uint8Array[] = [];
    for await (const chunk of await exports.read("good")) read.push(chunk);
    const whole = Buffer.concat(read);
    expect([whole.length, whole[0], whole.at(-1)]).toEqual([12 << 20, 0, 11]);
    await expect(exports.write("bad", content(true))).rejects.toThrow("the renderer broke");
    const s3 = new S3Client({ ...shared, endpoint: moto.endpoint, forcePathStyle: true });
    const open = await s3.send(new ListMultipartUploadsCommand({ Bucket: names.bucket }));
    s3.destroy();
    expect(open.Uploads ?? []).toEqual([]);
    const link = await store.objects.link("exports/acme/good", "good.bin", 60);
    const linked = await fetch(link);
    expect((await linked.arrayBuffer()).byteLength).toBe(12 << 20);
    // moto does not send the header the link asks for.
    expect(new URL(link).searchParams.get("response-content-disposition")).toContain("good.bin");
  });

  it("counts requests over instances", async () => {
    const clock = { now: () => new Date("2024-09-17T12:00:30Z") };
    const limiters = [1, 2].map(() => new DynamoRateLimiter(store.dynamo, names.cache, clock));
    const taken = [];
    for (let i = 0; i < 5; i++)
      taken.push(await limiters[i % 2]!.take("acme", 1, { perMinute: 60, burst: 3 }));
    expect(taken.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
      [true, 2],
      [true, 1],
      [true, 0],
      [false, 0],
      [false, 0],
    ]);
    expect(taken[2]?.resetSeconds).toBe(3);
  });

  it("reads its secret from the Parameter Store", async () => {
    const source = { ...shared, endpoint: moto.endpoint };
    const ssm = new SSMClient(source);
    await ssm.send(
      new PutParameterCommand({ Name: "/securebase/jwt", Value: "hidden", Type: "SecureString" }),
    );
    ssm.destroy();
    expect(await readParameter(source, "/securebase/jwt")).toBe("hidden");
    await expect(readParameter(source, "/securebase/none")).rejects.toMatchObject({ kind: "unavailable" });
  });

  it("knows every table and the bucket, and says which is missing", async () => {
    for (const check of store.checks) await check.check();
    const other = openAwsStore(
      { ...config, names: resourceNames("nowhere", "0") },
      { now: () => new Date() },
    );
    for (const check of other.checks)
      await expect(check.check()).rejects.toMatchObject({ code: "store.misconfigured" });
    await other.close();
  });
});
