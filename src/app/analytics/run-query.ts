import { invalid } from "../../core/errors/errors.ts";
import {
  checkUnits,
  columnsOf,
  notesOf,
  othersRow,
  rowShaper,
  totalRows,
} from "../../core/query/assemble.ts";
import {
  addsUpDays,
  comparedDays,
  coverageNotes,
  dataLabel,
  comparableInPercent,
} from "../../core/query/coverage.ts";
import { planQuery, type QueryPlan } from "../../core/query/plan.ts";
import type { AnalyticsQuery, QueryResult, ResultHead, Row } from "../../core/query/query.ts";
import type { TableStream } from "../../core/reports/document.ts";
import type { Aggregate, DataVersion, Snapshot } from "../../ports/metric-store.ts";
import type { TenantContext } from "../services.ts";
import { shared } from "./cached.ts";
import { snapshotOf } from "./snapshots.ts";

/**
 * Rows an answer has when the query sets no limit, and the most it can have; the others row or an export has the rest.
 */
export const DEFAULT_ROWS = 1_000;
export const MAX_ROWS = 10_000;

const CACHE_SECONDS = 3_600;

/**
 * Answers a query from the cache, where the same query ran on the same data, or from the store.
 * @throws DomainError those of `planQuery`; `query.limit-too-large`; `query.mixed-currencies`, `query.mixed-units`;
 *   `query.too-many-groups` where they are held in memory; `store.unavailable`
 */
export async function runQuery(context: TenantContext, query: AnalyticsQuery): Promise<QueryResult> {
  const { result, text } = await remembered(context, query);
  return result ?? (JSON.parse(text) as QueryResult);
}

/** The same as JSON, which is how answers are remembered. @throws as `runQuery` */
export async function queryText(context: TenantContext, query: AnalyticsQuery): Promise<string> {
  return (await remembered(context, query)).text;
}

/** An answer as JSON, and as it was computed where it was not remembered. */
interface Remembered {
  text: string;
  result?: QueryResult;
}

async function remembered(context: TenantContext, query: AnalyticsQuery): Promise<Remembered> {
  const { services, tenant } = context;
  const limit = query.limit ?? DEFAULT_ROWS;
  if (limit > MAX_ROWS) {
    throw invalid(
      "query.limit-too-large",
      `limit ${limit} is over ${MAX_ROWS}, the most rows one answer may have`,
      {
        field: "limit",
        fix: "Lower it, or export the query: an export has no row limit.",
      },
    );
  }
  const plan = planQuery({ ...query, limit }, services.clock.now(), tenant.zone);
  const snapshot = await snapshotOf(context, plan.dataset.id);
  const cache = services.cache.forTenant(tenant.id);
  const key = cacheKey(services.digest(), plan, snapshot);
  return shared(context, `query ${key}`, async () => {
    const cached = await cache.get(key);
    if (cached !== undefined) return { text: cached };
    const result = await answer(context, plan, snapshot);
    const text = JSON.stringify(result);
    await cache.set(key, text, CACHE_SECONDS);
    return { text, result };
  });
}

/** The full query and the version of the data it reads; the cache handle adds the tenant. */
function cacheKey(
  digest: { update(text: string): void; hex(): string },
  plan: QueryPlan,
  { version, asOf, extent }: DataVersion,
): string {
  digest.update(
    JSON.stringify([
      { ...plan, dataset: plan.dataset.id },
      { version, asOf, extent },
    ]),
  );
  return digest.hex();
}

async function answer(context: TenantContext, plan: QueryPlan, snapshot: Snapshot): Promise<QueryResult> {
  const aggregate = await snapshot.aggregate(plan, context.signal);
  const raw = await drain(aggregate);
  checkUnits(plan, aggregate.totals);
  const percent = inPercent(plan, snapshot);
  const others = othersRow(plan, aggregate.totals, raw, aggregate.groups, percent);
  const head = headOf(plan, aggregate, snapshot, { shown: raw.length, others, percent });
  return { ...head, rows: raw.map(rowShaper(plan, aggregate.totals, percent)) };
}

async function drain(aggregate: Aggregate): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of aggregate.batches) for (const row of batch) rows.push(row);
  return rows;
}

/**
 * Opens a query without a row limit as a stream, for exports. With `query.limit` it is answered like `runQuery`, with
 * an others row.
 * @param own for the service's own queries: `keys` as `planQuery` takes it; `coverage` false where the days are
 *   not those a user asked for, so that nothing is said of which of them have data
 * @throws as `runQuery`, before the first row; the stream throws what the store throws midway
 */
export async function openQuery(
  context: TenantContext,
  query: AnalyticsQuery,
  own: { keys?: number; coverage?: boolean } = {},
): Promise<TableStream> {
  const { services, tenant } = context;
  if (query.limit !== undefined) return streamOf(await runQuery(context, query));
  const { keys, coverage = true } = own;
  const most = keys === undefined ? undefined : { keys };
  const plan = planQuery(query, services.clock.now(), tenant.zone, most);
  const snapshot = await snapshotOf(context, plan.dataset.id);
  const aggregate = await snapshot.aggregate(plan, context.signal);
  const close = async (): Promise<void> => {
    await aggregate.batches[Symbol.asyncIterator]().return?.();
  };
  try {
    checkUnits(plan, aggregate.totals);
  } catch (error) {
    await close();
    throw error;
  }
  const percent = inPercent(plan, snapshot);
  const shape = rowShaper(plan, aggregate.totals, percent);
  return {
    head: headOf(plan, aggregate, snapshot, { shown: aggregate.groups, others: null, percent, coverage }),
    close,
    async *batches() {
      for await (const batch of aggregate.batches)
        yield plan.compare === undefined ? batch : batch.map(shape);
    },
  };
}

/** A result in memory as a stream of one batch. */
export function streamOf(result: QueryResult): TableStream {
  const { rows, ...head } = result;
  return {
    head,
    // eslint-disable-next-line @typescript-eslint/require-await -- the rows are here already
    async *batches() {
      if (rows.length > 0) yield rows;
    },
  };
}

/** All rows of a stream in memory, for what cannot be drawn row by row. */
export async function drainStream(stream: TableStream): Promise<QueryResult> {
  const rows: Row[] = [];
  for await (const batch of stream.batches()) for (const row of batch) rows.push(row);
  return { ...stream.head, rows };
}

function headOf(
  plan: QueryPlan,
  aggregate: Aggregate,
  version: DataVersion,
  shown: { shown: number; others: ResultHead["others"]; percent: boolean; coverage?: boolean },
): ResultHead {
  const { totals, facts, groups } = aggregate;
  const { extent } = version;
  const depends = addsUpDays(plan) && shown.coverage !== false;
  const coverage = depends ? coverageNotes(plan, { label: dataLabel(plan.dataset.id), extent }) : [];
  return {
    dataset: plan.dataset.id,
    range: { ...plan.range, zone: plan.zone },
    ...(plan.compare !== undefined && {
      compare: comparedDays(plan.compare, addsUpDays(plan) ? extent : undefined),
    }),
    columns: columnsOf(plan, totals),
    totals: totalRows(plan, totals, shown.percent),
    others: shown.others,
    completeness: {
      rows: shown.shown,
      rowsTotal: groups,
      complete: shown.shown === groups,
      notes: [...notesOf(plan, totals, facts, groups, shown.shown), ...coverage],
    },
    dataAsOf: version.asOf,
  };
}

function inPercent(plan: QueryPlan, { extent }: DataVersion): boolean {
  return !addsUpDays(plan) || comparableInPercent(plan, extent);
}
