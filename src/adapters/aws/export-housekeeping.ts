import { EXPORTS } from "./export-files.ts";
import type { ObjectStore } from "./object-store.ts";

/** An upload this old belongs to a process that is gone. */
const ABANDONED_AFTER_MS = 24 * 3_600_000;

export interface ExportHousekeeping {
  /** Unfinished uploads of exports whose process ended before it could complete or abort them. */
  exportsAbandoned: number;
}

/** Aborts abandoned uploads: S3 keeps, and bills, their parts otherwise. */
export async function abandonExports(objects: ObjectStore, now: Date): Promise<ExportHousekeeping> {
  const before = new Date(now.getTime() - ABANDONED_AFTER_MS);
  const uploads = await objects.uploadsBefore(EXPORTS, before);
  for (const { key, id } of uploads) await objects.abortUpload(key, id);
  return { exportsAbandoned: uploads.length };
}
