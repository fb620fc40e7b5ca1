import type { DatasetId } from "../../core/metrics/datasets.ts";
import { type AskedDays, coverageNotes, dataLabel, type Extent } from "../../core/query/coverage.ts";
import type { TenantContext } from "../services.ts";
import { snapshotOf } from "./snapshots.ts";

/** The first and last day with data, for answers composed of several queries. */
export async function extentOf(context: TenantContext, dataset: DatasetId): Promise<Extent | null> {
  return (await snapshotOf(context, dataset)).extent;
}

/** Notes on requested days without data, for answers composed of several queries. */
export async function coverageOf(
  context: TenantContext,
  dataset: DatasetId,
  asked: AskedDays,
): Promise<string[]> {
  const extent = await extentOf(context, dataset);
  return coverageNotes(asked, { label: dataLabel(dataset), extent });
}
