import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../src/http/app.ts";
import { silentLogger } from "../../src/http/logger.ts";
import { type EmbeddedRuntime, openEmbedded } from "../../src/runtimes/embedded.ts";
import { cost, inBatches, load } from "../conformance/lib/facts.ts";
import { UNLIMITED } from "../support/unlimited.ts";
import { admin, analyst, OPERATOR, SEPTEMBER } from "./seed.ts";
import { ask, type HttpTarget, type Reply } from "./target.ts";

const SECRET = "a secret for the tests, over 32 bytes";
const FACTS = 4_000;

/** Questions that nobody has asked before, of all facts of a tenant. */
const definition = (name: string, tables: number) => ({
  title: name,
  description: "",
  range: SEPTEMBER,
  sections: Array.from({ length: tables }, (_, i) => ({
    kind: "table",
    id: `t${i}`,
    title: "T",
    detail: i === 0,
    query: {
      dataset: "cost",
      groupBy: ["resource"],
      filters: [{ field: "service", op: "not", value: `${name} ${i}` }],
    },
  })),
});

describe("a tenant beside one that asks for all it can", () => {
  let directory: string;
  let runtime: EmbeddedRuntime;
  let target: HttpTarget;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "securebase-neighbours-"));
    runtime = await openEmbedded({ directory, env: { SECUREBASE_JWT_SECRET: SECRET }, logger: silentLogger });
    const secret = new TextEncoder().encode(SECRET);
    // What the budgets leave is to be enough to hurt.
    const app = createApp({ services: { ...runtime.services, limiter: UNLIMITED }, auth: { secret } });
    target = {
      fetch: async (request) => app.fetch(request),
      baseUrl: "http://app.test",
      secret,
      close: () => Promise.resolve(),
    };
    for (const id of ["alpha", "beta"])
      await ask(target, "POST /v1/tenants", { as: OPERATOR, body: { id, name: id } });
    for (const tenant of ["alpha", "beta"]) {
      const facts = Array.from({ length: FACTS }, (_, i) =>
        cost(
          `2024-09-${String((i % 30) + 1).padStart(2, "0")}`,
          { billed_cost: "0.25", resource_id: `${tenant}-${i}`, service_name: `S${i % 10}` },
          { tenant },
        ),
      );
      await load(runtime.services.metrics, [], { records: inBatches(facts, 5_000) });
    }
  });
  afterAll(async () => {
    await runtime.close();
    await rm(directory, { recursive: true, force: true });
  });

  it("keeps its budget when that one has used up its own", async () => {
    const limited: HttpTarget = { ...target, fetch: runtime.fetch };
    const preview = (name: string, tenant: string, tables: number): Promise<Reply> =>
      ask(limited, "POST /v1/reports/preview", {
        as: analyst(tenant),
        body: { definition: definition(name, tables) },
      });
    // Each asks something else, so that none is remembered.
    const replies = await Promise.all(["a", "b", "c", "d", "e"].map((name) => preview(name, "alpha", 40)));
    const refused = replies.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    for (const { headers, json } of refused) {
      expect((json as { code: string }).code).toBe("request.too-many");
      expect(headers.get("retry-after")).toBe("1");
    }
    expect((await preview("f", "beta", 40)).status).toBe(200);
  });

  it("has its dashboards answered, whole and right, and nobody gets another failure than to come back later", async () => {
    const as = analyst("alpha");
    const exports = Array.from({ length: 96 }, (_, i) =>
      ask(target, "POST /v1/analytics/export", {
        as,
        body: { format: "csv", delivery: "job", definition: definition(`export ${i}`, 3) },
      }),
    );
    const previews = Array.from({ length: 3 }, (_, i) =>
      ask(target, "POST /v1/reports/preview", { as, body: { definition: definition(`preview ${i}`, 20) } }),
    );
    const dashboards: Reply[] = [];
    for (let i = 0; i < 5; i++)
      dashboards.push(
        await ask(target, `GET /v1/analytics/costs?top=${i + 1}`, { as: admin("beta"), query: SEPTEMBER }),
      );
    for (const { status, json } of dashboards) {
      expect(status).toBe(200);
      const { totals, problems } = json as { totals: { totals: { cells: string[] }[] }; problems: unknown[] };
      expect([totals.totals[0]?.cells[0], problems]).toEqual([String(FACTS / 4), []]);
    }
    const replies = await Promise.all([...exports, ...previews]);
    for (const { status, headers } of replies) {
      expect([200, 202, 503]).toContain(status);
      if (status === 503) expect(headers.get("retry-after")).toBe("2");
    }
    expect(replies.filter(({ status }) => status === 202).length).toBeGreaterThan(0);
  });
});
