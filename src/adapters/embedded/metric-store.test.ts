import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshStore } from "../../../test/conformance/lib/embedded.ts";
import { metricStoreCases } from "../../../test/conformance/metric-store.case.ts";
import { Database } from "./database.ts";
import { createMetricStore } from "./metric-store.ts";

metricStoreCases("embedded", () => freshStore((store) => store.metrics));

// Small answers are finished outside of the engine; this way the suite's small facts go all the way through it.
metricStoreCases("embedded, finished by the engine", async () => {
  const directory = mkdtempSync(join(tmpdir(), "securebase-test-"));
  const database = await Database.open(directory, { threads: 2 });
  return {
    store: createMetricStore(database, { smallGroups: 0 }),
    close() {
      database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
