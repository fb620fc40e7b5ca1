import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../src/http/logger.ts";
import { openEmbedded } from "../../src/runtimes/embedded.ts";
import { serve } from "../../src/runtimes/node.ts";
import { describeHttp } from "./http.case.ts";

const SECRET = "a secret for the tests, over 32 bytes";
const secret = new TextEncoder().encode(SECRET);

async function folder(): Promise<{ directory: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "securebase-http-"));
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

describeHttp("the app in this process", async () => {
  const { directory, remove } = await folder();
  const env = { SECUREBASE_JWT_SECRET: SECRET };
  const runtime = await openEmbedded({ directory, env, logger: silentLogger });
  const close = async (): Promise<void> => {
    await runtime.close();
    await remove();
  };
  return { fetch: runtime.fetch, baseUrl: "http://app.test", secret, hidden: directory, close };
});

describeHttp("the Node server", async () => {
  const { directory, remove } = await folder();
  const server = await serve({
    directory,
    env: { SECUREBASE_JWT_SECRET: SECRET },
    logger: silentLogger,
    port: 0,
    host: "127.0.0.1",
    demo: false,
    onProgress: () => undefined,
  });
  const close = async (): Promise<void> => {
    await server.close();
    await remove();
  };
  return { fetch: (request) => fetch(request), baseUrl: server.url, secret, hidden: directory, close };
});
