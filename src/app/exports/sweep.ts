import type { Services } from "../services.ts";
import { EXPORTS } from "../records/kinds.ts";
import { recordsOf } from "../records/records.ts";

/**
 * Removes files of exports that no record names: of exports that have expired, and what was left where a process died
 * between file and record. An export's record is there before its file is, so none that is being written is taken.
 * @returns how many
 */
export async function sweepExportFiles(
  services: Pick<Services, "exportFiles" | "records" | "ids">,
): Promise<number> {
  let removed = 0;
  // Files are looked at first: one that appears later is not in question.
  for (const [tenant, files] of await services.exportFiles.all()) {
    const records = await recordsOf({ services, tenant: { id: tenant } }, EXPORTS).all();
    const known = new Set(records.map(({ record }) => record.id));
    for (const id of files) {
      if (known.has(id)) continue;
      await services.exportFiles.forTenant(tenant).remove(id);
      removed += 1;
    }
  }
  return removed;
}
