import { UNASSIGNED } from "../../core/tenants/tenant.ts";
import type { CalendarDate } from "../../core/time/dates.ts";
import { planFiles } from "../../importers/registry/plan.ts";
import { openRecords } from "../../importers/shared/open-records.ts";
import type { InputFile, Ownership, TenantZones } from "../../ports/load.ts";
import type { LoadOptions } from "../../ports/metric-store.ts";
import type { SpooledFile } from "../../ports/spool.ts";
import type { Services } from "../services.ts";
import { getTenant } from "../tenants/tenants.ts";
import { type ImportReport, importReport } from "./report.ts";
import { secondSourceWarnings } from "./second-sources.ts";

export interface ImportOptions extends LoadOptions {
  /** Everything goes to this tenant; without it, to whoever claims a fact's account. */
  tenant?: string;
  /** One of the registry's formats; `auto` when not given. */
  format?: string;
  /** Read, check and sum, and change nothing. */
  dryRun?: boolean;
  /** The day findings are a snapshot of; the day of the newest observation when not given. */
  snapshot?: CalendarDate;
}

/**
 * Imports files of one format as one delivery: each partition they hold is replaced as a whole, or nothing changes.
 * Findings and the controls they stand for are two datasets of one load: readers see both or neither.
 * @throws DomainError `tenant.not-found`; `import.*` when a file cannot be read or is of no known format
 */
export async function importFiles(
  services: Services,
  files: readonly InputFile[],
  options: ImportOptions,
): Promise<ImportReport> {
  const target = await targetOf(services, options.tenant);
  const dryRun = options.dryRun === true;
  const { readable, dispose } = await makeReadable(services, files);
  try {
    const plan = await planFiles(readable, options.format);
    const loadedAt = services.clock.now().toISOString();
    const about = { files, empty: plan.empty, remarks: plan.remarks, dryRun };
    switch (plan.kind) {
      case "empty":
        return importReport({ ...about, format: options.format ?? "auto", version: "" }, []);
      case "tables": {
        const { mapping } = plan;
        const input = { kind: "tables" as const, mapping, files: plan.files, ...target, loadedAt, dryRun };
        const report = await services.metrics.load(input, loadOptions(options));
        const twice = await secondSourceWarnings(services, report.partitions, dryRun);
        return importReport({ ...about, format: mapping.format, version: mapping.version }, [
          { ...report, warnings: [...report.warnings, ...twice] },
        ]);
      }
      case "records": {
        const { format, version } = plan;
        const { delivery, counts } = openRecords(format, {
          files: plan.files,
          ...target,
          loadedAt,
          dryRun,
          ...(options.signal !== undefined && { signal: options.signal }),
          ...(options.snapshot !== undefined && { snapshot: options.snapshot }),
        });
        const reports = await services.metrics.loadDelivery(delivery, loadOptions(options));
        return importReport({ ...about, format: format.id, version, records: counts }, reports);
      }
    }
  } finally {
    await dispose();
  }
}

function loadOptions({ signal, onProgress }: ImportOptions): LoadOptions {
  return { ...(signal !== undefined && { signal }), ...(onProgress !== undefined && { onProgress }) };
}

/** Whose the facts are, and the zones their days are counted in. */
async function targetOf(
  services: Services,
  tenant: string | undefined,
): Promise<{ owners: Ownership; zones: TenantZones }> {
  const tenants = await services.tenants.list();
  const owners: Ownership =
    tenant === undefined
      ? {
          kind: "accounts",
          claims: tenants.flatMap((t) => t.accounts.map((account) => ({ account, tenant: t.id }))),
        }
      : { kind: "tenant", tenant: (await getTenant(services, tenant)).id };
  return {
    owners,
    zones: Object.fromEntries([[UNASSIGNED, "UTC"], ...tenants.map((t) => [t.id, t.zone] as const)]),
  };
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
