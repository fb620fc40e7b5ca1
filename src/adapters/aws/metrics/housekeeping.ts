import { DATASET_IDS } from "../../../core/metrics/datasets.ts";
import { registeredTenants } from "./commit.ts";
import { abandonLoad, listIntents } from "./garbage.ts";
import { clearGarbage, type LoadStore } from "./load-store.ts";
import { readManifest } from "./manifest.ts";

/** A load that has not ended after this long has died: far longer than a function or an import may run. */
const DEAD_AFTER_MS = 6 * 3_600_000;

export interface Housekeeping {
  tenants: number;
  /** Replaced partitions whose blocks had not been let expire yet. */
  segmentsCleared: number;
  /** Loads that died midway and whose blocks now expire. */
  loadsAbandoned: number;
}

/** Finishes what loads left undone: lets replaced blocks expire, and those of loads that died. */
export async function housekeep(store: LoadStore): Promise<Housekeeping> {
  const { dynamo, table, now } = store;
  const tenants = await registeredTenants(dynamo, table);
  const done: Housekeeping = { tenants: tenants.length, segmentsCleared: 0, loadsAbandoned: 0 };
  for (const tenant of tenants) {
    for (const dataset of DATASET_IDS) {
      const target = { dynamo, table, dataset };
      const manifest = await readManifest(dynamo, table, tenant, dataset);
      await clearGarbage(store, target, tenant, manifest.garbage);
      done.segmentsCleared += manifest.garbage.length;
      for (const intent of await listIntents(target, tenant)) {
        if (now().getTime() - Date.parse(intent.since) < DEAD_AFTER_MS) continue;
        const ended = await abandonLoad(target, tenant, intent.loadKey, now());
        if (ended === "abandoned") done.loadsAbandoned += 1;
      }
    }
  }
  return done;
}
