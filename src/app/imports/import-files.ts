import { UNASSIGNED } from "../../core/tenants/tenant.ts";
import type { CalendarDate } from "../../core/time/dates.ts";
import type { InputFile, Ownership, TenantZones } from "../../ports/load.ts";
import type { LoadOptions } from "../../ports/metric-store.ts";
import type { Services } from "../services.ts";
import { getTenant, listTenants } from "../tenants/tenants.ts";
import { type ImportReport, importReport } from "./report.ts";
import { secondSourceWarnings } from "./second-sources.ts";

/** How to import; survives JSON. */
export interface ImportChoices {
  /** Everything goes to this tenant; without it, to whoever claims a fact's account. */
  tenant?: string;
  /** One of the registry's formats; `auto` when not given. */
  format?: string;
  /** Read, check and sum, and change nothing. */
  dryRun?: boolean;
  /** The day findings are a snapshot of; the day of the newest observation when not given. */
  snapshot?: CalendarDate;
}

export type ImportOptions = ImportChoices & LoadOptions;

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
  const dryRun = options.dryRun === true;
  const { format, version, empty, remarks, records, reports } = await services.loader.load(
    {
      files,
      format: options.format ?? "auto",
      ...(await targetOf(services, options.tenant)),
      snapshot: options.snapshot,
      loadedAt: services.clock.now().toISOString(),
      dryRun,
    },
    options,
  );
  // Findings are snapshots: two of one account differ by their sources.
  const bills = reports.filter((report) => report.dataset === "cost");
  const twice = await secondSourceWarnings(
    services,
    bills.flatMap(({ partitions }) => partitions),
    dryRun,
  );
  const about = { files, format, version, empty, remarks, dryRun };
  return importReport(
    { ...about, ...(records !== undefined && { records }) },
    reports.map((report) =>
      bills.includes(report) ? { ...report, warnings: [...report.warnings, ...twice] } : report,
    ),
  );
}

/** Whose the facts are, and the zones their days are counted in. */
async function targetOf(
  services: Services,
  tenant: string | undefined,
): Promise<{ owners: Ownership; zones: TenantZones }> {
  const tenants = await listTenants(services);
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
