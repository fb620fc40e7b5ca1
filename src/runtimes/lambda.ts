import { createHandler, type LambdaHandler } from "./lambda/handler.ts";

/** Put in by the bundler. */
declare const SECUREBASE_VERSION: string | undefined;

/** The entry point that the function's configuration names: `index.handler` in the package. */
export const handler: LambdaHandler = createHandler({
  env: process.env,
  version: typeof SECUREBASE_VERSION === "string" ? SECUREBASE_VERSION : "0.0.0",
  out: (line) => process.stdout.write(`${line}\n`),
  // The managed runtime ends the instance on one. It may come late, from a request that was answered long ago, when the
  // instance serves another: that one is not to fail for it. On exceptions that nobody caught, ending it is right.
  onLostRejection: (listener) => {
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", listener);
  },
});
