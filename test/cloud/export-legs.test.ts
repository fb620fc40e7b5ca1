import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resumeExport } from "../../src/app/exports/legs.ts";
import type { Services } from "../../src/app/services.ts";
import type { JobWork } from "../../src/ports/jobs.ts";
import type { ExportFormat } from "../../src/core/reports/formats.ts";
import type { RenderOptions } from "../../src/ports/renderer.ts";
import { type Exporting, startExporting, timeFor } from "./exporting.ts";
import { randomFaults } from "./faults.ts";

/** Name, format, options, rows, and the places where a file may be left that a process gets over before it leaves it. */
const CASES: [string, ExportFormat, RenderOptions, number, number][] = [
  ["CSV", "csv", { bom: true }, 20_000, 12],
  ["JSON", "json", {}, 10_000, 8],
  ["NDJSON", "json", { lines: true }, 10_000, 8],
  ["XLSX", "xlsx", {}, 10_000, 1],
  ["PDF", "pdf", {}, 2_000, 18],
  ["PDF, read to its end before its first row is drawn,", "pdf", {}, 240, 3],
];

describe("an export in legs", () => {
  let scene: Exporting;
  beforeEach(async () => {
    scene = await startExporting();
  });
  afterEach(() => scene.close());

  it.each(CASES)(
    "is the same %s file as one written at a stretch",
    async (_name, format, options, rows, places) => {
      await scene.loadFacts(rows);
      const id = await scene.start(format, options);
      const progress: (number | undefined)[] = [];
      const processes = await scene.work(
        () => timeFor(places),
        async () => void progress.push((await scene.job(id))?.rowsWritten),
      );
      expect(processes).toBeGreaterThanOrEqual(3);
      expect(progress).toEqual(progress.toSorted((a, b) => Number(a) - Number(b)));
      expect(progress[0]).toBeGreaterThan(0);
      const job = await scene.job(id);
      expect(job).toMatchObject({ status: "done", rowsWritten: rows, rowsTotal: rows, error: null });
      const file = await scene.file(id);
      expect(file.length).toBe(job?.bytes);
      expect(file.equals(await scene.expected(format, options, job?.createdAt ?? ""))).toBe(true);
      expect(scene.leftovers()).toEqual([]);
    },
    60_000,
  );
});

describe("an export in legs, disturbed", () => {
  let scene: Exporting;
  let id: string;
  beforeEach(async () => {
    scene = await startExporting();
    await scene.loadFacts(10_000);
    id = await scene.start("xlsx");
  });
  afterEach(() => scene.close());

  const expectWhole = async (at?: string): Promise<void> => {
    const job = await scene.job(id);
    expect(job).toMatchObject({ status: "done", rowsWritten: 10_000 });
    const expected = await scene.expected("xlsx", {}, at ?? job?.createdAt ?? "");
    expect((await scene.file(id)).equals(expected)).toBe(true);
    expect(scene.leftovers()).toEqual([]);
  };

  it("does each leg once when every event comes twice, at the same time or late", async () => {
    const late = scene.sent[0];
    let processes = 0;
    for (let next = scene.sent.shift(); next !== undefined; next = scene.sent.shift()) {
      const work = next;
      await Promise.all([1, 2].map(() => resumeExport(scene.services, work, timeFor(1))));
      expect(scene.sent.length).toBeLessThanOrEqual(1);
      processes++;
    }
    expect(processes).toBeGreaterThanOrEqual(3);
    if (late !== undefined) await resumeExport(scene.services, late, timeFor(1));
    expect(scene.sent).toEqual([]);
    await expectWhole();
  });

  it("begins anew when the facts have changed, and never mixes two states", async () => {
    const changedAt = "2024-10-02T00:05:00.000Z";
    await scene.work(
      () => timeFor(1),
      async (process) => {
        if (process !== 1) return;
        scene.setNow(changedAt);
        await scene.loadFacts(10_000, 9);
      },
    );
    await expectWhole(changedAt);
    expect((await scene.job(id))?.manifest?.dataAsOf).toBe(changedAt);
  });

  it("ends with the reason when they change again and again", async () => {
    await scene.work(
      () => timeFor(1),
      (process) => scene.loadFacts(10_000, process),
    );
    expect(await scene.job(id)).toMatchObject({ status: "failed", error: { code: "export.data-changed" } });
    expect(scene.leftovers()).toEqual([]);
  });

  it("begins anew when another version of the service goes on", async () => {
    await scene.work(
      () => timeFor(1),
      (process) => {
        if (process === 1) scene.services.version = "2";
        return Promise.resolve();
      },
    );
    const job = await scene.job(id);
    expect(job?.manifest?.generator).toContain("2");
    await expectWhole(job?.manifest?.generatedAt);
  });

  it("leaves nothing behind when it is removed between two legs", async () => {
    await scene.work(
      () => timeFor(1),
      async (process) => {
        if (process === 1) await scene.remove(id);
      },
    );
    expect(await scene.job(id)).toBeUndefined();
    await expect(scene.file(id)).rejects.toMatchObject({ code: "export.not-found" });
    expect(scene.leftovers()).toEqual([]);
  });

  it("leaves nothing behind when it is removed while a leg is written", async () => {
    const removing = (): (() => number) => {
      const left = timeFor(1);
      let asked = 0;
      return () => {
        // Asked for the third time in the middle of the file; the removal is through before the leg is left.
        if (++asked === 3) void scene.remove(id);
        return left();
      };
    };
    await scene.work((process) => (process === 1 ? removing() : timeFor(1)));
    expect(await scene.job(id)).toBeUndefined();
    expect(scene.leftovers()).toEqual([]);
  });

  it("is taken from a process that died when that must be over, and not before", async () => {
    const work = only(scene.sent);
    const { legs } = scene.store.exportFiles.forTenant("acme");
    const dead = await legs?.take(id, 30_000);
    await dead?.add(new Uint8Array(6_000_000));
    expect(await legs?.take(id, 30_000)).toBeUndefined();
    await resumeExport(scene.services, work, timeFor(1e9));
    expect((await scene.job(id))?.status).toBe("running");
    scene.setNow("2024-10-02T00:01:00.000Z");
    await resumeExport(scene.services, work, timeFor(1e9));
    await expect(dead?.tell(dead.job)).rejects.toMatchObject({ code: "export.leg-lost" });
    expect(await scene.job(id)).toMatchObject({ status: "done", rowsWritten: 10_000 });
    expect(scene.cloud.s3.uploads.size).toBe(1);
  });

  it("has what a process that died left behind freed by the next day's housekeeping", async () => {
    const { legs } = scene.store.exportFiles.forTenant("acme");
    await resumeExport(scene.services, only(scene.sent), timeFor(1));
    const dead = await legs?.take(id, 30_000);
    await dead?.add(new Uint8Array(6_000_000));
    expect(scene.leftovers()).toHaveLength(2);
    scene.setNow(new Date(Date.now() + 3_600_000).toISOString());
    expect(await scene.store.housekeep()).toMatchObject({ exportsAbandoned: 0 });
    expect(scene.leftovers()).toHaveLength(2);
    scene.setNow(new Date(Date.now() + 25 * 3_600_000).toISOString());
    expect(await scene.store.housekeep()).toMatchObject({ exportsAbandoned: 1 });
    expect(scene.leftovers()).toEqual([]);
  });

  it("is the same file although one call in five goes wrong", async () => {
    const faults = randomFaults(0.2, 41);
    scene.cloud.setFaults(faults);
    await scene.work(() => timeFor(1));
    scene.cloud.setFaults(undefined);
    await expectWhole();
    expect([...faults.counts.values()].reduce((a, b) => a + b)).toBeGreaterThan(5);
  });

  it("ends with the reason when the question alone takes too long", async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    const metrics = { forTenant: () => new Proxy({}, { get: () => never }) };
    const services = { ...scene.services, metrics: metrics as unknown as Services["metrics"] };
    await resumeExport(services, only(scene.sent), () => 300);
    expect(await scene.job(id)).toMatchObject({ status: "failed", error: { code: "export.out-of-time" } });
    expect(scene.leftovers()).toEqual([]);
  });

  it("ends with the reason when it would take more legs than the cloud allows", async () => {
    const many = await scene.start("csv");
    scene.sent.splice(0, 1);
    const processes = await scene.work(() => timeFor(0));
    expect(processes).toBe(14);
    const job = await scene.job(many);
    expect(job).toMatchObject({ status: "failed", error: { code: "export.out-of-time" } });
    expect(scene.leftovers()).toEqual([]);
  });
});

function only(works: readonly JobWork[]): JobWork {
  const [work] = works;
  if (work === undefined || works.length > 1) throw new Error(`${works.length} works were sent`);
  return work;
}
