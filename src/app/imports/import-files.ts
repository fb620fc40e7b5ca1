import { UNASSIGNED } from "../../core/tenants/tenant.ts";
import type { CurrencyTotals, InputFile, LoadReport, Ownership } from "../../ports/load.ts";
import type { LoadOptions } from "../../ports/metric-store.ts";
import type { SpooledFile } from "../../ports/spool.ts";
import { planImport } from "../../importers/registry/registry.ts";
import type { Services } from "../services.ts";
import { getTenant } from "../tenants/tenants.ts";

export interface ImportOptions extends LoadOptions {
  /** Everything goes to this tenant; without it, to whoever claims a fact's account. */
  tenant?: string;
  /** One of the registry's formats; `auto` when not given. */
  format?: string;
  /** Read, check and sum, and change nothing. */
  dryRun?: boolean;
}

/**
 * Imports files as one load: each partition they hold is replaced as a whole, or nothing changes.
 * @throws DomainError `tenant.not-found`; `import.*` when a file cannot be read or is of no known format
 */
export async function importFiles(
  services: Services,
  files: readonly InputFile[],
  options: ImportOptions,
): Promise<LoadReport> {
  const tenants = await services.tenants.list();
  const owners: Ownership =
    options.tenant === undefined
      ? {
          kind: "accounts",
          claims: tenants.flatMap((t) => t.accounts.map((account) => ({ account, tenant: t.id }))),
        }
      : { kind: "tenant", tenant: (await getTenant(services, options.tenant)).id };
  const zones = Object.fromEntries([[UNASSIGNED, "UTC"], ...tenants.map((t) => [t.id, t.zone] as const)]);
  const { readable, dispose } = await makeReadable(services, files);
  try {
    const plan = await planImport(readable, options.format ?? "auto");
    if (plan.mapping === undefined) return nothingLoaded(files, options);
    const { signal, onProgress } = options;
    const report = await services.metrics.load(
      {
        kind: "tables",
        mapping: plan.mapping,
        files: plan.files,
        owners,
        zones,
        loadedAt: services.clock.now().toISOString(),
        dryRun: options.dryRun === true,
      },
      { ...(signal !== undefined && { signal }), ...(onProgress !== undefined && { onProgress }) },
    );
    return { ...report, totals: report.totals.map(shortNames) };
  } finally {
    await dispose();
  }
}

/** Totals under the names people reconcile by: `billed` for billed_cost. */
function shortNames(totals: CurrencyTotals): CurrencyTotals {
  const rename = (values: CurrencyTotals["source"]): CurrencyTotals["source"] =>
    Object.fromEntries(
      Object.entries(values).map(([measure, value]) => [measure.replace(/_cost$/, ""), value]),
    );
  return { currency: totals.currency, source: rename(totals.source), loaded: rename(totals.loaded) };
}

/** What can be read only once is kept aside, since a file is looked at before it is loaded. */
async function makeReadable(
  services: Services,
  files: readonly InputFile[],
): Promise<{ readable: InputFile[]; dispose: () => Promise<void> }> {
  const spooled: SpooledFile[] = [];
  const dispose = async (): Promise<void> => {
    for (const file of spooled) await file.dispose();
  };
  try {
    const readable: InputFile[] = [];
    for (const file of files) {
      if (file.path !== undefined) readable.push(file);
      else {
        const kept = await services.spool.store(file.name, file.open());
        spooled.push(kept);
        readable.push(kept);
      }
    }
    return { readable, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Files without a single row name no partition, so there is nothing they could replace. */
function nothingLoaded(files: readonly InputFile[], options: ImportOptions): LoadReport {
  return {
    dataset: "cost",
    format: options.format ?? "auto",
    version: "",
    files: files.map((file) => file.name),
    rowsRead: 0,
    rowsAccepted: 0,
    rowsRejected: 0,
    rejections: [],
    totals: [],
    partitions: [],
    unassigned: [],
    warnings: ["The files are empty: they name no billing period, so nothing was replaced."],
    dryRun: options.dryRun === true,
  };
}
