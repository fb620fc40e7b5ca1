import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AwsStore } from "../../src/adapters/aws/store.ts";
import { createApp } from "../../src/http/app.ts";
import { cost } from "../conformance/lib/facts.ts";
import { analyst } from "../runtimes/seed.ts";
import { ask, type HttpTarget, type Reply } from "../runtimes/target.ts";
import { type TestTenant, testTenant } from "../support/tenant-context.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";

const SERVICES = 40;
const QUERY = {
  dataset: "cost",
  range: { from: "2024-09-01", to: "2024-10-01" },
  measures: ["billed_cost"],
};
const DEFINITION = {
  title: "By region",
  description: "",
  range: QUERY.range,
  sections: [
    { kind: "table", id: "all", title: "All", detail: true, query: { dataset: "cost", groupBy: ["region"] } },
    { kind: "table", id: "more", title: "Services", query: { dataset: "cost", groupBy: ["service"] } },
  ],
};

/** A function whose memory holds 30 groups. */
describe("a question with more groups than fit into memory", () => {
  let cloud: LocalCloud;
  let store: AwsStore;
  let tenant: TestTenant;
  let target: HttpTarget;

  beforeAll(async () => {
    cloud = await startLocalCloud();
    store = cloud.open({ config: { groupLimit: { most: 30, fix: "Ask for fewer." } } });
    tenant = await testTenant({}, () => new Date("2024-12-31T12:00:00Z"), store.metrics);
    const facts = Array.from({ length: SERVICES }, (_, i) =>
      cost(`2024-09-${String((i % 30) + 1).padStart(2, "0")}`, {
        service_name: `Service ${i}`,
        billed_cost: "1",
      }),
    );
    await tenant.load("cost", facts);
    const secret = new TextEncoder().encode("a secret for the tests, over 32 bytes");
    const { services } = tenant.context;
    // Its jobs are carried out by somebody else.
    const jobs = { ...services.jobs, dispatch: () => Promise.resolve() };
    const app = createApp({ services: { ...services, jobs }, auth: { secret } });
    target = {
      fetch: async (request) => app.fetch(request),
      baseUrl: "http://app.test",
      secret,
      close: () => Promise.resolve(),
    };
  });
  afterAll(async () => {
    await tenant.close();
    await store.close();
    await cloud.close();
  });

  const post = (route: string, body: object): Promise<Reply> =>
    ask(target, `POST /v1/analytics/${route}`, { as: analyst("acme"), body });

  it("is refused with how many it may have, and answered where they fit", async () => {
    const refused = await post("query", { ...QUERY, groupBy: ["service"], limit: 5 });
    expect([refused.status, refused.json]).toMatchObject([
      413,
      { code: "query.too-many-groups", fix: "Ask for fewer." },
    ]);
    expect((refused.json as { detail: string }).detail).toContain("30 groups");
    const answered = await post("query", { ...QUERY, groupBy: ["day"] });
    expect([answered.status, answered.json]).toMatchObject([200, { completeness: { rows: 30 } }]);
  });

  it.each([
    ["in its dataset", { query: { ...QUERY, groupBy: ["service"] } }],
    ["in a table beside it", { definition: DEFINITION }],
  ])("becomes a job when it is exported with so many %s", async (_where, what) => {
    const started = await post("export", { ...what, format: "csv" });
    expect([started.status, started.json]).toMatchObject([202, { status: "pending", rowsTotal: null }]);
  });

  it("is exported at once where they fit", async () => {
    const exported = await post("export", { query: { ...QUERY, groupBy: ["day"] }, format: "csv" });
    expect(exported.status).toBe(200);
  });
});
