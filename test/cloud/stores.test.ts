import { budgetStoreCases } from "../conformance/budget-store.case.ts";
import { connectionStoreCases } from "../conformance/connection-store.case.ts";
import { exportLegsCases } from "../conformance/export-legs.case.ts";
import { exportStoreCases } from "../conformance/export-store.case.ts";
import { queryCacheCases } from "../conformance/query-cache.case.ts";
import { reportStoreCases } from "../conformance/report-store.case.ts";
import { tenantStoreCases } from "../conformance/tenant-store.case.ts";
import type { AwsStore } from "../../src/adapters/aws/store.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { startLocalCloud } from "./local-cloud.ts";

async function fresh<T>(
  pick: (store: AwsStore) => T,
  clock?: Clock,
): Promise<{ store: T; close: () => Promise<void> }> {
  const cloud = await startLocalCloud();
  const store = cloud.open(clock === undefined ? {} : { clock });
  return {
    store: pick(store),
    async close() {
      await store.close();
      await cloud.close();
    },
  };
}

reportStoreCases("DynamoDB", () => fresh((store) => store.reports));
budgetStoreCases("DynamoDB", () => fresh((store) => store.budgets));
tenantStoreCases("DynamoDB", () => fresh((store) => store.tenants));
exportStoreCases("DynamoDB and S3", () =>
  fresh((store) => store.exports, { now: () => new Date("2024-10-02T00:00:00Z") }),
);
exportLegsCases("DynamoDB and S3", () =>
  fresh((store) => store.exports, { now: () => new Date("2024-10-02T00:00:00Z") }),
);
queryCacheCases("DynamoDB", (clock) => fresh((store) => store.cache, clock));
connectionStoreCases("DynamoDB", () => fresh((store) => store.connections));
