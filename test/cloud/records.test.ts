import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { number, packed, text } from "../../src/adapters/aws/items.ts";
import type { AwsStore } from "../../src/adapters/aws/store.ts";
import type { RecordChange, RecordEntry } from "../../src/ports/records.ts";
import { connectionsIn, exportsIn, reportsIn, tenantsIn } from "../support/stored.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";

let cloud: LocalCloud;
let store: AwsStore;
beforeEach(async () => {
  cloud = await startLocalCloud();
  store = cloud.open();
});
afterEach(async () => {
  await store.close();
  await cloud.close();
});

const CREATED = "2024-09-01T00:00:00Z";

describe("records that were written before items carried a version", () => {
  const put = (customer_id: string, id: string, attributes: Record<string, object>) =>
    store.dynamo.client.send(
      new PutItemCommand({
        TableName: cloud.config.names.reports,
        Item: { customer_id: text(customer_id), id: text(id), ...attributes },
      }),
    );

  it("are read, changed under the tag they had, and carry a version from then on", async () => {
    const definition = { title: "Old", description: "", range: { preset: "30d" }, sections: [] };
    const dates = { createdAt: CREATED, updatedAt: CREATED };
    const body = { id: "r1", definition, createdBy: "alice", ...dates, etag: "old" };
    await put("acme", "report#r1", { created_at: text(CREATED), etag: text("old"), body: packed(body) });
    const reports = reportsIn(store, "acme");
    const [seen] = await reports.list({ limit: 10 });
    const { etag, ...record } = body;
    expect(seen).toEqual({ record, revision: etag });
    await reports.replace(seen!, { ...seen!.record, createdBy: "bob" });
    const key = { customer_id: text("acme"), id: text("report#r1") };
    const item = await store.dynamo.get(cloud.config.names.reports, key);
    expect(item?.version).toEqual(number(1));
    await expect(reports.remove("r1", "old")).rejects.toMatchObject({ code: "report.changed" });
  });

  it("of exports are read and changed although they had no tag", async () => {
    const job = {
      ...{ id: "e1", title: "T", format: "csv", fileName: "t.csv", status: "running", rowsWritten: 0 },
      ...{ rowsTotal: null, bytes: null, manifest: null, error: null, requestedBy: "x", finishedAt: null },
      ...{ createdAt: CREATED, expiresAt: "2099-01-01T00:00:00Z" },
    };
    await put("acme", "export#e1", { created_at: text(CREATED), expires_at: number(4e9), body: packed(job) });
    const jobs = exportsIn(store, "acme");
    const seen = await jobs.get("e1");
    expect(seen.record).toEqual(job);
    await jobs.replace(seen, { ...seen.record, rowsWritten: 5 });
    await expect(jobs.replace(seen, seen.record)).rejects.toMatchObject({ code: "export.changed" });
    expect((await jobs.get("e1")).record.rowsWritten).toBe(5);
  });

  it("of tenants hold their accounts, and of connections are listed", async () => {
    const tenant = { id: "acme", name: "Acme", accounts: ["1"], frameworks: [], zone: "UTC", branding: {} };
    const profile = { ...tenant, demo: false, createdAt: CREATED };
    await put("#tenants", "acme", { created_at: text(CREATED), etag: text("t"), body: packed(profile) });
    await put("#accounts", "1", { tenant: text("acme") });
    const tenants = tenantsIn(store);
    const other = { ...profile, tier: null, contacts: [], id: "other" };
    await expect(tenants.create(other)).rejects.toMatchObject({ code: "tenant.account-taken" });
    const seen = await tenants.get("acme");
    await tenants.replace(seen, { ...seen.record, accounts: ["2"] });
    await tenants.create(other);
    const access = { kind: "ambient" };
    const connection = { id: "c", kind: "security-hub", region: "eu-west-1", access, settings: {} };
    const stored = { connection: { ...connection, createdAt: CREATED }, marks: { a: "b" }, lastRun: null };
    await put("#connections", "c", { created_at: text(CREATED), etag: text("x"), body: packed(stored) });
    expect((await connectionsIn(store).all()).map(({ record }) => record)).toEqual([stored]);
  });
});

describe("a write whose answer is lost", () => {
  let revisions = 0;
  const entry = (id: string, more: Partial<RecordEntry> = {}): RecordEntry => ({
    ...{ kind: "thing", id, revision: `r${++revisions}`, version: 1, body: id },
    ...more,
  });
  const account = (value: string) => ({ uniqueKeys: [{ name: "account", value }] });

  it("is a success, once", async () => {
    const space = store.records.forTenant("acme");
    const [a, b, c] = [entry("a"), entry("b", { position: "1", ...account("1") }), entry("c")];
    const next = entry("a", { position: "2" });
    const writes: RecordChange[][] = [
      [{ after: a }],
      [{ after: b }],
      [{ before: a, after: next }],
      [{ after: c }, { before: next, after: entry("a", account("2")) }],
      [{ before: b }],
      [{ before: c }],
    ];
    for (const changes of writes) {
      let lost = 2;
      cloud.setFaults(({ operation }) =>
        /^(Put|Delete|Transact)/.test(operation) && lost-- > 0 ? "lose-answer" : undefined,
      );
      await space.write(changes);
      expect(lost).toBeLessThan(0);
    }
    cloud.setFaults(undefined);
    const left = await space.list("thing", { limit: 10, by: "id", descending: false });
    expect(left.map(({ id }) => id)).toEqual(["a"]);
    await space.write([{ after: entry("d", account("1")) }]);
  });

  it("is refused when somebody else's write came before it", async () => {
    const space = store.records.forTenant("acme");
    const first = entry("a");
    await space.write([{ after: first }]);
    await space.write([{ before: first, after: entry("a") }]);
    let failed = false;
    cloud.setFaults(({ operation }) => {
      if (operation !== "PutItem" || failed) return undefined;
      failed = true;
      return "error";
    });
    const late = space.write([{ before: first, after: entry("a") }]);
    await expect(late).rejects.toMatchObject({ conflict: { reason: "changed" } });
  });
});
