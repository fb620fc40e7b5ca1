import { countedTwice, countedTwiceNotes } from "../../core/cost/bills.ts";
import type { QueryFilter } from "../../core/query/query.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import type { TenantContext } from "../services.ts";

/**
 * Notes on bills in a range that the tenant's facts contain more than once. A query that filters on sources needs none.
 */
export async function twiceCountedNotes(
  { services, tenant }: TenantContext,
  { range, filters }: { range: DayRange; filters: readonly QueryFilter[] },
): Promise<string[]> {
  if (filters.some(({ field }) => field === "source")) return [];
  const loads = await services.metrics.loads({ tenant: tenant.id });
  // A bill's charges are of its month, but for corrections, which are of earlier ones.
  const inRange = loads.filter(
    ({ dataset, period }) =>
      dataset === "cost" && period >= range.from.slice(0, 7) && `${period}-01` < range.to,
  );
  return countedTwiceNotes(countedTwice(inRange));
}
