import type { Snapshot } from "../../core/findings/snapshots.ts";
import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { QueryFilter } from "../../core/query/query.ts";
import { addDays, tryParseDate } from "../../core/time/dates.ts";
import { type DayRange, MAX_RANGE_DAYS } from "../../core/time/ranges.ts";
import type { LoadRecord } from "../../ports/metric-store.ts";
import type { TenantContext } from "../services.ts";

/** What posture is asked over: whole days, and filters that every question gets. */
export interface PostureScope {
  range: DayRange;
  filters: readonly QueryFilter[];
}

/** A snapshot and the load it came with. */
export interface LoadedSnapshot extends Snapshot {
  load: LoadRecord;
}

/**
 * The snapshots of a dataset up to the end of a range, those without facts too. What is older than the longest range
 * a query may have cannot be compared with and is left out.
 */
export async function loadedSnapshots(
  context: TenantContext,
  dataset: DatasetId,
  range: DayRange,
): Promise<LoadedSnapshot[]> {
  const loads = await context.services.metrics.loads({ tenant: context.tenant.id });
  const earliest = addDays(range.to, -MAX_RANGE_DAYS);
  return loads
    .filter((load) => load.dataset === dataset && tryParseDate(load.period) !== undefined)
    .filter(({ period }) => period >= earliest && period < range.to)
    .map((load) => ({ source: load.source, day: load.period, load }));
}
