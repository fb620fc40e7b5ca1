import type { Snapshot } from "../../core/findings/snapshots.ts";
import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { QueryFilter } from "../../core/query/query.ts";
import { addDays, tryParseDate } from "../../core/time/dates.ts";
import { type DayRange, MAX_RANGE_DAYS } from "../../core/time/ranges.ts";
import type { LoadRecord } from "../../ports/metric-store.ts";
import { snapshotOf } from "../analytics/snapshots.ts";
import type { TenantContext } from "../services.ts";

/** The scope of posture queries: whole days, and filters that apply to every query. */
export interface PostureScope {
  range: DayRange;
  filters: readonly QueryFilter[];
}

/** A snapshot and the load it came with. */
export interface LoadedSnapshot extends Snapshot {
  load: LoadRecord;
}

/**
 * The snapshots of a dataset up to the end of a range, including those without facts. Snapshots older than the longest
 * range of a query cannot be compared and are left out.
 */
export async function loadedSnapshots(
  context: TenantContext,
  dataset: DatasetId,
  range: DayRange,
): Promise<LoadedSnapshot[]> {
  const loads = await (await snapshotOf(context, dataset)).loads(context.signal);
  const earliest = addDays(range.to, -MAX_RANGE_DAYS);
  return loads
    .filter(({ period }) => tryParseDate(period) !== undefined)
    .filter(({ period }) => period >= earliest && period < range.to)
    .map((load) => ({ source: load.source, day: load.period, load }));
}
