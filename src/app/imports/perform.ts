import { LOAD_PHASES } from "../../core/jobs/load-phases.ts";
import { isLeftToOthers, type Job } from "../../core/jobs/job.ts";
import type { UploadFile } from "../../ports/uploads.ts";
import type { JobContext, Performed } from "../jobs/handler.ts";
import { type ImportChoices, importFiles } from "./import-files.ts";
import type { ImportReport } from "./report.ts";

/** What the job of an import needs to know. */
export interface ImportInput {
  /** Where the files are kept, and which. */
  upload: string;
  files: readonly UploadFile[];
  choices: ImportChoices;
}

/**
 * Loads what was uploaded. The upload is removed at the end, whatever became of it.
 * @throws DomainError those of `importFiles`, `upload.incomplete`; the signal's reason
 */
export async function performImport({ services, job, signal, report }: JobContext): Promise<Performed> {
  const { upload, files, choices } = job.input as ImportInput;
  const uploads = services.uploads.forOwner(job.tenant);
  try {
    const found = await uploads.files(upload, files);
    const result = await importFiles(services, found, {
      ...choices,
      signal,
      onProgress: ({ phase, fraction, rows }) =>
        report({ phase: LOAD_PHASES[phase], fraction: fraction ?? null, rows: rows ?? null }),
    });
    return { done: true, result };
  } finally {
    if (!isLeftToOthers(signal)) await uploads.remove(upload).catch(() => undefined);
  }
}

/** What an import job that is done has to say. */
export function reportOfImport(job: Job): ImportReport {
  return job.result as ImportReport;
}
