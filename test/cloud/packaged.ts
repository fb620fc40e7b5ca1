import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Packaged, packageFunction } from "../../src/cli/cloud/package.ts";
import { lambdaNode } from "../../tools/lambda-node.mjs";
import { TEST_CREDENTIALS, TEST_REGION } from "./dynamo-emulator.ts";
import { type FunctionOptions, type LambdaEmulator, startLambda } from "./lambda-emulator.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";

export const FUNCTION_SECRET = "a secret for the tests, over 32 bytes";

/** The packages, built once for a test file. */
export async function buildPackages(): Promise<Packaged & { remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "securebase-package-"));
  const packaged = await packageFunction(folder, "0.0.0-test");
  return { ...packaged, remove: () => rm(folder, { recursive: true, force: true }) };
}

export interface RunningFunction {
  lambda: LambdaEmulator;
  cloud: LocalCloud;
  close(): Promise<void>;
}

/** The packaged function in a process of its own, on a local cloud. */
export async function runFunction(
  packaged: Packaged,
  options: Partial<FunctionOptions> & { envFrom?: (cloud: LocalCloud) => Record<string, string> } = {},
): Promise<RunningFunction> {
  const cloud = await startLocalCloud();
  const env: Record<string, string> = {
    AWS_REGION: TEST_REGION,
    AWS_ACCESS_KEY_ID: TEST_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: TEST_CREDENTIALS.secretAccessKey,
    SECUREBASE_ENV: "test",
    SECUREBASE_ACCOUNT: "000000000000",
    SECUREBASE_JWT_SECRET: FUNCTION_SECRET,
    AWS_ENDPOINT_URL_DYNAMODB: cloud.dynamo.endpoint,
    AWS_ENDPOINT_URL_S3: cloud.s3.endpoint,
  };
  const lambda = await startLambda({
    functionZip: packaged.function.path,
    layerZip: packaged.layer.path,
    node: lambdaNode(),
    name: "securebase-test-report-engine",
    ...options,
    env: { ...env, ...options.env, ...options.envFrom?.(cloud) },
    // The address of the emulator itself is only known once it runs.
    envOf: (endpoint) => ({ AWS_ENDPOINT_URL_LAMBDA: endpoint }),
  });
  return {
    lambda,
    cloud,
    async close() {
      await lambda.close();
      await cloud.close();
    },
  };
}
