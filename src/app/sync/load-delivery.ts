import type { SyncBatch, FileBatch } from "../../ports/connector.ts";
import type { LoadedFact } from "../../ports/load.ts";
import { importFiles } from "../imports/import-files.ts";
import { done, type Loaded, summary } from "./delivered.ts";
import { estimatesOf, refuseSecondBill } from "./double-count.ts";
import { loadFacts } from "./load-facts.ts";
import { loadFindings } from "./load-findings.ts";
import { type LoadContext, loadOptions } from "./options.ts";

/** Loads one delivery. @throws DomainError `sync.counted-twice`, `import.*`, `store.*`, those of the connector */
export async function loadDelivery(context: LoadContext, delivery: SyncBatch): Promise<Loaded> {
  switch (delivery.kind) {
    case "unchanged": {
      const { id, title } = delivery;
      return { report: { id, title, status: "unchanged", loads: [] }, marks: {}, warnings: [] };
    }
    case "files":
      return loadFiles(context, delivery);
    case "records":
      return loadFindings(context, delivery);
    case "facts":
      return loadFacts(context, delivery);
  }
}

async function loadFiles(context: LoadContext, delivery: FileBatch): Promise<Loaded> {
  const { services, options, connection } = context;
  const { payer, period, files } = delivery;
  if (payer !== undefined) await settleBill(context, { payer, period });
  const imported = await importFiles(services, files, {
    ...loadOptions(context),
    ...(connection.tenant !== undefined && { tenant: connection.tenant }),
    dryRun: options.dryRun === true,
  });
  return done(context, delivery, [summary(imported)], { warnings: imported.warnings });
}

/** Makes sure that the same bill is not loaded from Cost Explorer as well. */
async function settleBill(
  { services, options, progress }: LoadContext,
  bill: { payer: string; period: string },
): Promise<void> {
  const loads = await services.metrics.loads();
  if (options.replaceEstimates === true) {
    const estimates = estimatesOf(loads, bill);
    if (estimates.length === 0 || options.dryRun === true) return;
    progress(`Taking out Cost Explorer's figures of ${bill.period}`);
    await services.loader.loadRecords({
      dataset: "cost",
      format: "cost-explorer",
      files: [],
      records: none(),
      partitions: estimates.map(({ tenant, source, period }) => ({ tenant, source, period })),
      rejections: { count: 0, kept: [] },
      assignment: { kind: "named" },
      loadedAt: services.clock.now().toISOString(),
      dryRun: false,
    });
  } else if (options.force !== true) refuseSecondBill(loads, bill, false);
}

// eslint-disable-next-line @typescript-eslint/require-await -- the port takes a stream, and this one is empty
async function* none(): AsyncGenerator<readonly LoadedFact[]> {
  yield [];
}
