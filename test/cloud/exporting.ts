import { createIds } from "../../src/adapters/embedded/clock.ts";
import type { AwsStore } from "../../src/adapters/aws/store.ts";
import { startExport } from "../../src/app/exports/export.ts";
import { resumeExport } from "../../src/app/exports/legs.ts";
import { buildDocument } from "../../src/app/reports/build-document.ts";
import type { Services, TenantContext } from "../../src/app/services.ts";
import { addTenant, getTenant } from "../../src/app/tenants/tenants.ts";
import type { ReportDefinition } from "../../src/core/reports/definition.ts";
import type { ExportFormat } from "../../src/core/reports/formats.ts";
import type { ExportJob } from "../../src/core/exports/export-job.ts";
import type { JobWork } from "../../src/ports/jobs.ts";
import type { RenderOptions } from "../../src/ports/renderer.ts";
import { rendererFor } from "../../src/render/registry.ts";
import { sha256 } from "../../src/runtimes/digest.ts";
import { cost, inBatches, load } from "../conformance/lib/facts.ts";
import { collect } from "../support/documents.ts";
import { exportsIn } from "../support/stored.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";

const TENANT = "acme";
/** Milliseconds left of a process with time enough, and of one that has to leave its work. */
const [MUCH, LITTLE] = [600_000, 700];

/** A process that has time for so many places where a file may be left. */
export function timeFor(places: number): () => number {
  // The lease and the deadline ask once each.
  let asked = -2;
  return () => (asked++ < places ? MUCH : LITTLE);
}

const DEFINITION: ReportDefinition = {
  title: "Cost by resource",
  description: "What each resource cost.",
  range: { from: "2024-09-01", to: "2024-10-01" },
  sections: [
    {
      kind: "kpis",
      items: [
        {
          id: "total",
          label: "Total",
          measure: "billed_cost",
          upIs: "bad",
          query: { dataset: "cost", groupBy: [], measures: ["billed_cost"] },
        },
      ],
    },
    { kind: "text", text: "Each resource on each day." },
    {
      ...{ kind: "table", id: "services", title: "By service" },
      query: { dataset: "cost", groupBy: ["service"], measures: ["billed_cost"] },
    },
    {
      ...{ kind: "table", id: "detail", title: "By resource", detail: true },
      query: { dataset: "cost", groupBy: ["day", "service", "resource"], measures: ["billed_cost"] },
    },
  ],
};

export interface Exporting {
  cloud: LocalCloud;
  store: AwsStore;
  services: Services;
  /** Work that was sent to other processes. */
  sent: JobWork[];
  setNow(instant: string): void;
  /** Replaces the facts. @param change is part of every amount */
  loadFacts(count: number, change?: number): Promise<void>;
  start(format: ExportFormat, options?: RenderOptions): Promise<string>;
  /** Has processes do the work that was sent, one after the other, until none is left. @returns how many */
  work(
    remaining: (process: number) => () => number,
    between?: (process: number) => Promise<void>,
  ): Promise<number>;
  job(id: string): Promise<ExportJob | undefined>;
  /** Removes record and file. */
  remove(id: string): Promise<void>;
  file(id: string): Promise<Buffer>;
  /** The file as one process writes it that is never in a hurry. */
  expected(format: ExportFormat, options: RenderOptions, at: string): Promise<Buffer>;
  /** Keys of objects and unfinished uploads that are no finished file. */
  leftovers(): string[];
  close(): Promise<void>;
}

/** The use cases on a local cloud, with a job runner that only remembers what it is asked for. */
export async function startExporting(): Promise<Exporting> {
  const cloud = await startLocalCloud();
  let now = new Date("2024-10-02T00:00:00.000Z");
  const clock = { now: () => now };
  const store = cloud.open({ clock });
  const sent: JobWork[] = [];
  const { metrics, records, cache, exportFiles, checks } = store;
  const services: Services = {
    ...{ clock, ids: createIds(clock), metrics, records, cache, exportFiles, checks },
    spool: undefined as unknown as Services["spool"],
    loader: undefined as unknown as Services["loader"],
    jobs: {
      start: (_id, _task, work) => Promise.resolve(void sent.push(work as JobWork)),
      isAlive: () => true,
      stop: () => Promise.resolve(),
    },
    digest: sha256,
    ...{ version: "1", environment: "test" },
  };
  await addTenant(services, { id: TENANT, name: "Acme", accounts: ["111122223333"] });
  const principal = { subject: "alice", role: "admin", tenant: TENANT } as const;
  const contextAt = async (at?: string): Promise<TenantContext> => ({
    services: at === undefined ? services : { ...services, clock: { now: () => new Date(at) } },
    tenant: await getTenant(services, TENANT),
    principal: principal as unknown as TenantContext["principal"],
  });
  const files = exportFiles.forTenant(TENANT);
  const jobs = exportsIn(store, TENANT);
  return {
    ...{ cloud, store, services, sent },
    setNow: (instant) => (now = new Date(instant)),
    async loadFacts(count, change = 0) {
      await load(metrics, [], {
        records: inBatches(factsOf(count, change), 2000),
        loadedAt: now.toISOString(),
      });
    },
    async start(format, options = {}) {
      const context = await contextAt();
      const document = await buildDocument(context, DEFINITION);
      const recipe = { definition: DEFINITION, options: {} };
      const started = await startExport(context, document, format, options, "job", recipe);
      if (started.kind !== "job") throw new Error("it was answered at once");
      return started.job.id;
    },
    async work(remaining, between = () => Promise.resolve()) {
      let processes = 0;
      for (let next = sent.shift(); next !== undefined; next = sent.shift()) {
        await resumeExport(services, JSON.parse(JSON.stringify(next)) as JobWork, remaining(processes));
        await between(processes++);
      }
      return processes;
    },
    job: async (id) => (await jobs.find(id))?.record,
    file: async (id) => collect(await files.read(id)),
    async remove(id) {
      await files.remove(id);
      await jobs.remove(id);
    },
    async expected(format, options, at) {
      const document = await buildDocument(await contextAt(at), DEFINITION);
      return collect((await rendererFor(format, options)).render(document, options));
    },
    leftovers: () => [
      ...[...cloud.s3.objects.keys()].filter((key) => key.includes("/checkpoints/")),
      ...[...cloud.s3.uploads.values()].map(({ name }) => `upload of ${name}`),
    ],
    async close() {
      await store.close();
      await cloud.close();
    },
  };
}

/** Resources with long names: few rows make a large file. */
function factsOf(count: number, change: number): ReturnType<typeof cost>[] {
  return Array.from({ length: count }, (_, i) => {
    const name = `arn:aws:ec2:us-east-1:111122223333:instance/i-${((i * 7919) % 1_000_003).toString(36)}`;
    const values = {
      billed_cost: `${i}.25${change}`,
      service_name: `Service ${i % 7}`,
      resource_id: `${name}/${"volume ".repeat(20 + (i % 9))}`,
    };
    return cost(`2024-09-${String((i % 30) + 1).padStart(2, "0")}`, values, { tenant: TENANT });
  });
}
