import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { ReportDefinition } from "../../core/reports/definition.ts";
import type { ExportFormat } from "../../core/reports/formats.ts";
import { rendererFor } from "../../../test/support/rendering.ts";
import { cost } from "../../../test/conformance/lib/facts.ts";
import { collect } from "../../../test/support/documents.ts";
import { type TestTenant, testTenant } from "../../../test/support/tenant-context.ts";
import type { Snapshot } from "../../ports/metric-store.ts";
import { buildDocument } from "../reports/build-document.ts";
import { outOfTime } from "../../core/jobs/job.ts";
import { performJob } from "../jobs/perform.ts";
import type { Services, TenantContext } from "../services.ts";
import { startExport } from "./export.ts";
import { getExport, readExport } from "./exports.ts";

const DEFINITION: ReportDefinition = {
  title: "Cost by service",
  description: "",
  range: { from: "2024-09-01", to: "2024-10-01" },
  sections: [
    {
      kind: "table",
      id: "detail",
      title: "By service",
      detail: true,
      query: { dataset: "cost", groupBy: ["day", "service"], measures: ["billed_cost"] },
    },
  ],
};
const enoughTime = new AbortController().signal;

describe("an export in another process", () => {
  let tenant: TestTenant;
  let now: string;
  /** Keys of jobs that another process was asked to carry out. */
  let sent: string[];
  let context: TenantContext;
  beforeEach(async () => {
    // The store itself runs by the real clock, by which an export of the past is expired.
    now = "2099-10-02T00:00:00.000Z";
    sent = [];
    tenant = await testTenant({}, () => new Date(now));
    const facts = Array.from({ length: 300 }, (_, i) =>
      cost(`2024-09-${String((i % 30) + 1).padStart(2, "0")}`, {
        billed_cost: `${i}.25`,
        service_name: `Service ${i}`,
      }),
    );
    await tenant.load("cost", facts);
    const jobs: Services["jobs"] = {
      shared: true,
      dispatch: ({ key }) => {
        sent.push(key);
        return Promise.resolve();
      },
      progress: () => undefined,
      cancel: () => false,
      ended: () => undefined,
      stop: () => Promise.resolve(),
    };
    context = { ...tenant.context, services: { ...tenant.context.services, jobs } };
  });
  afterEach(() => tenant.close());

  async function start(format: ExportFormat): Promise<{ id: string; key: string }> {
    const recipe = { definition: DEFINITION, options: {} };
    const started = await startExport(context, { recipe, format, options: {}, delivery: "job" });
    const [key] = sent;
    if (started.kind !== "job" || key === undefined) throw new Error("no job was started");
    return { id: started.job.id, key };
  }

  const perform = (key: string, signal = enoughTime) => performJob(context.services, key, { signal });

  it.each<ExportFormat>(["csv", "json", "xlsx", "pdf"])(
    "ends done with the %s file of the instant at which it was asked for",
    async (format) => {
      const { id, key } = await start(format);
      const document = await buildDocument(context, DEFINITION);
      const expected = await collect((await rendererFor(format)).render(document));
      now = "2099-10-02T00:05:00.000Z";
      await perform(key);
      expect(await getExport(context, id)).toMatchObject({
        status: "done",
        rowsWritten: 300,
        rowsTotal: 300,
        bytes: expected.length,
        finishedAt: now,
      });
      expect((await collect((await readExport(context, id)).body)).equals(expected)).toBe(true);
    },
  );

  it("is started without asking a question of the facts, once its own can be asked", async () => {
    const asked = (): never => {
      throw new Error("a question was asked");
    };
    const metrics = { ...context.services.metrics, forTenant: asked };
    const blind = { ...context, services: { ...context.services, metrics } };
    const request = { format: "pdf", options: {}, delivery: "job" } as const;
    const recipe = { definition: DEFINITION, options: {} };
    const started = await startExport(blind, { ...request, recipe });
    expect(started).toMatchObject({ kind: "job", job: { title: "Cost by service", rowsTotal: null } });
    const filters = [{ field: "colour", op: "equals" as const, value: "red" }];
    const wrong = startExport(blind, {
      ...request,
      recipe: { definition: DEFINITION, options: { filters } },
    });
    await expect(wrong).rejects.toMatchObject({ kind: "invalid" });
    expect(sent).toHaveLength(1);
  });

  it("is left to a job where its questions take longer than a request may", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    try {
      const slow: Snapshot["aggregate"] = (_plan, signal) =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason as Error));
          vi.advanceTimersByTime(10_000);
        });
      const snapshot = async (dataset: DatasetId): Promise<Snapshot> => ({
        ...(await tenant.context.services.metrics.forTenant("acme").snapshot(dataset)),
        aggregate: slow,
      });
      const metrics = { ...context.services.metrics, forTenant: () => ({ snapshot }) };
      const patient = { ...context, services: { ...context.services, metrics } };
      const recipe = { definition: DEFINITION, options: {} };
      const started = await startExport(patient, { recipe, format: "csv", options: {}, delivery: "auto" });
      expect(started.kind).toBe("job");
    } finally {
      vi.useRealTimers();
    }
  });

  it("is written once when its work is delivered twice", async () => {
    const { id, key } = await start("csv");
    await perform(key);
    const done = await getExport(context, id);
    now = "2099-10-02T00:05:00.000Z";
    await perform(key);
    expect(await getExport(context, id)).toEqual(done);
  });

  it("ends with the reason when it cannot be written within the time, and has no file", async () => {
    const { id, key } = await start("xlsx");
    await perform(key, AbortSignal.abort(outOfTime()));
    expect(await getExport(context, id)).toMatchObject({
      status: "failed",
      error: { code: "export.out-of-time" },
    });
    const files = context.services.exportFiles.forTenant(context.tenant.id);
    await expect(files.read(id)).rejects.toMatchObject({ code: "export.not-found" });
  });

  it("ends with the reason when its question alone takes longer than that", async () => {
    const { id, key } = await start("csv");
    const aggregate: Snapshot["aggregate"] = (_, signal) =>
      new Promise((__, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
      });
    const snapshot = (): Promise<unknown> => Promise.resolve({ extent: null, aggregate });
    const metrics = { forTenant: () => ({ snapshot }) };
    const services = { ...context.services, metrics: metrics as unknown as Services["metrics"] };
    const time = new AbortController();
    const performed = performJob(services, key, { signal: time.signal });
    time.abort(outOfTime());
    await performed;
    expect(await getExport(context, id)).toMatchObject({
      status: "failed",
      error: { code: "export.out-of-time" },
    });
  });
});
