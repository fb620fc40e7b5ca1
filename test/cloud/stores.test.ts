import { auditCases } from "../conformance/audit.case.ts";
import { exportFilesCases } from "../conformance/export-files.case.ts";
import { listCases } from "../conformance/lists.case.ts";
import { queryCacheCases } from "../conformance/query-cache.case.ts";
import { recordCases } from "../conformance/records.case.ts";
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

listCases("DynamoDB", (clock) => fresh((store) => store.records, clock));
auditCases("DynamoDB", () => fresh((store) => store.records));
recordCases("DynamoDB", (clock) => fresh((store) => store.records, clock));
exportFilesCases("S3", () =>
  fresh((store) => store.exportFiles, { now: () => new Date("2024-10-02T00:00:00Z") }),
);
queryCacheCases("DynamoDB", (clock) => fresh((store) => store.cache, clock));
