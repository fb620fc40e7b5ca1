import type { CalendarDate } from "../../core/time/dates.ts";
import type { InputFile } from "../../ports/load.ts";
import type { LoadOptions } from "../../ports/metric-store.ts";
import type { Services } from "../services.ts";
import { loadByOwners } from "../tenants/owners.ts";
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
 * @throws DomainError `tenant.not-found`; `import.*` when a file cannot be read or is of no known format, or when accounts
 *   keep changing hands meanwhile
 */
export async function importFiles(
  services: Services,
  files: readonly InputFile[],
  options: ImportOptions,
): Promise<ImportReport> {
  const dryRun = options.dryRun === true;
  const loaded = await loadByOwners(services, options.tenant, ({ owners, zones }) =>
    services.loader.load(
      {
        files,
        format: options.format ?? "auto",
        owners,
        zones,
        snapshot: options.snapshot,
        loadedAt: services.clock.now().toISOString(),
        dryRun,
      },
      options,
    ),
  );
  const { format, version, empty, remarks, records, reports } = loaded;
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
