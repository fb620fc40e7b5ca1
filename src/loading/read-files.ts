import { join } from "node:path";
import { stageDelivery } from "../duckdb/stage-delivery.ts";
import { planFiles } from "../importers/registry/plan.ts";
import { openRecords } from "../importers/shared/open-records.ts";
import { limitedFiles } from "../importers/shared/unpacking.ts";
import type { FileLoad, LoadedFiles } from "../ports/loader.ts";
import type { LoadOptions } from "../ports/metric-store.ts";
import type { StagedLoad } from "../ports/staged.ts";
import { readTables, type Workplace } from "./tables/read-tables.ts";

/** What files hold, ready for a store to take in. */
export interface ReadFiles extends Omit<LoadedFiles, "reports"> {
  /** Undefined when the files are empty. Its files lie in the folder that was given. */
  staged: StagedLoad | undefined;
}

/** Reads files of one load; see {@link readFiles}. */
export type FileReader = (input: FileLoad, folder: string, options: LoadOptions) => Promise<ReadFiles>;

/**
 * Finds out what files hold, reads and checks them, and stages their facts, assigned and sorted.
 * @throws DomainError `import.*`; the signal's reason when aborted
 */
export async function readFiles(
  workplace: Workplace,
  input: FileLoad,
  options: LoadOptions,
): Promise<ReadFiles> {
  const { limits } = input;
  const files = limits === undefined ? input.files : limitedFiles(input.files, limits);
  const most: LoadOptions = limits === undefined ? options : { ...options, maxRows: limits.rows };
  const plan = await planFiles(files, input.format);
  const { empty, remarks } = plan;
  switch (plan.kind) {
    case "empty":
      return { format: input.format, version: "", empty, remarks, records: undefined, staged: undefined };
    case "tables": {
      const { mapping, files } = plan;
      const staged = await readTables(workplace, { ...input, mapping, files }, most);
      const { format, version } = mapping;
      return { format, version, empty, remarks, records: undefined, staged };
    }
    case "records": {
      const { format, version, files } = plan;
      const { delivery, counts } = openRecords(format, { ...input, files, signal: options.signal });
      const { connect, folder } = workplace;
      const staged = await stageDelivery(connect, delivery, join(folder, "records"), most);
      const records = { read: counts.read, rejected: counts.rejected };
      return { format: format.id, version, empty, remarks, records, staged };
    }
  }
}
