/**
 * A process that opens a store and removes a snapshot of findings with its controls, telling each step on a line of its
 * own, so that a test may kill it at one of them. Argument: the folder.
 */
import { openEmbeddedStore } from "../../../src/adapters/embedded/store.ts";

const [directory = ""] = process.argv.slice(2);
const store = await openEmbeddedStore(directory, { threads: 2 });
process.stdout.write("removing\n");
await store.metrics.remove({
  ...{ tenant: "acme", datasets: ["findings", "controls"], source: "asff:1", dryRun: false },
});
process.stdout.write("done\n");
store.close();
