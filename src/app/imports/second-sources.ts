import { countedTwice, countedTwiceWarning } from "../../core/cost/bills.ts";
import type { PartitionReport } from "../../ports/load.ts";
import type { Services } from "../services.ts";

/**
 * Warnings of the bills in a load that are also there in another format, and so count twice. What is there is asked after
 * the load; in a dry run, what the load would add is taken for there.
 */
export async function secondSourceWarnings(
  services: Services,
  partitions: readonly PartitionReport[],
  dryRun: boolean,
): Promise<string[]> {
  if (partitions.length === 0) return [];
  const loads = (await services.metrics.loads()).filter(({ dataset }) => dataset === "cost");
  const own = new Set(partitions.map(({ source }) => source));
  const warnings = countedTwice([...loads, ...partitions]).flatMap(({ tenant, payer, period, sources }) =>
    partitions
      .filter((part) => part.tenant === tenant && part.period === period && sources.includes(part.source))
      .flatMap(({ source }) =>
        sources
          .filter((other) => !own.has(other))
          .map((other) => countedTwiceWarning({ tenant, payer, period }, source, other, dryRun)),
      ),
  );
  return [...new Set(warnings)];
}
