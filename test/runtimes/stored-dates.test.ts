import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UNLIMITED } from "../support/unlimited.ts";
import type { DatasetId } from "../../src/core/metrics/datasets.ts";
import { EXPORT_FORMATS } from "../../src/core/reports/formats.ts";
import { TEMPLATES } from "../../src/core/reports/templates/index.ts";
import { addDays } from "../../src/core/time/dates.ts";
import { createApp } from "../../src/http/app.ts";
import { silentLogger } from "../../src/http/logger.ts";
import type { LoadedFact } from "../../src/ports/load.ts";
import type { MetricStore } from "../../src/ports/metric-store.ts";
import { type EmbeddedRuntime, openEmbedded } from "../../src/runtimes/embedded.ts";
import { load } from "../conformance/lib/facts.ts";
import { OPERATOR } from "./seed.ts";
import { ask, type AskOptions, type HttpTarget, type Reply } from "./target.ts";

/**
 * Facts of days that no fact can be of: an earlier version took them in, so they may lie in any data folder. Whatever is
 * asked must be answered as if they were not there.
 */
const FAR: readonly string[] = ["0001-01-01", "9999-12-31"];
const TODAY = new Date().toISOString().slice(0, 10);
const SECRET = "a secret for the tests, over 32 bytes";
const secret = new TextEncoder().encode(SECRET);
/** Has facts of the last months, the same with facts of far days beside them, and those of far days alone. */
const TENANTS = ["clean", "mixed", "far"] as const;

const manager = (customerId: string) => ({ role: "manager", customerId, sub: "m" });

type Values = Readonly<Record<string, string | null>>;
type Keyed = Pick<LoadedFact, "tenant">;

const fact = (of: Keyed, source: string, day: string, values: Values, period = day): LoadedFact => ({
  ...{ ...of, source, period, day },
  values: { sub_account_id: "1", ...values },
});

function factsOf(tenant: string, days: readonly string[]): Partial<Record<DatasetId, LoadedFact[]>> {
  const of = { tenant };
  const snapshots = days.filter((day, i) => FAR.includes(day) || i % 10 === 0);
  const findings = snapshots.flatMap((day) =>
    ["a", "b", "c"].map((id, i) =>
      fact(of, "asff:hub:1", day, {
        ...{ finding_id: id, title: id, severity: "high", status: "open", check_id: id },
        first_observed_at: `${FAR[i] ?? addDays(TODAY, -50)}T00:00:00Z`,
        last_observed_at: `${day}T00:00:00Z`,
      }),
    ),
  );
  return {
    cost: days.map((day, i) => {
      const amount = String(10 + (i % 7));
      const amounts = {
        billed_cost: amount,
        effective_cost: amount,
        list_cost: amount,
        consumed_quantity: "1",
      };
      const named = { billing_currency: "USD", service_name: "Amazon EC2", charge_category: "Usage" };
      return fact(of, "focus:AWS:1", day, { ...amounts, ...named }, day.slice(0, 7));
    }),
    findings,
    controls: snapshots.map((day) => {
      const values = { framework: "HIPAA", control_id: "164.308", control_status: "failed" };
      return fact(of, "asff:hub:1", day, { ...values, evaluated_at: `${day}T00:00:00Z`, check_id: "a" });
    }),
    usage: days.flatMap((day) =>
      [
        ["api_calls", "calls"],
        ["storage", "bytes"],
      ].map(([metric = "", unit = ""]) =>
        fact(of, `test:${metric}`, day, { metric, unit, quantity: "5", service_name: "Amazon S3" }),
      ),
    ),
  };
}

async function fill(store: MetricStore): Promise<void> {
  const near = Array.from({ length: 80 }, (_, i) => addDays(TODAY, i - 80));
  const days = { clean: near, mixed: [...near, ...FAR], far: FAR };
  for (const tenant of TENANTS)
    for (const [dataset, facts] of Object.entries(factsOf(tenant, days[tenant])))
      await load(store, facts, { dataset: dataset as DatasetId, loadedAt: `${TODAY}T00:00:00.000Z` });
}

const RANGES: readonly Record<string, string>[] = [
  {},
  { range: "mtd", compare: "previous-year" },
  { from: addDays(TODAY, -3650), to: TODAY },
  { from: "1900-01-01", to: "1910-01-01" },
  { from: "2999-12-01", to: "2999-12-31", compare: "previous-year" },
];
const QUESTIONS = [
  ...["/v1/analytics", "/v1/analytics/costs", "/v1/analytics/costs/savings"],
  ...["/v1/analytics/costs/chargeback", "/v1/analytics/costs/anomalies", "/v1/analytics/summary"],
  ...["/v1/analytics/security", "/v1/analytics/security/changes", "/v1/analytics/compliance"],
  ...["/v1/analytics/compliance/evidence", "/v1/analytics/usage"],
];
/** These take no comparison. */
const ALONE = /savings|chargeback|anomalies|changes|evidence/;

describe("facts of far days in the store", () => {
  let runtime: EmbeddedRuntime;
  let target: HttpTarget;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), "securebase-far-"));
    runtime = await openEmbedded({ directory, env: { SECUREBASE_JWT_SECRET: SECRET }, logger: silentLogger });
    // More is asked here in a minute than anybody may.
    const services = { ...runtime.services, limiter: UNLIMITED };
    const app = createApp({ services, auth: { secret }, logger: silentLogger });
    target = {
      fetch: async (request) => app.fetch(request),
      ...{ baseUrl: "http://app.test", secret, close: () => Promise.resolve() },
    };
    for (const id of TENANTS) {
      const body = { id, name: id, accounts: [], frameworks: ["HIPAA"], zone: "Europe/Berlin" };
      await ask(target, "POST /v1/tenants", { as: OPERATOR, body });
    }
    await fill(services.metrics);
    close = async () => {
      await runtime.close();
      await rm(directory, { recursive: true, force: true });
    };
  });
  afterAll(() => close());

  const asked = (customerId: string, line: string, options: AskOptions = {}): Promise<Reply> =>
    ask(target, line, { as: manager(customerId), ...options });

  const everybody = (line: string, options: AskOptions): Promise<Reply[]> =>
    Promise.all(TENANTS.map((id) => asked(id, line, options)));

  /** Asks all three, and compares what the first two say. */
  async function alike(line: string, options: AskOptions): Promise<void> {
    const [clean, mixed, far] = await everybody(line, options);
    const told = JSON.stringify([line, options, mixed?.json, far?.json]).slice(0, 1000);
    expect([clean?.status, mixed?.status, far?.status], told).toEqual([200, 200, 200]);
    // Loads have ids of their own.
    const known = (reply: Reply | undefined): unknown =>
      JSON.parse(JSON.stringify(reply?.json).replaceAll(/"[\da-f]{8}-[\da-f-]{27}"/g, '"load"'));
    expect(known(mixed)).toEqual(known(clean));
  }

  it.each(QUESTIONS)("GET %s is answered as if there were none", async (path) => {
    for (const { compare, ...range } of RANGES) {
      const query = compare === undefined || ALONE.test(path) ? range : { ...range, compare };
      await alike(`GET ${path}`, { query });
    }
  });

  it("forecasts and budgets are told as if there were none", async () => {
    await alike("GET /v1/analytics/costs/forecast", { query: { months: "3" } });
    const budget = { name: "All", amount: "500", currency: "USD" };
    for (const id of TENANTS) await asked(id, "POST /v1/budgets", { body: budget });
    for (const month of [TODAY.slice(0, 7), addDays(TODAY, -31).slice(0, 7)]) {
      const [clean, mixed, far] = await everybody("GET /v1/budgets", { query: { month } });
      expect([clean?.status, mixed?.status, far?.status]).toEqual([200, 200, 200]);
      const state = (reply: Reply | undefined): unknown =>
        (reply?.json as { items: { state: unknown }[] }).items[0]?.state;
      expect(state(mixed)).toEqual(state(clean));
      expect(state(far)).toMatchObject({ spent: null, notes: ["There is no cost data."] });
    }
  });

  it.each(["day", "week", "month"])("questions by %s are answered as if there were none", async (grain) => {
    for (const dataset of ["cost", "findings", "controls", "usage"]) {
      const groupBy = dataset === "usage" ? [grain, "unit"] : [grain];
      const query = { dataset, range: { preset: "90d" }, groupBy, compare: "previous-year" };
      await alike("POST /v1/analytics/query", { body: query });
    }
  });

  it.each(TEMPLATES.map(({ id }) => id))("the template %s is written in every format", async (report) => {
    const parameters = report === "compliance" ? { parameters: { framework: "HIPAA" } } : {};
    for (const format of EXPORT_FORMATS) {
      const body = { format, report, range: { preset: "90d" }, ...parameters };
      for (const id of ["mixed", "far"]) {
        const reply = await asked(id, "POST /v1/analytics/export", { body });
        expect(reply.status, reply.bytes.toString().slice(0, 300)).toBe(200);
      }
    }
  });

  it("a chart over the days findings were first observed on, thousands of years apart, is drawn", async () => {
    const query = { dataset: "findings", groupBy: ["first_observed"] };
    const chart = { kind: "line", x: "first_observed", y: ["findings"] };
    const sections = [
      { kind: "chart", id: "chart", title: "First observed", chart, query },
      { kind: "table", id: "table", title: "First observed", detail: true, query },
    ];
    const definition = { title: "Ages", description: "", range: { preset: "90d" }, sections };
    const started = performance.now();
    for (const format of EXPORT_FORMATS) {
      const reply = await asked("mixed", "POST /v1/analytics/export", { body: { format, definition } });
      expect(reply.status, reply.bytes.toString().slice(0, 300)).toBe(200);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it.each([
    ["9999-12-01", "9999-12-31", "date.out-of-reach"],
    ["0001-01-01", "0001-02-01", "date.out-of-reach"],
    ["1900-01-01", "2999-12-31", "range.too-long"],
  ])("a range from %s to %s is refused with %s", async (from, to, code) => {
    for (const path of QUESTIONS) {
      const reply = await asked("mixed", `GET ${path}`, { query: { from, to } });
      expect([path, reply.status, reply.json]).toMatchObject([path, 400, { code }]);
    }
  });
});
