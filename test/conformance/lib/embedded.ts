import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type EmbeddedOptions,
  type EmbeddedStore,
  openEmbeddedStore,
} from "../../../src/adapters/embedded/store.ts";
import type { Fresh } from "./fresh.ts";

/** An empty embedded store in a folder of its own, gone when closed. */
export async function freshStore<T>(
  pick: (store: EmbeddedStore) => T,
  options: EmbeddedOptions = {},
): Promise<Fresh<T>> {
  const directory = mkdtempSync(join(tmpdir(), "securebase-test-"));
  const store = await openEmbeddedStore(directory, { threads: 2, ...options });
  return {
    store: pick(store),
    close() {
      store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
