import type { PartitionKey } from "../../core/metrics/facts.ts";
import { dateInZone } from "../../core/time/zones.ts";
import { asffFormat } from "../../importers/asff/asff.ts";
import { openRecords } from "../../importers/shared/open-records.ts";
import type { RecordBatch } from "../../ports/connector.ts";
import type { DeliveryLoad, LoadReport } from "../../ports/load.ts";
import { done, type Loaded, summary } from "./delivered.ts";
import { type LoadContext, loadOptions } from "./options.ts";

/** What a snapshot had in it, to empty what it no longer has. */
const SOURCES = "sources";

/** Findings as a snapshot of now, normalized by their importer. */
export async function loadFindings(context: LoadContext, delivery: RecordBatch): Promise<Loaded> {
  const { services, target, options } = context;
  const loadedAt = services.clock.now().toISOString();
  const file = await services.spool.store(delivery.title, jsonLines(delivery.records));
  try {
    const { delivery: facts, counts } = openRecords(asffFormat, {
      files: [file],
      owners: target.owners,
      zones: target.zones,
      loadedAt,
      dryRun: options.dryRun === true,
      snapshotAt: loadedAt,
      signal: options.signal,
    });
    const scoped = inScope(context, facts, delivery.scope, loadedAt);
    const reports = await services.loader.loadDelivery(scoped, loadOptions(context));
    const [first] = reports;
    const seen = (first?.partitions ?? []).filter((partition) => partition.rows > 0);
    return done(context, delivery, reports.map(summary), {
      marks: { [SOURCES]: JSON.stringify([...new Set(seen.map(({ source }) => source))].sort()) },
      warnings: [
        ...reports.flatMap((report) => report.warnings),
        ...rejected(counts.rejected, reports),
        ...(await fromFilesAsWell(context, seen, delivery.scope)),
      ],
    });
  } finally {
    await file.dispose();
  }
}

async function* jsonLines(records: AsyncIterable<readonly unknown[]>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const batch of records)
    yield encoder.encode(batch.map((record) => `${JSON.stringify(record)}\n`).join(""));
}

/**
 * The load under sources of its own region. Sources that the snapshot before had and this one has not are named as
 * well: nothing is left of them.
 */
function inScope(context: LoadContext, load: DeliveryLoad, scope: string, now: string): DeliveryLoad {
  const scoped = (source: string): string => `${source}@${scope}`;
  async function* facts(): DeliveryLoad["facts"] {
    for await (const batch of load.facts)
      yield batch.map((fact) => ({ ...fact, source: scoped(fact.source) }));
  }
  return {
    ...load,
    files: [`${context.connection.id}: ${load.format}`],
    facts: facts(),
    end() {
      const end = load.end();
      const named = end.partitions.map((partition) => ({ ...partition, source: scoped(partition.source) }));
      const gone = sourcesGone(context, new Set(named.map(({ source }) => source)), now);
      const emptied = end.datasets.flatMap((dataset) => gone.map((key) => ({ ...key, dataset })));
      return { ...end, partitions: [...named, ...emptied] };
    },
  };
}

function sourcesGone(
  { target, marks }: LoadContext,
  named: ReadonlySet<string>,
  now: string,
): PartitionKey[] {
  const before = JSON.parse(marks[SOURCES] ?? "[]") as string[];
  return before
    .filter((source) => !named.has(source))
    .map((source): PartitionKey => {
      const account = source.slice(0, source.lastIndexOf("@")).split(":").at(-1) ?? "";
      return {
        tenant: target.tenantOf(account),
        source,
        period: dateInZone(new Date(now), target.zoneOf(account)),
      };
    });
}

async function fromFilesAsWell(
  { services }: LoadContext,
  seen: readonly PartitionKey[],
  scope: string,
): Promise<string[]> {
  const suffix = `@${scope}`;
  const plain = new Set(seen.map(({ source }) => source.slice(0, -suffix.length)));
  const loads = await services.metrics.loads();
  const both = [
    ...new Set(loads.filter((load) => plain.has(load.source) && load.rows > 0).map((l) => l.source)),
  ];
  if (both.length === 0) return [];
  return [
    `Findings of ${both.slice(0, 3).join(", ")}${both.length > 3 ? ", …" : ""} are also there from imported files; where both have a snapshot in a range, they count twice. securebase imports remove takes the imported ones out.`,
  ];
}

function rejected(count: number, reports: readonly LoadReport[]): string[] {
  const first = reports.flatMap((report) => report.rejections)[0];
  if (count === 0 || first === undefined) return [];
  return [`${count} records were refused; the first one ${first.reason}.`];
}
