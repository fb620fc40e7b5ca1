import type { AuditEvent } from "../../core/audit/entry.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { InputFile } from "../../ports/load.ts";
import { appendAudit } from "../audit/log.ts";
import type { Services } from "../services.ts";
import { importFiles, type ImportOptions } from "./import-files.ts";
import type { ImportReport } from "./report.ts";

/**
 * Imports files for somebody who sits at the machine, without a job, and writes that down.
 * @throws DomainError those of `importFiles`
 */
export async function importDirectly(
  services: Services,
  files: readonly InputFile[],
  options: ImportOptions,
): Promise<ImportReport> {
  const { tenant, format, dryRun, snapshot } = options;
  const event: AuditEvent = {
    action: "import.end",
    outcome: "done",
    actor: { subject: "cli", role: "operator" },
    from: { ip: null, agent: "cli" },
    operation: null,
    object: null,
    asked: { files: files.map(({ name }) => name), tenant, format, dryRun, snapshot },
    changes: [],
    problem: null,
    requestId: null,
  };
  let report: ImportReport;
  try {
    report = await importFiles(services, files, options);
  } catch (error) {
    const problem = error instanceof DomainError ? error.code : "service.internal";
    // What the import failed with says more than a log that cannot be written.
    await appendAudit(services, null, { ...event, outcome: "failed", problem }).catch(() => undefined);
    throw error;
  }
  for (const log of tenant === undefined ? [null] : [null, tenant]) await appendAudit(services, log, event);
  return report;
}
