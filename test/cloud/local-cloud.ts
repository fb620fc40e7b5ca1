import { type AwsConfig, resourceNames, type RetryPolicy } from "../../src/adapters/aws/config.ts";
import { type AwsStore, openAwsStore } from "../../src/adapters/aws/store.ts";
import type { Clock } from "../../src/ports/clock.ts";
import {
  createTables,
  type DynamoEmulator,
  startDynamo,
  TEST_CREDENTIALS,
  TEST_REGION,
} from "./dynamo-emulator.ts";
import type { FaultPlan } from "./faults.ts";
import { type S3Emulator, startS3 } from "./s3-emulator.ts";

/** Pauses are kept, but short: a test under faults takes thousands of them. */
export const QUICK_RETRY: Partial<RetryPolicy> = { attempts: 10, firstPause: 1, maxPause: 20 };

export interface LocalCloud {
  dynamo: DynamoEmulator;
  s3: S3Emulator;
  config: AwsConfig;
  setFaults(plan: FaultPlan | undefined): void;
  open(options?: { clock?: Clock; config?: Partial<AwsConfig> }): AwsStore;
  close(): Promise<void>;
}

/** The four tables and the bucket of an environment `test` in this process. */
export async function startLocalCloud(): Promise<LocalCloud> {
  const names = resourceNames("test", "000000000000");
  const dynamo = await startDynamo();
  const s3 = await startS3([names.bucket]);
  await createTables(dynamo.direct, names);
  const config: AwsConfig = {
    region: TEST_REGION,
    names,
    endpoint: dynamo.endpoint,
    s3Endpoint: s3.endpoint,
    credentials: TEST_CREDENTIALS,
    retry: QUICK_RETRY,
  };
  return {
    dynamo,
    s3,
    config,
    setFaults(plan) {
      dynamo.setFaults(plan);
      s3.setFaults(plan);
    },
    open: (options = {}) =>
      openAwsStore({ ...config, ...options.config }, options.clock ?? { now: () => new Date() }),
    async close() {
      await dynamo.close();
      await s3.close();
    },
  };
}
