import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ImportLimits } from "../core/limits/limits.ts";
import { translateEngineError } from "../duckdb/engine-errors.ts";
import { stageDelivery } from "../duckdb/stage-delivery.ts";
import type { Connect } from "../duckdb/staging.ts";
import type { DeliveryLoad, LoadReport, RecordLoad } from "../ports/load.ts";
import type { Loader } from "../ports/loader.ts";
import type { LoadOptions, MetricStore } from "../ports/metric-store.ts";
import type { Spool } from "../ports/spool.ts";
import type { StagedLoad } from "../ports/staged.ts";
import type { Engine } from "./engine.ts";
import { checkRoom } from "./limits.ts";
import { withLocalFiles } from "./local-files.ts";
import type { FileReader } from "./read-files.ts";
import { storeStaged } from "./store-staged.ts";

export interface LoaderOptions {
  store: MetricStore;
  /** Reads and stages files, in this process or in another one. */
  read: FileReader;
  /** Gives the engine of this process that stages facts that come one by one, and reads staged files. */
  engine: (folder: string) => Engine;
  spool: Spool;
  /** Where staged facts lie between reading and storing, each load's in a folder of its own. */
  folder: string;
  newName: () => string;
  /** What an import may take; none when not given. */
  limits?: ImportLimits;
}

/** Loads whatever comes into a store: staged first, then stored; see `Loader`. */
export function createLoader(options: LoaderOptions): Loader {
  const { store, read, spool, limits } = options;

  async function intoStore(
    staged: StagedLoad,
    connect: Connect,
    loadOptions: LoadOptions,
  ): Promise<LoadReport[]> {
    if (limits !== undefined) await checkRoom(store, staged, limits);
    return storeStaged(store, staged, connect, loadOptions);
  }

  async function inFolder<T>(task: (folder: string, connect: Connect) => Promise<T>): Promise<T> {
    const folder = join(options.folder, options.newName());
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const engine = options.engine(folder);
    try {
      return await task(folder, engine.connect);
    } catch (error) {
      throw translateEngineError(error);
    } finally {
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    }
  }

  function loadDelivery(delivery: DeliveryLoad, loadOptions: LoadOptions = {}): Promise<LoadReport[]> {
    return inFolder(async (folder, connect) => {
      const most = limits === undefined ? loadOptions : { ...loadOptions, maxRows: limits.rows };
      const staged = await stageDelivery(connect, delivery, join(folder, "records"), most);
      return intoStore(staged, connect, loadOptions);
    });
  }

  return {
    load: (input, loadOptions = {}) =>
      inFolder((folder, connect) =>
        withLocalFiles(spool, input.files, async (files) => {
          const limited = limits === undefined ? { ...input, files } : { limits, ...input, files };
          const { staged, ...found } = await read(limited, folder, loadOptions);
          const reports = staged === undefined ? [] : await intoStore(staged, connect, loadOptions);
          return { ...found, reports };
        }),
      ),
    loadDelivery,
    async loadRecords(input, loadOptions = {}) {
      const [report] = await loadDelivery(deliveryOf(input), loadOptions);
      if (report === undefined) throw new Error(`a load of ${input.dataset} has no report`);
      return report;
    },
  };
}

/** A load of records as what it is: a delivery of one dataset, whose days and partitions are all known. */
function deliveryOf({ dataset, records, partitions, rejections, ...load }: RecordLoad): DeliveryLoad {
  async function* facts(): DeliveryLoad["facts"] {
    for await (const batch of records) yield batch.map((fact) => ({ ...fact, dataset }));
  }
  return {
    ...load,
    facts: facts(),
    end: () => ({
      datasets: [dataset],
      dayOf: (_, period) => period,
      partitions: partitions.map((partition) => ({ ...partition, dataset })),
      rejections,
    }),
  };
}
