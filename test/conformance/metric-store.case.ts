import { afterAll, beforeAll, describe } from "vitest";
import type { MetricStore } from "../../src/ports/metric-store.ts";
import type { Fresh } from "./lib/fresh.ts";
import { factAnswerCases } from "./metric-store/answers.case.ts";
import { comparisonCases } from "./metric-store/comparison.case.ts";
import { deliveryCases } from "./metric-store/deliveries.case.ts";
import { gaugeCases } from "./metric-store/gauges.case.ts";
import { loadCases } from "./metric-store/loads.case.ts";
import { ownerCases } from "./metric-store/owners.case.ts";
import { randomPlanCases } from "./metric-store/random-plans.case.ts";
import { removalCases } from "./metric-store/removals.case.ts";
import { snapshotCases } from "./metric-store/snapshots.case.ts";
import { streamCases } from "./metric-store/streams.case.ts";

/** What backends differ in on purpose; each with its reason. */
export interface MetricStoreTraits {
  /** Facts of the largest group-by; a remote backend may say fewer. */
  manyGroups?: number;
  /** Random plans to try. */
  randomRuns?: number;
}

/**
 * What every metric store must do, told through the port alone.
 * @param create makes an empty store; called once for each group of tests, which keep apart by tenant
 */
export function metricStoreCases(
  name: string,
  create: () => Promise<Fresh<MetricStore>>,
  traits: MetricStoreTraits = {},
): void {
  describe(`metric store: ${name}`, () => {
    const suites = [
      loadCases,
      ownerCases,
      deliveryCases,
      removalCases,
      snapshotCases,
      factAnswerCases,
      comparisonCases,
      gaugeCases,
      (store: () => MetricStore) => streamCases(store, traits.manyGroups ?? 30_000),
      (store: () => MetricStore) => randomPlanCases(store, traits.randomRuns ?? 150),
    ];
    for (const suite of suites) {
      describe("", () => {
        let fresh: Fresh<MetricStore>;
        beforeAll(async () => {
          fresh = await create();
        });
        afterAll(async () => {
          await fresh.close();
        });
        suite(() => fresh.store);
      });
    }
  });
}
