import { planFiles } from "../importers/registry/plan.ts";
import { openRecords } from "../importers/shared/open-records.ts";
import type { FileLoad, FileLoader, LoadedFiles } from "../ports/file-loader.ts";
import type { LoadOptions, MetricStore, TableStore } from "../ports/metric-store.ts";
import type { Spool } from "../ports/spool.ts";
import { withLocalFiles } from "./local-files.ts";

type Store = TableStore & Pick<MetricStore, "loadDelivery">;

/** Loads files, in this process, into a store that reads tables by itself. */
export function directFileLoader(store: Store, spool: Spool): FileLoader {
  return {
    load: (input, options = {}) =>
      withLocalFiles(spool, input.files, (files) => load(store, { ...input, files }, options)),
  };
}

async function load(store: Store, input: FileLoad, options: LoadOptions): Promise<LoadedFiles> {
  const plan = await planFiles(input.files, input.format);
  const { empty, remarks } = plan;
  switch (plan.kind) {
    case "empty":
      return { format: input.format, version: "", empty, remarks, records: undefined, reports: [] };
    case "tables": {
      const { mapping, files } = plan;
      const reports = [await store.loadTables({ ...input, mapping, files }, options)];
      const { format, version } = mapping;
      return { format, version, empty, remarks, records: undefined, reports };
    }
    case "records": {
      const { format, version, files } = plan;
      const { delivery, counts } = openRecords(format, { ...input, files, signal: options.signal });
      const reports = await store.loadDelivery(delivery, options);
      const records = { read: counts.read, rejected: counts.rejected };
      return { format: format.id, version, empty, remarks, records, reports };
    }
  }
}
