import type { DeliveryEnd, DeliveryLoad, LoadReport, RecordLoad } from "../../ports/load.ts";
import type { LoadOptions } from "../../ports/metric-store.ts";

/** A load of records as what it is: a delivery of one dataset, whose days and partitions are all known. */
export async function loadRecords(
  input: RecordLoad,
  options: LoadOptions,
  loadDelivery: (delivery: DeliveryLoad, options: LoadOptions) => Promise<LoadReport[]>,
): Promise<LoadReport> {
  const { dataset, records, partitions, rejections } = input;
  async function* facts(): DeliveryLoad["facts"] {
    for await (const batch of records) yield batch.map((fact) => ({ ...fact, dataset }));
  }
  const end = (): DeliveryEnd => ({
    datasets: [dataset],
    dayOf: (_, period) => period,
    partitions: partitions.map((partition) => ({ ...partition, dataset })),
    rejections,
  });
  const { format, files, loadedAt, dryRun } = input;
  const [report] = await loadDelivery({ format, files, facts: facts(), end, loadedAt, dryRun }, options);
  if (report === undefined) throw new Error(`a load of ${dataset} has no report`);
  return report;
}
