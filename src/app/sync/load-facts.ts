import type { PartitionKey } from "../../core/metrics/facts.ts";
import type { FactBatch } from "../../ports/connector.ts";
import { assignmentOf, type LoadedFact } from "../../ports/load.ts";
import { secondSourceWarnings } from "../imports/second-sources.ts";
import { done, type Loaded, summary } from "./delivered.ts";
import { refuseSecondBill } from "./double-count.ts";
import { type LoadContext, loadOptions } from "./options.ts";

/** Facts that a connector made, given to whom their accounts belong. */
export async function loadFacts(context: LoadContext, delivery: FactBatch): Promise<Loaded> {
  const { services, target, options, connection } = context;
  const { bill, dataset } = delivery;
  const loads = await services.metrics.loads();
  if (bill !== undefined && options.force !== true) refuseSecondBill(loads, bill, true);
  async function* facts(): AsyncGenerator<readonly LoadedFact[]> {
    for await (const batch of delivery.facts) {
      options.signal.throwIfAborted();
      yield batch.map(({ account, ...fact }) => ({ ...fact, tenant: target.tenantOf(account) }));
    }
  }
  // A tenant that had a share of the partition and has none now must not keep the old one.
  const places = new Set(delivery.partitions.map(({ source, period }) => `${source}\0${period}`));
  const earlier = loads.filter(
    (load) => load.dataset === dataset && places.has(`${load.source}\0${load.period}`),
  );
  const partitions: PartitionKey[] = [
    ...delivery.partitions.map(({ account, source, period }) => ({
      tenant: target.tenantOf(account),
      source,
      period,
    })),
    ...earlier.map(({ tenant, source, period }) => ({ tenant, source, period })),
  ];
  const report = await services.loader.loadRecords(
    {
      dataset,
      format: connection.kind,
      files: [`${connection.id}: ${delivery.title}`],
      records: facts(),
      partitions: distinct(partitions),
      rejections: { count: 0, kept: [] },
      assignment: assignmentOf(target.owners),
      loadedAt: services.clock.now().toISOString(),
      dryRun: options.dryRun === true,
    },
    loadOptions(context),
  );
  const twice =
    bill === undefined
      ? []
      : await secondSourceWarnings(services, report.partitions, options.dryRun === true);
  return done(context, delivery, [summary(report)], { warnings: [...report.warnings, ...twice] });
}

function distinct(partitions: readonly PartitionKey[]): PartitionKey[] {
  return [...new Map(partitions.map((p) => [`${p.tenant}\0${p.source}\0${p.period}`, p])).values()];
}
