import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTenant, type Tenant } from "../../src/core/tenants/tenant.ts";
import type { AwsStore } from "../../src/adapters/aws/store.ts";
import { createIds } from "../../src/adapters/embedded/clock.ts";
import type { ExportJob } from "../../src/core/exports/export-job.ts";
import type { SavedReport } from "../../src/core/reports/saved-report.ts";
import type { DeliveredFact } from "../../src/ports/load.ts";
import { ask, cost, deliver, load } from "../conformance/lib/facts.ts";
import { seededRandom } from "../support/random.ts";
import { randomFaults } from "./faults.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";
import { exportsIn, reportsIn, tenantsIn } from "../support/stored.ts";

/** One in five calls is throttled, fails, breaks, loses its answer, comes late or does half its work. */
const SHARE = 0.2;
const ids = createIds({ now: () => new Date() });

describe("a day under faults", () => {
  let cloud: LocalCloud;
  let store: AwsStore;
  const faults = randomFaults(SHARE, 20_240_917);
  beforeAll(async () => {
    cloud = await startLocalCloud();
    store = cloud.open();
    cloud.setFaults(faults);
  });
  afterAll(async () => {
    await store.close();
    await cloud.close();
  });

  it("loads, restates and answers with exact totals", async () => {
    const tenants = ["acme", "globex", "initech"];
    const facts = (generation: number) =>
      tenants.flatMap((tenant, t) =>
        Array.from({ length: 600 }, (_, i) =>
          cost(
            `2024-09-${String((i % 30) + 1).padStart(2, "0")}`,
            { billed_cost: `0.${String(i + 1).padStart(10, "0")}${generation}`, service_name: `S${i % 7}` },
            { tenant, source: `focus:${t}` },
          ),
        ),
      );
    for (const generation of [1, 2, 3]) {
      const report = await load(store.metrics, facts(generation));
      expect(report.rowsAccepted).toBe(1800);
      for (const tenant of tenants) {
        const answer = await ask(store.metrics, { groupBy: ["service"] }, tenant);
        // Sum of 1…600 at the tenth decimal, and 600 times the generation at the eleventh.
        const expected = (BigInt((600 * 601) / 2) * 10n + BigInt(600 * generation)).toString();
        expect([answer.facts, answer.groups, answer.totals[0]?.[0]?.value]).toEqual([
          600,
          7,
          `0.${expected.padStart(11, "0")}`.replace(/0+$/, ""),
        ]);
      }
    }
    expect(await store.metrics.loads()).toHaveLength(tenants.length);
  });

  it("loses no change of a report, and makes none twice", async () => {
    const reports = reportsIn(store, "acme");
    const report: SavedReport = {
      id: ids.next(),
      definition: { title: "0", description: "", range: { preset: "30d" }, sections: [] },
      createdBy: "somebody",
      createdAt: "2024-09-01T00:00:00Z",
      updatedAt: "2024-09-01T00:00:00Z",
    };
    let seen = await reports.create(report);
    for (let i = 1; i <= 40; i++) {
      const changed = { ...report, definition: { ...report.definition, title: String(i) } };
      const next = await reports.replace(seen, changed);
      await expect(reports.replace(seen, changed)).rejects.toMatchObject({ code: "report.changed" });
      seen = next;
    }
    expect((await reports.get(report.id)).record.definition.title).toBe("40");
    await reports.remove(report.id, seen.revision);
    expect(await reports.list({ limit: 10 })).toEqual([]);
  });

  it("keeps every tenant and gives each account to one", async () => {
    const tenant = (id: string, accounts: string[]): Tenant =>
      makeTenant({ id, name: id, accounts }, "2024-09-01T00:00:00Z");
    const tenants = tenantsIn(store);
    for (let i = 0; i < 10; i++) await tenants.create(tenant(`t${i}`, [`a${i}`, `b${i}`]));
    await expect(tenants.create(tenant("t10", ["b3"]))).rejects.toMatchObject({
      code: "tenant.account-taken",
    });
    expect((await tenants.all()).map(({ record }) => record.id)).toEqual(
      Array.from({ length: 10 }, (_, i) => `t${i}`),
    );
  });

  it("loses no export and changes no byte", async () => {
    const exports = store.exportFiles.forTenant("acme");
    const jobs = exportsIn(store, "acme");
    const random = seededRandom(7);
    for (const megabytes of [0.5, 12, 17]) {
      const chunks = Array.from({ length: megabytes * 16 }, () =>
        Buffer.from(
          Array.from({ length: 65_536 / 16 }, () => Math.floor(random() * 256)).concat(
            Array<number>(61_440).fill(7),
          ),
        ),
      );
      const job = exportJob(ids.next());
      await jobs.create({ ...job, status: "running" });
      const bytes = await exports.write(job.id, streamOf(chunks));
      await jobs.change(job.id, (now) => ({ ...now, status: "done", bytes }));
      expect((await jobs.get(job.id)).record.bytes).toBe(Buffer.concat(chunks).length);
      const read: Uint8Array[] = [];
      for await (const chunk of await exports.read(job.id)) read.push(chunk);
      const hash = (list: Uint8Array[]): string =>
        createHash("sha256").update(Buffer.concat(list)).digest("hex");
      expect(hash(read)).toBe(hash(chunks));
    }
    expect(await jobs.list({ limit: 10 })).toHaveLength(3);
  });

  it("was really under faults", () => {
    const counts = Object.fromEntries(faults.counts);
    console.log(`faults: ${JSON.stringify(counts)}`);
    for (const kind of ["throttle", "error", "reset", "lose-answer", "delay", "drop-unprocessed"])
      expect(counts[kind]).toBeGreaterThan(0);
  });
});

describe("a delivery of findings and controls that dies at one of its calls", () => {
  it("leaves both as they were or makes both new", async () => {
    const cloud = await startLocalCloud();
    const store = cloud.open({ config: { retry: { attempts: 2, firstPause: 1, maxPause: 2 } } });
    const at = { tenant: "acme", source: "asff:1", period: "0", day: null };
    const facts = (generation: number): DeliveredFact[] =>
      (["findings", "controls"] as const).map((dataset) => ({
        ...{ ...at, dataset, values: { check_id: String(generation) } },
      }));
    const held = async (dataset: "findings" | "controls"): Promise<number> => {
      const { rows } = await ask(store.metrics, { dataset, groupBy: ["check"] });
      return rows.length === 1 ? Number(rows[0]?.[0]) : Number.NaN;
    };
    const dayOf = (): string => "2024-09-03";
    await deliver(store.metrics, facts(1), { dayOf });
    let now = 1;
    let done = false;
    for (let calls = 0; !done; calls++) {
      // From some call on nothing gets through any more; the last one is done and its answer lost, or it is not.
      for (const last of ["reset", "lose-answer"] as const) {
        let left = calls;
        cloud.setFaults(() => (left-- > 0 ? undefined : left === -1 ? last : "reset"));
        done = await deliver(store.metrics, facts(now + 1), { dayOf }).then(
          () => true,
          () => false,
        );
        cloud.setFaults(undefined);
        const both = [await held("findings"), await held("controls")];
        expect([
          [now, now],
          [now + 1, now + 1],
        ]).toContainEqual(both);
        if (done) expect(both[0]).toBe(now + 1);
        now = both[0] ?? now;
      }
      expect(calls).toBeLessThan(60);
    }
    expect(now).toBeGreaterThan(2);
    await store.close();
    await cloud.close();
  });
});

describe("a removal of findings and controls that dies at one of its calls", () => {
  it("leaves both or takes out both, and what it says went is gone", async () => {
    const cloud = await startLocalCloud();
    const store = cloud.open({ config: { retry: { attempts: 2, firstPause: 1, maxPause: 2 } } });
    const at = { tenant: "acme", source: "asff:1", period: "2024-09-03", day: "2024-09-03" };
    const datasets = ["findings", "controls"] as const;
    const facts = datasets.map((dataset): DeliveredFact => ({ ...at, dataset, values: { check_id: "1" } }));
    const seen = new Set<string>();
    for (let calls = 0, done = false; !done; calls++) {
      for (const last of ["reset", "lose-answer"] as const) {
        await deliver(store.metrics, facts);
        let left = calls;
        cloud.setFaults(() => (left-- > 0 ? undefined : left === -1 ? last : "reset"));
        const request = { tenant: "acme", datasets, source: "asff:1", dryRun: false };
        done = await store.metrics.remove(request).then(
          (removed) => removed.length === 2,
          () => false,
        );
        cloud.setFaults(undefined);
        const loads = (await store.metrics.loads({ tenant: "acme" })).length;
        const held = await Promise.all(datasets.map((dataset) => ask(store.metrics, { dataset })));
        expect([
          [2, 1, 1],
          [0, 0, 0],
        ]).toContainEqual([loads, ...held.map((answer) => answer.facts)]);
        if (done) expect(loads).toBe(0);
        seen.add(`${loads}`);
      }
      expect(calls).toBeLessThan(40);
    }
    expect([...seen].sort()).toEqual(["0", "2"]);
    await store.close();
    await cloud.close();
  });
});

describe("a download that breaks", () => {
  it("goes on where it was", async () => {
    const cloud = await startLocalCloud();
    const store = cloud.open();
    const exports = store.exportFiles.forTenant("acme");
    const chunks = Array.from({ length: 40 }, (_, i) => Buffer.alloc(50_000, i));
    await exports.write("x", streamOf(chunks));
    let breaks = 3;
    cloud.setFaults(({ operation }) => (operation === "GetObject" && breaks-- > 0 ? "truncate" : undefined));
    const read: Uint8Array[] = [];
    for await (const chunk of await exports.read("x")) read.push(chunk);
    expect(breaks).toBeLessThan(0);
    expect(Buffer.concat(read).equals(Buffer.concat(chunks))).toBe(true);
    await store.close();
    await cloud.close();
  });
});

describe("when faults last", () => {
  it("says unavailable and when to come back, and leaves the facts and files as they were", async () => {
    const cloud = await startLocalCloud();
    const store = cloud.open({ config: { retry: { attempts: 3, firstPause: 1, maxPause: 2 } } });
    await load(store.metrics, [cost("2024-09-01", { billed_cost: "1" })]);
    cloud.setFaults(() => "throttle");
    const refused = { code: "store.unavailable", kind: "unavailable", retryAfter: 5 };
    await expect(ask(store.metrics, {})).rejects.toMatchObject(refused);
    await expect(load(store.metrics, [cost("2024-09-02", { billed_cost: "5" })])).rejects.toMatchObject(
      refused,
    );
    await expect(reportsIn(store, "acme").list({ limit: 1 })).rejects.toMatchObject(refused);
    cloud.setFaults(({ operation }) => (operation === "BatchWriteItem" ? "throttle" : undefined));
    await expect(load(store.metrics, [cost("2024-09-02", { billed_cost: "5" })])).rejects.toMatchObject(
      refused,
    );
    cloud.setFaults(({ operation }) => (operation === "UploadPart" ? "error" : undefined));
    const exports = store.exportFiles.forTenant("acme");
    const large = streamOf(Array.from({ length: 12 }, () => new Uint8Array(1 << 20)));
    await expect(exports.write("x", large)).rejects.toMatchObject({ code: "store.unavailable" });
    cloud.setFaults(undefined);
    expect(cloud.s3.uploads.size).toBe(0);
    await expect(exports.read("x")).rejects.toMatchObject({ code: "export.not-found" });
    expect((await ask(store.metrics, {})).rows).toEqual([["1"]]);
    await store.close();
    await cloud.close();
  });
});

function exportJob(id: string): ExportJob {
  return {
    ...{
      id,
      title: "Costs",
      format: "csv",
      fileName: "costs.csv",
      status: "done",
      rowsWritten: 1,
      rowsTotal: 1,
    },
    ...{ bytes: null, manifest: null, error: null, requestedBy: "somebody" },
    createdAt: new Date().toISOString(),
    finishedAt: null,
    expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
  };
}

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}
