import { listTenants } from "../app/tenants/registry.ts";
import { addTenant } from "../app/tenants/tenants.ts";
import { importFiles } from "../app/imports/import-files.ts";
import { DEMO_DATA } from "../app/records/kinds.ts";
import { serviceRecords } from "../app/records/records.ts";
import type { Services } from "../app/services.ts";
import { jobKey } from "../core/jobs/key.ts";
import { dateInZone } from "../core/time/zones.ts";
import { DEMO_MONTHS, DEMO_SEED, type DemoOptions } from "../demo/calendar.ts";
import { demoRecordLoads } from "../demo/facts.ts";
import { demoFocusCsv } from "../demo/focus-csv.ts";
import { demoTenants } from "../demo/profiles.ts";

/**
 * Fills an empty store with demo data, and brings a store that holds nothing else up to yesterday. What a process left
 * that was killed midway is made anew.
 * @returns the id of a demo tenant to look at; undefined when the store holds real tenants
 */
export async function ensureDemo(
  services: Services,
  onProgress: (text: string, fraction?: number) => void,
): Promise<string | undefined> {
  const tenants = await listTenants(services);
  if (tenants.some((tenant) => !tenant.demo)) return undefined;
  const known = new Set(tenants.map(({ id }) => id));
  for (const tenant of demoTenants().filter(({ id }) => !known.has(id))) {
    const { claim } = await addTenant(services, tenant);
    if (claim !== undefined) await services.jobs.ended(jobKey(claim));
  }
  const [first] = await listTenants(services);
  if (first === undefined) return undefined;
  const end = dateInZone(services.clock.now(), "UTC");
  const marks = serviceRecords(services, DEMO_DATA);
  const mark = await marks.find("demo");
  if (mark !== undefined && mark.record.end >= end) return first.id;
  await loadDemo(services, { seed: DEMO_SEED, end, months: DEMO_MONTHS }, onProgress);
  const done = { id: "demo" as const, end };
  await (mark === undefined ? marks.create(done) : marks.replace(mark, done));
  return first.id;
}

/** The demo's cost goes the way of real cost: a FOCUS file through the importer. */
async function loadDemo(
  services: Services,
  options: DemoOptions,
  onProgress: (text: string, fraction?: number) => void,
): Promise<void> {
  onProgress("Making demo data: cost");
  const file = await services.spool.store("demo-focus.csv", encode(demoFocusCsv(options)));
  try {
    await importFiles(services, [file], {});
  } finally {
    await file.dispose();
  }
  for (const load of demoRecordLoads(options, services.clock.now().toISOString())) {
    onProgress(`Making demo data: ${load.dataset}`);
    await services.loader.loadRecords(load);
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- a generator that is pulled as the file is written
async function* encode(text: Iterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for (const part of text) yield encoder.encode(part);
}
