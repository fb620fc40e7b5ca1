import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AwsStore } from "../../src/adapters/aws/store.ts";
import type { DatasetId } from "../../src/core/metrics/datasets.ts";
import { createApp } from "../../src/http/app.ts";
import type { LoadedFact } from "../../src/ports/load.ts";
import { cost, finding, load } from "../conformance/lib/facts.ts";
import { ask, type HttpTarget, type Reply, tokenFor } from "../runtimes/target.ts";
import { viewer } from "../runtimes/seed.ts";
import { type TestTenant, testTenant } from "../support/tenant-context.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";

const YEAR = { from: "2024-01-01", to: "2024-12-31" };
const DAYS = Array.from({ length: 360 }, (_, i) =>
  new Date(Date.UTC(2024, 0, 1 + i)).toISOString().slice(0, 10),
);

const LAST_DAYS = DAYS.slice(-4);

/** What answers read of the metrics table. */
describe("the API on DynamoDB", () => {
  let cloud: LocalCloud;
  let store: AwsStore;
  let tenant: TestTenant;
  let target: HttpTarget;
  /** The datasets whose manifests were read. */
  let manifests: string[] = [];
  let blockReads = 0;
  let onBlockRead = (): void => undefined;

  beforeAll(async () => {
    cloud = await startLocalCloud();
    store = cloud.open();
    tenant = await testTenant({}, () => new Date("2024-12-31T12:00:00Z"));
    const secret = new TextEncoder().encode("a secret for the tests, over 32 bytes");
    const { services } = tenant.context;
    const app = createApp({ services: { ...services, metrics: store.metrics }, auth: { secret } });
    const on = (day: string, values: Record<string, string>): LoadedFact => finding(day, values);
    const facts: [DatasetId, LoadedFact[]][] = [
      ["cost", DAYS.map((day) => cost(day, { service_name: "S", billed_cost: "1", effective_cost: "1" }))],
      ["findings", LAST_DAYS.map((day) => on(day, { finding_id: "f", severity: "high", status: "open" }))],
      ["controls", LAST_DAYS.map((day) => on(day, { framework: "F", control_id: "C", status: "failed" }))],
      ["usage", LAST_DAYS.map((day) => on(day, { metric: "compute_hours", unit: "hours", quantity: "1" }))],
    ];
    for (const [dataset, each] of facts) await load(store.metrics, each, { dataset });
    target = {
      fetch: async (request) => app.fetch(request),
      baseUrl: "http://app.test",
      secret,
      close: () => Promise.resolve(),
    };
    store.dynamo.client.middlewareStack.add(
      (next, { commandName }) =>
        (args) => {
          const { Key } = args.input as { Key?: { sk?: { S?: string } } };
          const [kind, dataset] = Key?.sk?.S?.split("#") ?? [];
          if (commandName === "GetItemCommand" && kind === "manifest") manifests.push(dataset ?? "");
          if (commandName === "BatchGetItemCommand") {
            blockReads += 1;
            onBlockRead();
          }
          return next(args);
        },
      { step: "initialize", name: "count" },
    );
  });
  afterAll(async () => {
    await tenant.close();
    await store.close();
    await cloud.close();
  });
  beforeEach(() => {
    manifests = [];
    blockReads = 0;
    onBlockRead = () => undefined;
  });

  const get = (path: string, query: Record<string, string> = YEAR): Promise<Reply> =>
    ask(target, `GET /v1/analytics${path}`, { as: viewer("acme"), query });

  it.each<[path: string, datasets: DatasetId[]]>([
    ["/costs", ["cost"]],
    ["/costs/savings", ["cost"]],
    ["/security", ["findings"]],
    ["/compliance", ["controls"]],
    ["/usage", ["usage"]],
    ["/summary", ["controls", "cost", "findings", "usage"]],
  ])(
    "reads each manifest once for %s, and none of a dataset that is not asked about",
    async (path, datasets) => {
      const { status, json } = await get(path);
      expect([status, (json as { problems?: unknown[] }).problems ?? []]).toEqual([200, []]);
      expect([...manifests].sort()).toEqual(datasets);
      expect(blockReads).toBeGreaterThan(0);
    },
  );

  it("stops reading when the client has left", async () => {
    const client = new AbortController();
    onBlockRead = () => client.abort();
    const query = { ...YEAR, groupBy: "region" };
    const headers = { authorization: `Bearer ${await tokenFor(target, viewer("acme"))}` };
    const url = `${target.baseUrl}/v1/analytics?${new URLSearchParams(query).toString()}`;
    const answer = await target.fetch(new Request(url, { headers, signal: client.signal }));
    expect(await answer.json()).toMatchObject({ code: "request.aborted" });
    const begun = blockReads;
    // Another question of the same kind waits for all there was to read.
    onBlockRead = () => undefined;
    blockReads = 0;
    expect((await get("", query)).status).toBe(200);
    expect(begun).toBeLessThan(blockReads / 2);
  });
});
