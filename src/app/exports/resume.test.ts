import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ReportDefinition } from "../../core/reports/definition.ts";
import type { ExportFormat } from "../../core/reports/formats.ts";
import type { JobWork } from "../../ports/jobs.ts";
import { rendererFor } from "../../../test/support/rendering.ts";
import { cost } from "../../../test/conformance/lib/facts.ts";
import { collect } from "../../../test/support/documents.ts";
import { type TestTenant, testTenant } from "../../../test/support/tenant-context.ts";
import { buildDocument } from "../reports/build-document.ts";
import type { Services, TenantContext } from "../services.ts";
import { getExport, readExport, startExport } from "./export.ts";
import { resumeExport } from "./resume.ts";

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
const enoughTime = (): number => 600_000;

describe("an export in another process", () => {
  let tenant: TestTenant;
  let now: string;
  /** Work that was handed to another process, as it arrives there. */
  let sent: JobWork[];
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
      start: (_id, _task, work) => {
        sent.push(JSON.parse(JSON.stringify(work)) as JobWork);
        return Promise.resolve();
      },
      isAlive: () => true,
      stop: () => Promise.resolve(),
    };
    context = { ...tenant.context, services: { ...tenant.context.services, jobs } };
  });
  afterEach(() => tenant.close());

  async function start(format: ExportFormat): Promise<{ id: string; work: JobWork }> {
    const document = await buildDocument(context, DEFINITION);
    const recipe = { definition: DEFINITION, options: {} };
    const started = await startExport(context, document, format, {}, "job", recipe);
    const [work] = sent;
    if (started.kind !== "job" || work === undefined) throw new Error("no job was started");
    return { id: started.job.id, work };
  }

  it.each<ExportFormat>(["csv", "json", "xlsx", "pdf"])(
    "ends done with the %s file of the instant at which it was asked for",
    async (format) => {
      const { id, work } = await start(format);
      const document = await buildDocument(context, DEFINITION);
      const expected = await collect((await rendererFor(format)).render(document));
      now = "2099-10-02T00:05:00.000Z";
      await resumeExport(context.services, work, enoughTime);
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

  it("is written once when its work is delivered twice", async () => {
    const { id, work } = await start("csv");
    await resumeExport(context.services, work, enoughTime);
    const done = await getExport(context, id);
    now = "2099-10-02T00:05:00.000Z";
    await resumeExport(context.services, work, enoughTime);
    expect(await getExport(context, id)).toEqual(done);
  });

  it("ends with the reason when it cannot be written within the time, and has no file", async () => {
    const { id, work } = await start("xlsx");
    await resumeExport(context.services, work, () => 800);
    expect(await getExport(context, id)).toMatchObject({
      status: "failed",
      error: { code: "export.out-of-time" },
    });
    const files = context.services.exportFiles.forTenant(context.tenant.id);
    await expect(files.read(id)).rejects.toMatchObject({ code: "export.not-found" });
  });

  it("ends with the reason when its question alone takes longer than that", async () => {
    const { id, work } = await start("csv");
    const never = (): Promise<never> => new Promise(() => undefined);
    const metrics = { forTenant: () => new Proxy({}, { get: () => never }) };
    const services = { ...context.services, metrics: metrics as unknown as Services["metrics"] };
    await resumeExport(services, work, () => 0);
    expect(await getExport(context, id)).toMatchObject({
      status: "failed",
      error: { code: "export.out-of-time" },
    });
  });
});
