import { formatDecimal, SCALE } from "../core/money/decimal.ts";
import type { FactRecord } from "../core/metrics/facts.ts";
import type { DemoDay } from "./calendar.ts";
import type { Inventory, Line } from "./inventory.ts";
import { amountMillis, dayFactors } from "./simulate.ts";
import type { UsageMetric } from "./skus.ts";

export const USAGE_UNITS: Readonly<Record<UsageMetric, string>> = {
  api_calls: "calls",
  compute_hours: "hours",
  storage_gb: "GB",
  data_transfer_gb: "GB",
};

/** Metrics that are reported for each resource; the others are added up by account, region and service. */
const BY_RESOURCE: readonly UsageMetric[] = ["compute_hours", "storage_gb"];
const MILLI = 10n ** BigInt(SCALE - 3);

/**
 * What an inventory used on a day, from the same amounts its cost is made of: hours of compute, gigabytes kept (a
 * level, not a sum), gigabytes sent and calls made (whole numbers).
 */
export function usageOf(inventory: Inventory, day: DemoDay): FactRecord["values"][] {
  const factors = dayFactors(inventory, day);
  const rows = new Map<string, { line: Line; metric: UsageMetric; millis: number }>();
  for (const line of inventory.lines) {
    const { metric } = line.sku;
    if (metric === undefined) continue;
    const millis = amountMillis(inventory, line, factors) * line.sku.consumedPerPricing;
    if (millis === 0) continue;
    const scope = BY_RESOURCE.includes(metric) ? line.resourceId : "";
    const key = `${metric} ${line.account.id} ${line.region} ${line.sku.service} ${scope}`;
    const row = rows.get(key);
    if (row === undefined) rows.set(key, { line, metric, millis });
    else row.millis += millis;
  }
  return [...rows.values()].map(({ line, metric, millis }) => {
    const ofResource = BY_RESOURCE.includes(metric);
    return {
      metric,
      unit: USAGE_UNITS[metric],
      service_name: line.sku.service,
      sub_account_id: line.account.id,
      region_id: line.region,
      resource_id: ofResource ? line.resourceId : null,
      quantity: formatDecimal(BigInt(millis) * MILLI),
      tags: ofResource && Object.keys(line.tags).length > 0 ? JSON.stringify(line.tags) : null,
    };
  });
}
