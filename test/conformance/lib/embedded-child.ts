/**
 * A process that opens a store and loads one generation of facts of two datasets together, telling each step on a line
 * of its own, so that a test may kill it at one of them. Arguments: folder, generation, facts (0: only opens it and waits).
 */
import { openEmbeddedStore } from "../../../src/adapters/embedded/store.ts";
import type { DeliveredFact } from "../../../src/ports/load.ts";
import { cost, deliver, inBatches } from "./facts.ts";

const [directory = "", generation = "0", count = "0"] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const store = await openEmbeddedStore(directory, { threads: 2 });
say("open");
if (count === "0") {
  setInterval(() => undefined, 1_000);
} else {
  const facts = Array.from({ length: Number(count) }, (_, i): DeliveredFact[] => {
    const day = `2024-${i % 2 === 0 ? "08" : "09"}-${String((i % 30) + 1).padStart(2, "0")}`;
    const charge = cost(day, { billed_cost: generation, resource_id: `resource-${i}` });
    const values = { check_id: generation, finding_id: `finding-${i}` };
    const finding = { tenant: "acme", source: "asff:1", period: "0", day: null, values };
    return [
      { ...charge, dataset: "cost" },
      { ...finding, dataset: "findings" },
    ];
  }).flat();
  await deliver(
    store.metrics,
    [],
    { facts: inBatches(facts, 2_000), datasets: ["cost", "findings"], dayOf: () => "2024-09-20" },
    {
      onProgress: ({ phase, rows }) => say(phase === "reading" ? `reading ${String(rows)}` : phase),
    },
  );
  say("done");
  store.close();
}
