#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { processEffects } from "./effects.ts";
import { run } from "./program.ts";

// The SDK would say on every use that it will leave the Node.js that is supported here; dependencies are our concern.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const abort = new AbortController();
let stopping = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // The second time means now.
    if (stopping) process.exit(130);
    stopping = true;
    abort.abort(new DOMException(`stopped by ${signal}`, "AbortError"));
  });
}
// A reader such as `head` may leave early; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};
process.exitCode = await run(process.argv.slice(2), processEffects(abort.signal), version);
