import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ask } from "../conformance/lib/facts.ts";
import { jobKey } from "../../src/core/jobs/key.ts";
import type { Connector, FactBatch, PulledFact } from "../../src/ports/connector.ts";
import { type EmbeddedRuntime, openEmbedded } from "../../src/runtimes/embedded.ts";
import { addTenant } from "../../src/app/tenants/tenants.ts";
import { addConnection } from "../../src/app/sync/connections.ts";
import { runSync } from "../../src/app/sync/start.ts";

let directory: string;
let runtime: EmbeddedRuntime;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "securebase-pull-"));
  runtime = await openEmbedded({ directory, env: { SECUREBASE_LOG: "silent" } });
});
afterEach(async () => {
  await runtime.close();
  await rm(directory, { recursive: true, force: true });
});

const ACCOUNT = "111122223333";

it("pulls facts again that an account's new owner is to have, and those that are loaded already no more", async () => {
  const { services } = runtime;
  const pulled: string[] = [];
  const claim = async (): Promise<void> => {
    if (pulled.filter((month) => month === "2024-09").length > 1) return;
    const added = await addTenant(services, { id: "acme", name: "Acme", accounts: [ACCOUNT] });
    if (added.claim !== undefined) await services.jobs.ended(jobKey(added.claim));
  };
  async function* facts(period: string): AsyncGenerator<readonly PulledFact[]> {
    pulled.push(period);
    const values = { sub_account_id: ACCOUNT, usage_metric: "api_calls", quantity: "5" };
    yield [{ account: ACCOUNT, source: "cloudwatch:1", period, day: `${period}-03`, values }];
    // The last facts of the second month are on their way when the account is claimed.
    if (period === "2024-09") await claim();
  }
  const batch = (period: string): FactBatch => ({
    ...{ kind: "facts", id: period, title: period, dataset: "usage", partitions: [] },
    facts: facts(period),
    marks: () => ({}),
    notes: () => [],
  });
  const connector: Connector = {
    kind: "cloudwatch-usage",
    // eslint-disable-next-line @typescript-eslint/require-await -- the port takes a stream, and this is here already
    async *pull() {
      yield batch("2024-08");
      yield batch("2024-09");
    },
  };
  const { connectors } = services.sync!;
  services.sync = { connectors: { ...connectors, "cloudwatch-usage": connector } };
  const { id } = await addConnection(services, { kind: "cloudwatch-usage", region: "eu-west-1" });
  const report = await runSync(services, id);
  expect(pulled).toEqual(["2024-08", "2024-09", "2024-09"]);
  expect(report.deliveries.map(({ id: month, status }) => [month, status])).toEqual([
    ["2024-08", "loaded"],
    ["2024-09", "loaded"],
  ]);
  const question = {
    dataset: "usage" as const,
    range: { from: "2024-08-01", to: "2024-10-01" },
    groupBy: ["month"],
  };
  const months = async (tenant: string) =>
    (await ask(services.metrics, question, tenant)).rows.map(([month]) => month);
  expect(await months("acme")).toEqual(["2024-08-01", "2024-09-01"]);
  expect(await months("unassigned")).toEqual([]);
});
