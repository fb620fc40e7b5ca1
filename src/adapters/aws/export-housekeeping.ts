import { CHECKPOINTS, EXPORTS } from "./export-files.ts";
import type { ObjectStore } from "./object-store.ts";

/** An export that has not ended after this long has died: all its legs together may take some hours at most. */
const DEAD_AFTER_MS = 24 * 3_600_000;

export interface ExportHousekeeping {
  /** Unfinished files, or what was kept to go on with them, of exports that died. */
  exportsAbandoned: number;
}

/** Frees what exports have left behind whose process died, or was ended before it could. */
export async function abandonExports(objects: ObjectStore, now: Date): Promise<ExportHousekeeping> {
  const before = new Date(now.getTime() - DEAD_AFTER_MS);
  const uploads = await objects.uploadsBefore(EXPORTS, before);
  for (const { key, id } of uploads) await objects.abortUpload(key, id);
  const checkpoints = await objects.keysBefore(CHECKPOINTS, before);
  for (const key of checkpoints) await objects.remove(key);
  const named = [...uploads.map(({ key }) => key.slice(EXPORTS.length)), ...checkpoints.map(exportOf)];
  return { exportsAbandoned: new Set(named).size };
}

/** `checkpoints/acme/0192…/2` -> `acme/0192…` */
const exportOf = (checkpoint: string): string => checkpoint.split("/").slice(1, 3).join("/");
