import type { DatasetId } from "../../../src/core/metrics/datasets.ts";
import type { PartitionKey } from "../../../src/core/metrics/facts.ts";
import { planQuery, type QueryPlan } from "../../../src/core/query/plan.ts";
import type { AnalyticsQuery, Cell } from "../../../src/core/query/query.ts";
import type {
  Assignment,
  DeliveredFact,
  DeliveryEnd,
  DeliveryLoad,
  LoadedFact,
  LoadReport,
  RecordLoad,
} from "../../../src/ports/load.ts";
import { loaderFor } from "../../support/loading.ts";
import {
  type Aggregate,
  type DataVersion,
  type LoadOptions,
  type MeasureTotal,
  type MetricStore,
  SnapshotGone,
} from "../../../src/ports/metric-store.ts";

/** Nothing in the suites depends on today: ranges are explicit. */
export const NOW = new Date("2024-10-01T00:00:00Z");
export const LOADED_AT = "2024-10-01T06:00:00.000Z";

/** A cost fact: whatever is not named is absent. Its period is its month. */
export function cost(
  day: string,
  values: Readonly<Record<string, string | null>>,
  key: Partial<PartitionKey> = {},
): LoadedFact {
  return {
    tenant: "acme",
    source: "focus:AWS:1",
    period: day.slice(0, 7),
    ...key,
    day,
    values: { billing_currency: "USD", ...values },
  };
}

/** A finding in the snapshot of its day. */
export function finding(
  day: string,
  values: Readonly<Record<string, string | null>>,
  key: Partial<PartitionKey> = {},
): LoadedFact {
  return { tenant: "acme", source: "asff:1", period: day, ...key, day, values };
}

export interface LoadSetup {
  dataset?: DatasetId;
  partitions?: readonly PartitionKey[];
  records?: AsyncIterable<readonly LoadedFact[]>;
  dryRun?: boolean;
  loadedAt?: string;
  assignment?: Assignment;
}

export async function load(
  store: MetricStore,
  facts: readonly LoadedFact[],
  setup: LoadSetup = {},
  options?: LoadOptions,
): Promise<LoadReport> {
  const input: RecordLoad = {
    dataset: setup.dataset ?? "cost",
    format: "test",
    files: ["facts.test"],
    records: setup.records ?? inBatches(facts, 3),
    partitions: setup.partitions ?? [],
    rejections: { count: 0, kept: [] },
    assignment: setup.assignment ?? { kind: "owners", seen: await store.ownerChanges() },
    loadedAt: setup.loadedAt ?? LOADED_AT,
    dryRun: setup.dryRun ?? false,
  };
  return loaderFor(store).loadRecords(input, options);
}

export interface DeliverySetup extends Partial<DeliveryEnd> {
  facts?: DeliveryLoad["facts"];
  end?: () => DeliveryEnd;
  dryRun?: boolean;
}

/** Findings with their controls, unless the setup names other datasets. */
export async function deliver(
  store: MetricStore,
  facts: readonly DeliveredFact[],
  { facts: stream, end, dryRun, ...known }: DeliverySetup = {},
  options?: LoadOptions,
): Promise<LoadReport[]> {
  const plainEnd = (): DeliveryEnd => ({
    datasets: ["findings", "controls"],
    dayOf: (_, period) => period,
    partitions: [],
    rejections: { count: 0, kept: [] },
    ...known,
  });
  const input: DeliveryLoad = {
    format: "test",
    files: ["facts.test"],
    facts: stream ?? inBatches(facts, 3),
    end: end ?? plainEnd,
    assignment: { kind: "owners", seen: await store.ownerChanges() },
    loadedAt: LOADED_AT,
    dryRun: dryRun ?? false,
  };
  return loaderFor(store).loadDelivery(input, options);
}

// eslint-disable-next-line @typescript-eslint/require-await -- an async iterable over what is here already
export async function* inBatches<T>(items: readonly T[], size: number): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

export interface Answer {
  rows: Cell[][];
  groups: number;
  facts: number;
  totals: MeasureTotal[][];
}

/** September 2024, unless the query says otherwise. */
export const SEPTEMBER = { from: "2024-09-01", to: "2024-10-01" };
export type Question = Partial<AnalyticsQuery>;

export function plan(question: Question): QueryPlan {
  return planQuery({ dataset: "cost", range: SEPTEMBER, ...question }, NOW, "UTC");
}

/** The answer of the facts as they are now; asked again for as long as loads get in between. */
export async function ask(store: MetricStore, question: Question, tenant = "acme"): Promise<Answer> {
  for (;;) {
    try {
      return await drain(await open(store, plan(question), tenant));
    } catch (error) {
      if (!(error instanceof SnapshotGone)) throw error;
    }
  }
}

/** The answer to a plan of the facts as they are now. */
export async function open(store: MetricStore, asked: QueryPlan, tenant = "acme"): Promise<Aggregate> {
  return (await store.forTenant(tenant).snapshot(asked.dataset.id)).aggregate(asked);
}

export async function versionOf(
  store: MetricStore,
  tenant: string,
  dataset: DatasetId = "cost",
): Promise<DataVersion> {
  const { version, asOf, extent } = await store.forTenant(tenant).snapshot(dataset);
  return { version, asOf, extent };
}

export async function drain(aggregate: Aggregate): Promise<Answer> {
  const rows: Cell[][] = [];
  for await (const batch of aggregate.batches) for (const row of batch) rows.push([...row]);
  return {
    rows,
    groups: aggregate.groups,
    facts: aggregate.facts,
    totals: aggregate.totals.map((units) =>
      [...units].sort((a, b) => (a.unit ?? "\uffff").localeCompare(b.unit ?? "\uffff")),
    ),
  };
}
