import { countedTwice, countedTwiceNotes } from "../../core/cost/bills.ts";
import type { QueryFilter } from "../../core/query/query.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import { snapshotOf } from "../analytics/snapshots.ts";
import type { TenantContext } from "../services.ts";

/**
 * Notes on bills in a range that the tenant's facts contain more than once. A query that filters on sources needs none.
 */
export async function twiceCountedNotes(
  context: TenantContext,
  { range, filters }: { range: DayRange; filters: readonly QueryFilter[] },
): Promise<string[]> {
  if (filters.some(({ field }) => field === "source")) return [];
  const loads = await (await snapshotOf(context, "cost")).loads(context.signal);
  // A bill's charges are of its month, but for corrections, which are of earlier ones.
  const inRange = loads.filter(({ period }) => period >= range.from.slice(0, 7) && `${period}-01` < range.to);
  return countedTwiceNotes(countedTwice(inRange));
}
