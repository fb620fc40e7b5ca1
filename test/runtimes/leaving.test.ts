import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Database } from "../../src/adapters/embedded/database.ts";
import { ResultStream } from "../../src/adapters/embedded/result-stream.ts";
import { createApp } from "../../src/http/app.ts";
import { silentLogger } from "../../src/http/logger.ts";
import type { MetricStore, Snapshot } from "../../src/ports/metric-store.ts";
import { type EmbeddedRuntime, openEmbedded } from "../../src/runtimes/embedded.ts";
import { analyst, seed, SEPTEMBER } from "./seed.ts";
import { ask, type HttpTarget, tokenFor } from "./target.ts";

const SECRET = "a secret for the tests, over 32 bytes";
/** Keeps the engine busy for hours. */
const ENDLESS =
  "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE (a.range * b.range) % 7 = 3";
const QUERY = { dataset: "cost", range: SEPTEMBER, groupBy: ["service"] };
const DEFINITION = {
  title: "T",
  description: "",
  range: SEPTEMBER,
  sections: [{ kind: "table", id: "t", title: "T", detail: true, query: { dataset: "cost" } }],
};

describe("a client that leaves a server", () => {
  let directory: string;
  let runtime: EmbeddedRuntime;
  let engine: Database;
  let server: Server;
  let target: HttpTarget;
  /** How the engine's statements ended, once a question is asked that keeps it busy. */
  let busy: { begun: () => void; ended: Promise<unknown>[] } | undefined;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "securebase-leaving-"));
    runtime = await openEmbedded({
      directory,
      env: { SECUREBASE_JWT_SECRET: SECRET },
      logger: silentLogger,
    });
    engine = await Database.open(join(directory, "busy"), { threads: 2 });
    const { metrics } = runtime.services;
    /** The store as it is, or with every question one that the engine is busy with for hours. */
    const slow: MetricStore = {
      ...metrics,
      forTenant: (tenant) => ({
        async snapshot(dataset): Promise<Snapshot> {
          const snapshot = await metrics.forTenant(tenant).snapshot(dataset);
          const { version, asOf, extent } = snapshot;
          return {
            ...{ version, asOf, extent },
            loads: (signal) => snapshot.loads(signal),
            async aggregate(plan, signal) {
              if (busy === undefined) return snapshot.aggregate(plan, signal);
              const counting = ResultStream.open(engine, ENDLESS, [], { signal }).then((found) =>
                found.peek(),
              );
              busy.ended.push(counting.catch((reason: unknown) => reason));
              busy.begun();
              await counting;
              throw new Error("unreachable: the engine came to an end");
            },
          };
        },
      }),
    };
    const secret = new TextEncoder().encode(SECRET);
    const app = createApp({ services: { ...runtime.services, metrics: slow }, auth: { secret } });
    server = createAdaptorServer({ fetch: app.fetch }) as Server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    target = {
      fetch: (request) => fetch(request),
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      secret,
      close: () => Promise.resolve(),
    };
    await seed(target);
  });
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    engine.close();
    await runtime.close();
    await rm(directory, { recursive: true, force: true });
  });

  it.each<[line: string, body: unknown]>([
    ["POST /v1/analytics/query", QUERY],
    [`GET /v1/analytics/costs?${new URLSearchParams(SEPTEMBER).toString()}`, undefined],
    ["POST /v1/reports/preview", { definition: DEFINITION }],
    ["POST /v1/analytics/export", { format: "csv", definition: DEFINITION }],
  ])("ends the engine's work on %s", async (line, body) => {
    const [method = "", path = ""] = line.split(" ");
    const headers = {
      authorization: `Bearer ${await tokenFor(target, analyst("alpha"))}`,
      "content-type": "application/json",
    };
    const ended: Promise<unknown>[] = [];
    const begun = new Promise<void>((resolve) => (busy = { begun: resolve, ended }));
    const client = new AbortController();
    const init: RequestInit = { method, headers, signal: client.signal };
    const leaving = fetch(
      target.baseUrl + path,
      body === undefined ? init : { ...init, body: JSON.stringify(body) },
    );
    await begun;
    client.abort();
    await expect(leaving).rejects.toThrow();
    // Were one of them not interrupted, this would wait for it.
    expect((await Promise.all(ended)).length).toBeGreaterThan(0);
    busy = undefined;
    expect(
      (await ask(target, "POST /v1/analytics/query", { as: analyst("alpha"), body: QUERY })).status,
    ).toBe(200);
  });
});
