import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LocalJobs } from "../../src/app/jobs/local-runner.ts";
import { createApp } from "../../src/http/app.ts";
import { silentLogger } from "../../src/http/logger.ts";
import { type EmbeddedRuntime, openEmbedded } from "../../src/runtimes/embedded.ts";
import { CHARGES, focusCsv, OPERATOR } from "./seed.ts";
import { ask, type HttpTarget } from "./target.ts";

const SECRET = "a secret for the tests, over 32 bytes";

describe("a claim that takes longer than an answer", () => {
  let directory: string;
  let runtime: EmbeddedRuntime;
  let target: HttpTarget;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "securebase-claims-"));
    const env = { SECUREBASE_JWT_SECRET: SECRET };
    runtime = await openEmbedded({ directory, env, logger: silentLogger });
    // Begins jobs and never ends them.
    const jobs = new LocalJobs(() => new Promise(() => undefined));
    const secret = new TextEncoder().encode(SECRET);
    const app = createApp({
      services: { ...runtime.services, jobs },
      auth: { secret, keys: undefined, issuer: undefined, audience: undefined },
      logger: silentLogger,
    });
    target = {
      fetch: async (request) => app.fetch(request),
      baseUrl: "http://claims.test",
      secret,
      close: () => Promise.resolve(),
    };
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await runtime.close();
    await rm(directory, { recursive: true, force: true });
  });

  it("is answered with its job, which the next process finishes", async () => {
    await runtime.importFiles(
      [
        {
          name: "bill.csv",
          // eslint-disable-next-line @typescript-eslint/require-await -- the port takes a stream, and this is here already
          async *open() {
            yield new TextEncoder().encode(focusCsv(CHARGES));
          },
        },
      ],
      {},
    );
    let seconds = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (seconds += 20) * 1_000);
    const body = { id: "acme", name: "Acme", accounts: ["000000000001"] };
    const reply = await ask(target, "POST /v1/tenants", { as: OPERATOR, body });
    vi.restoreAllMocks();
    const job = reply.json as { id: string };
    expect([reply.status, reply.headers.get("location"), reply.headers.get("retry-after")]).toEqual([
      ...[202, `/v1/jobs/${job.id}`, "2"],
    ]);
    expect(job).toMatchObject({
      kind: "claim",
      status: "queued",
      title: "Move the facts of 1 account of acme",
    });
    // The registry is changed already.
    const tenant = await ask(target, "GET /v1/tenants/acme", { as: OPERATOR });
    expect(tenant.json).toMatchObject({ accounts: ["000000000001"] });
    const refused = await ask(target, `DELETE /v1/jobs/${job.id}`, { as: OPERATOR });
    expect(refused).toMatchObject({ status: 409, json: { code: "job.not-cancellable" } });
    await runtime.finishClaims();
    const ended = await ask(target, `GET /v1/jobs/${job.id}`, { as: OPERATOR });
    expect(ended.json).toMatchObject({ status: "done", result: { moved: 3, superseded: 0, kept: 0 } });
  });
});
