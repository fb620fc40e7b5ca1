import { apiRole } from "./lambda/api.ts";
import { createHandler, handlerOptions, type LambdaHandler } from "./lambda/handler.ts";

/** Put in by the bundler. */
declare const SECUREBASE_VERSION: string | undefined;

/** The entry point that the configuration of the API's function names: `index.handler` in the package. */
export const handler: LambdaHandler = createHandler(
  handlerOptions(typeof SECUREBASE_VERSION === "string" ? SECUREBASE_VERSION : "0.0.0"),
  apiRole(),
);
