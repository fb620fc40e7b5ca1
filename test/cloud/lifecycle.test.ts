import { DynamoDBClient, ScanCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AwsStore } from "../../src/adapters/aws/store.ts";
import type { CapacityMeter } from "../../src/adapters/aws/config.ts";
import { ask, cost, load } from "../conformance/lib/facts.ts";
import { TEST_CREDENTIALS, TEST_REGION } from "./dynamo-emulator.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";

describe("blocks in the metrics table", () => {
  let cloud: LocalCloud;
  let store: AwsStore;
  let now = new Date("2024-10-01T00:00:00Z");
  const clock = { now: () => now };
  beforeEach(async () => {
    now = new Date("2024-10-01T00:00:00Z");
    cloud = await startLocalCloud();
    store = cloud.open({ clock });
  });
  afterEach(async () => {
    await store.close();
    await cloud.close();
  });

  async function items(): Promise<{ key: string; expires: number | undefined }[]> {
    const client = new DynamoDBClient({
      ...{ endpoint: cloud.dynamo.direct, region: TEST_REGION, credentials: TEST_CREDENTIALS },
    });
    const { Items = [] } = await client.send(new ScanCommand({ TableName: cloud.config.names.metrics }));
    client.destroy();
    return Items.map((item) => ({
      key: `${item.customer_id?.S ?? ""} ${item.sk?.S ?? ""}`,
      expires: item.expires_at?.N === undefined ? undefined : Number(item.expires_at.N),
    }));
  }
  const blocks = async () => (await items()).filter(({ key }) => key.includes("block#"));
  const days = ["2024-09-01", "2024-09-02"];

  it("expire once they are replaced, an hour later, and not before", async () => {
    await load(
      store.metrics,
      days.map((day) => cost(day, { billed_cost: "1" })),
    );
    expect((await blocks()).map(({ expires }) => expires)).toEqual(Array(4).fill(undefined));
    await load(
      store.metrics,
      days.map((day) => cost(day, { billed_cost: "2" })),
    );
    const expires = (await blocks()).map((block) => block.expires);
    expect(expires.filter((at) => at === undefined)).toHaveLength(4);
    expect(expires.filter((at) => at === now.getTime() / 1000 + 3600)).toHaveLength(4);
    expect((await items()).filter(({ key }) => key.includes("intent#"))).toEqual([]);
  });

  it("expire once they are removed, so that a query that read the list before still ends", async () => {
    await load(store.metrics, [
      cost("2024-08-01", { billed_cost: "1" }),
      cost("2024-09-01", { billed_cost: "2" }),
    ]);
    const request = { tenant: "acme", datasets: ["cost"] as const, source: "focus:AWS:1", dryRun: false };
    cloud.setFaults(({ operation }) => (operation === "UpdateItem" ? "throttle" : undefined));
    const [removed] = await store.metrics.remove({ ...request, period: "2024-08" });
    expect(removed).toMatchObject({ period: "2024-08", rows: 1 });
    cloud.setFaults(undefined);
    expect((await blocks()).every(({ expires }) => expires === undefined)).toBe(true);
    expect(await store.housekeep()).toMatchObject({ segmentsCleared: 1 });
    expect((await blocks()).filter(({ expires }) => expires === now.getTime() / 1000 + 3600)).toHaveLength(2);
    await store.metrics.remove(request);
    expect((await blocks()).filter(({ expires }) => expires === now.getTime() / 1000 + 3600)).toHaveLength(4);
    expect((await ask(store.metrics, {})).facts).toBe(0);
  });

  it("of a load that died are found by housekeeping, and its partition is as it was", async () => {
    await load(store.metrics, [cost("2024-09-01", { billed_cost: "1" })]);
    // The blocks arrive, and then everything fails: the load can neither finish nor clean up.
    let dead = false;
    cloud.setFaults(({ operation }) => {
      dead ||= operation === "BatchWriteItem";
      return dead && operation !== "BatchWriteItem" ? "reset" : undefined;
    });
    const hasty = cloud.open({ clock, config: { retry: { attempts: 2, firstPause: 1, maxPause: 1 } } });
    await expect(load(hasty.metrics, [cost("2024-09-01", { billed_cost: "5" })])).rejects.toMatchObject({
      code: "store.unavailable",
    });
    cloud.setFaults(undefined);
    await hasty.close();
    expect(await blocks()).toHaveLength(4);
    expect(await store.housekeep()).toMatchObject({ loadsAbandoned: 0 });
    now = new Date(now.getTime() + 7 * 3_600_000);
    const found = await store.housekeep();
    expect(found).toEqual({
      tenants: 1,
      segmentsCleared: 0,
      loadsAbandoned: 1,
      exportsAbandoned: 0,
      uploadsRemoved: 0,
    });
    expect((await blocks()).filter(({ expires }) => expires !== undefined)).toHaveLength(2);
    expect((await items()).filter(({ key }) => key.includes("intent#"))).toEqual([]);
    expect((await ask(store.metrics, {})).rows).toEqual([["1"]]);
  });

  it("stay when the load became current although nobody heard so, and the load says that it failed", async () => {
    await load(store.metrics, [cost("2024-09-01", { billed_cost: "1" })]);
    const hasty = cloud.open({ clock, config: { retry: { attempts: 1, firstPause: 1, maxPause: 1 } } });
    // The manifest, together with the check that the owners of accounts are those the load knew.
    cloud.setFaults(({ operation }) => (operation === "TransactWriteItems" ? "lose-answer" : undefined));
    await expect(load(hasty.metrics, [cost("2024-09-01", { billed_cost: "5" })])).rejects.toMatchObject({
      code: "store.unavailable",
    });
    cloud.setFaults(undefined);
    await hasty.close();
    now = new Date(now.getTime() + 2 * 3_600_000);
    await store.housekeep();
    expect((await ask(store.metrics, {})).rows).toEqual([["5"]]);
  });

  it("that a load could not let expire are let expire later", async () => {
    await load(store.metrics, [cost("2024-09-01", { billed_cost: "1" })]);
    cloud.setFaults(({ operation }) => (operation === "UpdateItem" ? "throttle" : undefined));
    const report = await load(store.metrics, [cost("2024-09-01", { billed_cost: "2" })]);
    expect(report.partitions[0]?.replacedRows).toBe(1);
    cloud.setFaults(undefined);
    expect((await blocks()).every(({ expires }) => expires === undefined)).toBe(true);
    expect(await store.housekeep()).toMatchObject({ segmentsCleared: 1 });
    expect((await blocks()).filter(({ expires }) => expires !== undefined)).toHaveLength(2);
  });

  it("that are missing although they are current are an error, never a smaller answer", async () => {
    await load(
      store.metrics,
      days.map((day) => cost(day, { billed_cost: "1" })),
    );
    const client = new DynamoDBClient({
      ...{ endpoint: cloud.dynamo.direct, region: TEST_REGION, credentials: TEST_CREDENTIALS },
    });
    const [block] = await blocks();
    const [tenant = "", sk = ""] = block?.key.split(" ") ?? [];
    // DynamoDB may show an expired item for days; it counts as gone from the second it expires.
    await client.send(
      new UpdateItemCommand({
        TableName: cloud.config.names.metrics,
        Key: { customer_id: { S: tenant }, sk: { S: sk } },
        UpdateExpression: "SET expires_at = :past",
        ExpressionAttributeValues: { ":past": { N: String(now.getTime() / 1000 - 1) } },
      }),
    );
    client.destroy();
    await expect(ask(store.metrics, {})).rejects.toMatchObject({
      code: "store.damaged",
      kind: "unavailable",
    });
  });

  it("are read one a day for what dashboards ask, and metered", async () => {
    const used = { read: 0, items: 0 };
    const meter: CapacityMeter = {
      consumed({ read, items: count }) {
        used.read += read;
        used.items += count;
      },
    };
    const september = Array.from({ length: 30 }, (_, i) => `2024-09-${String(i + 1).padStart(2, "0")}`);
    await load(
      store.metrics,
      september.flatMap((day) => [cost(day, { billed_cost: "1" }), cost(day, { billed_cost: "2" })]),
    );
    const metered = cloud.open({ clock, config: { meter } });
    await ask(metered.metrics, { groupBy: ["service", "region"] });
    expect(used.items).toBe(31);
    expect(used.read).toBeGreaterThan(0);
    used.items = 0;
    await ask(metered.metrics, { groupBy: ["resource"] });
    expect(used.items).toBe(61);
    await metered.close();
  });
});

describe("an export whose process died", () => {
  it("has the parts of its unfinished file freed by the next day's housekeeping", async () => {
    let now = new Date();
    const cloud = await startLocalCloud();
    const store = cloud.open({ clock: { now: () => now } });
    const stored = new Promise<void>((resolve) => {
      async function* content(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(6_000_000);
        resolve();
        yield await new Promise<never>(() => undefined);
      }
      void store.exportFiles.forTenant("acme").write("e1", content());
    });
    await stored;
    now = new Date(Date.now() + 3_600_000);
    expect(await store.housekeep()).toMatchObject({ exportsAbandoned: 0 });
    expect(cloud.s3.uploads.size).toBe(1);
    now = new Date(Date.now() + 25 * 3_600_000);
    expect(await store.housekeep()).toMatchObject({ exportsAbandoned: 1 });
    expect(cloud.s3.uploads.size).toBe(0);
    await store.close();
    await cloud.close();
  });
});
