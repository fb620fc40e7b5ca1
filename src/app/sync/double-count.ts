import { payerOf } from "../../core/cost/bills.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { LoadRecord } from "../../ports/metric-store.ts";

const ESTIMATES = "cost-explorer:";

/** A bill: the account that pays it, and its period. */
export interface Bill {
  payer: string;
  period: string;
}

/** Loads of a bill by others than `own`, whatever format they came in. */
function loadsOfBill(
  loads: readonly LoadRecord[],
  bill: Bill,
  own: (source: string) => boolean,
): LoadRecord[] {
  return loads.filter(
    ({ dataset, source, period, rows }) =>
      dataset === "cost" &&
      rows > 0 &&
      period === bill.period &&
      payerOf(source) === bill.payer &&
      !own(source),
  );
}

/**
 * Refuses to load a bill that is there from another kind of source: Cost Explorer and a cost export report the
 * same costs, so both together count them twice.
 * @param fromEstimates whether the bill at hand is Cost Explorer's
 * @throws DomainError `sync.counted-twice`
 */
export function refuseSecondBill(loads: readonly LoadRecord[], bill: Bill, fromEstimates: boolean): void {
  const [other] = loadsOfBill(loads, bill, (source) => source.startsWith(ESTIMATES) === fromEstimates);
  if (other === undefined) return;
  throw new DomainError(
    "sync.counted-twice",
    "conflict",
    `The costs of ${bill.payer} for ${bill.period} are there already, from ${other.source}: loading them from ${fromEstimates ? "Cost Explorer" : "the export"} as well would count them twice`,
    {
      fix: fromEstimates
        ? "Remove this connection; the export says more. --force loads it nevertheless."
        : "Pull the months with --replace-estimates, which takes Cost Explorer's figures out. --force loads both.",
    },
  );
}

/** Loads of Cost Explorer's figures of a bill. */
export function estimatesOf(loads: readonly LoadRecord[], bill: Bill): LoadRecord[] {
  return loadsOfBill(loads, bill, (source) => !source.startsWith(ESTIMATES));
}
