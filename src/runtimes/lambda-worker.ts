import { createHandler, handlerOptions, type LambdaHandler } from "./lambda/handler.ts";
import { workerRole } from "./lambda/worker.ts";

/** Put in by the bundler. */
declare const SECUREBASE_VERSION: string | undefined;

/** The entry point that the configuration of the worker names: `worker.handler` in the package. */
export const handler: LambdaHandler = createHandler(
  handlerOptions(typeof SECUREBASE_VERSION === "string" ? SECUREBASE_VERSION : "0.0.0"),
  workerRole(),
);
