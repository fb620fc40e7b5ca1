import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { engineLayer } from "../../src/cli/packaging/layers.ts";
import { type Packaged, packageFunction } from "../../src/cli/packaging/package.ts";
import { lambdaNode } from "../../tools/lambda-node.mjs";
import { TEST_CREDENTIALS, TEST_REGION } from "./dynamo-emulator.ts";
import {
  type FunctionOptions,
  type LambdaEmulator,
  type LambdaFunction,
  startLambda,
} from "./lambda-emulator.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";

export const FUNCTION_SECRET = "a secret for the tests, over 32 bytes";
export const API_FUNCTION = "securebase-test-report-engine";
export const WORKER_FUNCTION = "securebase-test-report-worker";

/** The packages, and the engine's layer as the folder that its zip is made from: deflating it takes seconds. */
export interface BuiltPackages extends Packaged {
  engineFolder: string;
  remove(): Promise<void>;
}

/** Builds the packages, once for a test file. */
export async function buildPackages(): Promise<BuiltPackages> {
  const folder = await mkdtemp(join(tmpdir(), "securebase-package-"));
  const packaged = await packageFunction(folder, "0.0.0-test");
  const engineFolder = join(folder, "engine");
  const { entries } = await engineLayer(process.arch === "arm64" ? "arm64" : "x64");
  for (const { name, bytes } of entries) {
    const path = join(engineFolder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof bytes === "function" ? await bytes() : bytes);
  }
  return { ...packaged, engineFolder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export interface RunningFunction {
  /** The API's function, and the Lambda it is in. */
  lambda: LambdaEmulator;
  worker: LambdaFunction;
  cloud: LocalCloud;
  close(): Promise<void>;
}

export interface RunOptions extends Partial<FunctionOptions> {
  /** What is different for the worker; its environment is the function's own, and this. */
  worker?: Partial<FunctionOptions>;
  envFrom?: (cloud: LocalCloud) => Record<string, string>;
}

/** The packaged functions, API and worker, in processes of their own on a local cloud. */
export async function runFunction(
  packaged: BuiltPackages,
  { worker = {}, envFrom, ...options }: RunOptions = {},
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
    ...options.env,
    ...envFrom?.(cloud),
  };
  const shared = {
    functionZip: packaged.function.path,
    node: lambdaNode(),
    // The address of the emulator itself is only known once it runs.
    envOf: (endpoint: string) => ({ AWS_ENDPOINT_URL_LAMBDA: endpoint }),
  };
  const lambda = await startLambda(
    {
      ...shared,
      layers: [packaged.layer.path],
      name: API_FUNCTION,
      ...options,
      env: { ...env, SECUREBASE_WORKER_FUNCTION: WORKER_FUNCTION },
    },
    {
      ...shared,
      layers: [packaged.layer.path, packaged.engineFolder],
      name: WORKER_FUNCTION,
      handler: "worker.handler",
      memoryMb: 1_769,
      timeoutMs: 900_000,
      retries: 0,
      ...worker,
      env: { ...env, ...worker.env },
    },
  );
  return {
    lambda,
    worker: lambda.function(WORKER_FUNCTION),
    cloud,
    async close() {
      await lambda.close();
      await cloud.close();
    },
  };
}
