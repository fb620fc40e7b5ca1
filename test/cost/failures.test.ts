import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { QueryPlan } from "../../src/core/query/plan.ts";
import { DomainError } from "../../src/core/errors/errors.ts";
import { datesIn } from "../../src/core/time/zones.ts";
import { createApp } from "../../src/http/app.ts";
import { type Logger, silentLogger } from "../../src/http/logger.ts";
import {
  type Aggregate,
  type LoadRecord,
  type MetricStore,
  SnapshotGone,
} from "../../src/ports/metric-store.ts";
import { type EmbeddedRuntime, openEmbedded } from "../../src/runtimes/embedded.ts";
import { analyst, focusCsv, OPERATOR, viewer } from "../runtimes/seed.ts";
import {
  ask as askTarget,
  type AskOptions,
  type HttpTarget,
  type Reply,
  tokenFor,
} from "../runtimes/target.ts";
import { readWorkbook } from "../support/workbook.ts";

/** A Saturday; the newest facts are of the day before. */
const NOW = new Date("2026-11-28T12:00:00Z");
const HISTORY = datesIn("2026-09-01", "2026-11-28");
const [MONDAY, SUNDAY] = [1, 0];
const SECRET = "a secret for the tests, over 32 bytes";

type Amount = (day: string, weekday: number) => number;
const open: Amount = (_, weekday) => (weekday === SUNDAY ? 0 : 10);

/** Each tenant's services, with what they cost on a day. */
const BILLS: Readonly<Record<string, Readonly<Record<string, Amount>>>> = {
  sundays: { "Service A": open },
  batch: { "Service A": () => 10, "Weekly batch": (_, weekday) => (weekday === MONDAY ? 4 : 0) },
  gaps: {
    "Service A": (day, weekday) => (day > "2026-10-04" && day < "2026-10-19" ? 0 : open(day, weekday)),
  },
  steady: { "Service A": () => 10, "Service B": () => 5 },
};

let directory: string;
let runtime: EmbeddedRuntime;
let logged: Record<string, unknown>[] = [];
const logger: Logger = { ...silentLogger, error: (fields) => void logged.push(fields) };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "securebase-failures-"));
  runtime = await openEmbedded({ directory, env: { SECUREBASE_JWT_SECRET: SECRET }, logger: silentLogger });
  const target = served();
  for (const [i, [tenant, services]] of Object.entries(BILLS).entries()) {
    const account = `00000000000${i + 1}`;
    const body = { id: tenant, name: tenant, accounts: [account] };
    expect((await send(target, "POST /v1/tenants", { as: OPERATOR, body })).status).toBe(201);
    const charges = HISTORY.flatMap((day) =>
      Object.entries(services).map(([service, amount]) => ({
        account,
        service,
        month: day.slice(0, 7),
        day: Number(day.slice(8)),
        billed: String(amount(day, new Date(`${day}T00:00:00Z`).getUTCDay())),
      })),
    ).filter(({ billed }) => billed !== "0");
    // A file replaces what was there of its source and months, so that each tenant is another payer.
    const raw = focusCsv(charges).replaceAll("999999999999", `99999999999${i}`);
    expect((await send(target, "POST /v1/imports", { as: OPERATOR, raw })).status).toBe(200);
  }
});
afterAll(async () => {
  await runtime.close();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(() => (logged = []));

/** The app on the clock of the bills, over a store that answers a few questions in another way. */
function served(metrics: MetricStore = runtime.services.metrics): HttpTarget {
  const services = { ...runtime.services, metrics, clock: { now: () => NOW } };
  const secret = new TextEncoder().encode(SECRET);
  const app = createApp({ services, auth: { secret }, logger });
  return {
    fetch: async (request) => app.fetch(request),
    baseUrl: "http://app.test",
    secret,
    close: () => Promise.resolve(),
  };
}

const YEARS = 3600 * 24 * 365 * 10;
async function send(target: HttpTarget, line: string, options: AskOptions = {}): Promise<Reply> {
  const { as } = options;
  if (as === undefined || typeof as === "string") return askTarget(target, line, options);
  return askTarget(target, line, { ...options, as: `Bearer ${await tokenFor(target, as, YEARS)}` });
}

type Answer = (plan: QueryPlan, found: Aggregate) => Aggregate;

function storeThat(answer: Answer): MetricStore {
  const store = runtime.services.metrics;
  return {
    loads: (filter) => store.loads(filter),
    forTenant(tenant) {
      const own = store.forTenant(tenant);
      return {
        snapshot: async (dataset) => {
          const snapshot = await own.snapshot(dataset);
          const { version, asOf, extent } = snapshot;
          const loads = (): Promise<LoadRecord[]> => snapshot.loads();
          const aggregate = async (plan: QueryPlan): Promise<Aggregate> =>
            answer(plan, await snapshot.aggregate(plan));
          return { version, asOf, extent, loads, aggregate };
        },
      };
    },
  } as MetricStore;
}

/** A store that gives no numbers where it is asked for a service, or by dimensions. */
const broken = (of: { service?: string; by?: string }): MetricStore =>
  storeThat((plan, found) => {
    const filtered = plan.filters.some(
      (filter) => filter.on === "dimension" && filter.values.some((value) => value === of.service),
    );
    const grouped = plan.keys.map((key) => key.id).join() === of.by;
    if (!filtered && !grouped) return found;
    const batches = (async function* () {
      for await (const batch of found.batches)
        yield batch.map((row) => row.map((cell, i) => (i < plan.keys.length ? cell : "NaN")));
    })();
    const totals = found.totals.map((units) => units.map((total) => ({ ...total, value: "NaN" })));
    return { ...found, batches, totals };
  });

interface Month {
  months: { spent: string; forecast: { amount: string; low: string; high: string } }[];
}

describe("a forecast", () => {
  const forecast = async (
    tenant: string,
    query: Record<string, string> = {},
  ): Promise<Month["months"][number]> => {
    const { status, json } = await send(served(), "GET /v1/analytics/costs/forecast", {
      as: viewer(tenant),
      query,
    });
    expect(status).toBe(200);
    return (json as Month).months[0]!;
  };

  it("of a service that rests on Sundays is what the other days cost", async () => {
    const exact = { amount: "250", low: "250", high: "250" };
    expect(await forecast("sundays")).toMatchObject({ spent: "230", forecast: exact });
  });

  it("of a batch that runs on Mondays is its Mondays", async () => {
    expect(await forecast("batch")).toMatchObject({ spent: "286", forecast: { amount: "320" } });
    const own = await forecast("batch", { where: "service=Weekly batch" });
    expect(own).toMatchObject({ spent: "16", forecast: { amount: "20" } });
  });

  it("goes on behind a gap in the facts", async () => {
    const { spent, forecast: ahead } = await forecast("gaps");
    expect(spent).toBe("230");
    expect(Math.abs(Number(ahead.amount) - 250)).toBeLessThan(0.5);
  });

  it("is in the report and the budgets of such a bill, too", async () => {
    const as = { role: "manager", customerId: "sundays", sub: "m" };
    const body = { name: "All", amount: "240", currency: "USD" };
    await send(served(), "POST /v1/budgets", { as, body });
    const { json } = await send(served(), "GET /v1/budgets", { as });
    expect(json).toMatchObject({ items: [{ state: { status: "warning", forecast: { amount: "250" } } }] });
    const report = { format: "json", report: "cost-analysis" };
    const { headers } = await send(served(), "POST /v1/analytics/export", { as, body: report });
    expect([headers.get("x-complete"), headers.get("x-failed-sections")]).toEqual(["true", null]);
  });
});

describe("a fault of ours", () => {
  it("is a 500 with an id that the log knows, not a 400", async () => {
    const target = served(broken({ by: "day,service,charge_category" }));
    const reply = await send(target, "GET /v1/analytics/costs/forecast", { as: viewer("steady") });
    expect(reply.status).toBe(500);
    const { requestId } = reply.json as { requestId: string };
    expect(reply.json).toMatchObject({ code: "service.internal" });
    expect(reply.bytes.toString()).not.toContain("NaN");
    expect(logged).toMatchObject([
      { requestId, error: { cause: { message: expect.stringContaining("NaN") as string } } },
    ]);
  });
});

describe("data that loads keep replacing", () => {
  /** A store that loses its first snapshots while they are asked. */
  const losing = (times: number): HttpTarget => {
    let left = times;
    return served(
      storeThat((_, found) => {
        if (left-- > 0) throw new SnapshotGone("cost");
        return found;
      }),
    );
  };
  const as = { role: "manager", customerId: "batch", sub: "m" };

  it("is asked about again, all parts of an answer together", async () => {
    const { status, json } = await send(losing(2), "GET /v1/analytics/costs", { as });
    expect([status, json]).toMatchObject([200, { problems: [] }]);
  });

  it("is told of where it never stands still, in the place of no single part", async () => {
    const reply = await send(losing(Infinity), "GET /v1/analytics/costs", { as, query: { range: "7d" } });
    expect([reply.status, reply.json]).toMatchObject([503, { code: "store.snapshot-gone" }]);
    expect(reply.headers.get("retry-after")).toBe("2");
  });

  it("has no budget made twice", async () => {
    const body = { name: "Once", amount: "400", currency: "USD" };
    const made = await send(losing(1), "POST /v1/budgets", { as, body });
    expect([made.status, made.json]).toMatchObject([201, { state: { spent: expect.any(String) as string } }]);
    const { json } = await send(served(), "GET /v1/budgets", { as });
    expect((json as { items: unknown[] }).items).toHaveLength(1);
  });
});

describe("a budget that fails", () => {
  const as = { role: "manager", customerId: "steady", sub: "m" };
  const budget = (name: string, filters: object[]): object => ({
    name,
    amount: "400",
    currency: "USD",
    filters,
  });
  const ofService = (value: string): object[] => [{ field: "service", op: "equals", value }];

  it("has its problem in its place, and the others stand", async () => {
    const target = served(broken({ service: "Service B" }));
    for (const [name, filters] of [
      ["A", ofService("Service A")],
      ["B", ofService("Service B")],
      ["All", []],
    ] as const) {
      const made = await send(target, "POST /v1/budgets", { as, body: budget(name, [...filters]) });
      expect(made.status).toBe(201);
    }
    const { status, json, headers } = await send(target, "GET /v1/budgets", { as });
    expect(status).toBe(200);
    const requestId = headers.get("x-request-id");
    const { items } = json as { items: { id: string; name: string }[] };
    expect(items).toMatchObject([
      { name: "A", state: { status: "ok", spent: "270" } },
      { name: "B", amount: "400", state: null, problem: { code: "service.internal", requestId } },
      { name: "All", state: { status: "over", spent: "405" } },
    ]);
    expect(logged).toContainEqual(expect.objectContaining({ requestId, part: `budget ${items[1]?.id}` }));
    const wrong = await send(target, "GET /v1/budgets", { as, query: { month: "2026-13" } });
    expect([wrong.status, wrong.json]).toMatchObject([400, { code: "date.invalid", field: "month" }]);
  });

  it("does not keep a report from being written, which says so in the table of budgets", async () => {
    const table = {
      kind: "table",
      id: "budgets",
      title: "Budgets",
      compute: { computation: "budgets" },
      detail: true,
    };
    const definition = { title: "Budgets", description: "", range: { preset: "mtd" }, sections: [table] };
    const body = { format: "json", definition };
    const { json, headers } = await send(
      served(broken({ service: "Service B" })),
      "POST /v1/analytics/export",
      { as, body },
    );
    expect(json).toMatchObject({
      rows: [{ status: "ok" }, { budget: "B", status: "failed", spent: null }, { status: "over" }],
      manifest: {
        complete: false,
        notes: expect.arrayContaining([expect.stringMatching(/^Budget B could not/)]) as unknown,
      },
    });
    expect(headers.get("x-complete")).toBe("false");
  });
});

describe("a section that cannot be computed", () => {
  const as = analyst("steady");
  const target = (): HttpTarget => served(broken({ by: "day,service,charge_category" }));
  const body = (format: string): object => ({ format, report: "cost-analysis", range: { preset: "30d" } });
  const SAYS = "could not be computed: The service failed to answer";

  it("says so in its place in JSON, and the manifest tells which and why", async () => {
    const { json, headers } = await send(target(), "POST /v1/analytics/export", { as, body: body("json") });
    const requestId = headers.get("x-request-id");
    const { sections, manifest, rows } = json as {
      sections: {
        id?: string;
        kind: string;
        items?: { id: string; value: string | null; problem?: object }[];
      }[];
      manifest: { complete: boolean; failures: object[]; notes: string[] };
      rows: object[];
    };
    expect(rows).toHaveLength(2);
    expect(sections.find(({ id }) => id === "forecast")).toMatchObject({
      kind: "failed",
      problem: { code: "service.internal", requestId },
    });
    expect(sections.filter(({ kind }) => kind === "failed")).toHaveLength(1);
    const cards = sections.flatMap(({ items = [] }) => items);
    expect(cards.find(({ id }) => id === "month-forecast")).toMatchObject({
      value: null,
      problem: { requestId },
    });
    expect(cards.find(({ id }) => id === "billed")?.value).toBe("450");
    expect(manifest.complete).toBe(false);
    expect(manifest.failures).toMatchObject([
      { section: "month-forecast", code: "service.internal" },
      { section: "forecast", code: "service.internal" },
    ]);
    expect(manifest.notes.filter((note) => note.includes(SAYS))).toHaveLength(2);
    expect(logged).toContainEqual(expect.objectContaining({ requestId, part: "forecast" }));
  });

  it("says so in a preview", async () => {
    const section = { kind: "chart", id: "f", title: "Ahead", compute: { computation: "cost-forecast" } };
    const chart = { kind: "line", x: "day", y: ["forecast"] };
    const query = { dataset: "cost", groupBy: ["service"] };
    const detail = { kind: "table", id: "d", title: "Services", detail: true, query };
    const sections = [{ ...section, chart }, detail];
    const definition = { title: "Ahead", description: "", range: { preset: "30d" }, sections };
    const reply = await send(target(), "POST /v1/reports/preview", { as, body: { definition } });
    const requestId = reply.headers.get("x-request-id");
    expect(reply.json).toMatchObject({
      sections: [
        { kind: "failed", id: "f", problem: { requestId } },
        { kind: "table", data: {} },
      ],
    });
  });

  it("says so in XLSX and PDF, and in the headers of a CSV", async () => {
    const xlsx = await send(target(), "POST /v1/analytics/export", { as, body: body("xlsx") });
    const summary = readWorkbook(xlsx.bytes).sheets[0]?.rows.flat() ?? [];
    expect(summary.filter((cell) => cell?.startsWith(`This part ${SAYS}`))).toHaveLength(1);
    const pdf = await send(target(), "POST /v1/analytics/export", { as, body: body("pdf") });
    expect(await textOf(pdf.bytes)).toContain(`This part ${SAYS}`);
    const csv = await send(target(), "POST /v1/analytics/export", { as, body: body("csv") });
    expect(csv.bytes.toString().trim().split("\r\n")).toHaveLength(3);
    expect([csv.headers.get("x-complete"), csv.headers.get("x-rows-written")]).toEqual(["false", "2"]);
    expect(JSON.parse(csv.headers.get("x-failed-sections") ?? "")).toMatchObject([
      {},
      { section: "forecast" },
    ]);
  });

  it("is refused with the report where the question is wrong, or the dataset itself fails", async () => {
    const filters = [{ field: "colour", op: "equals", value: "red" }];
    const wrong = await send(target(), "POST /v1/analytics/export", {
      as,
      body: { ...body("json"), filters },
    });
    expect([wrong.status, wrong.json]).toMatchObject([400, { code: "query.unknown-dimension" }]);
    const away = served(
      storeThat((plan, found) => {
        if (plan.keys.length < 4) return found;
        throw new DomainError("store.unavailable", "unavailable", "The store is busy");
      }),
    );
    const refused = await send(away, "POST /v1/analytics/export", { as, body: body("json") });
    expect([refused.status, refused.json]).toMatchObject([503, { code: "store.unavailable" }]);
  });
});

describe("a dashboard", () => {
  const as = viewer("steady");

  it("answers the parts it can, and tells why a part is not there", async () => {
    const target = served(broken({ by: "service" }));
    const { json } = await send(target, "GET /v1/analytics/costs", { as });
    expect(json).toMatchObject({
      services: null,
      regions: { rows: [["us-east-1", "450", "450", "0", "0"]] },
      problems: [{ part: "services", code: "service.internal" }],
    });
    const healthy = await send(served(), "GET /v1/analytics/costs", { as });
    expect(healthy.json).toMatchObject({ services: { completeness: { rows: 2 } }, problems: [] });
  });

  it("leaves out the area that fails from the summary", async () => {
    const { json } = await send(served(broken({ by: "currency" })), "GET /v1/analytics/summary", { as });
    const { figures, problems } = json as { figures: { area: string }[]; problems: object[] };
    expect(figures.map(({ area }) => area)).toEqual(["security", "security", "compliance"]);
    expect(problems).toMatchObject([{ part: "cost", code: "service.internal" }]);
  });

  it("fails as a whole where nothing can be computed", async () => {
    const target = served(
      storeThat(() => {
        throw new DomainError("store.unavailable", "unavailable", "The store is busy");
      }),
    );
    // Of other days than before, which are remembered.
    const { status } = await send(target, "GET /v1/analytics/costs", { as, query: { range: "7d" } });
    expect(status).toBe(503);
  });
});

async function textOf(bytes: Buffer): Promise<string> {
  const pdf = await getDocument({ data: new Uint8Array(bytes), verbosity: 0 }).promise;
  const pages = Array.from({ length: pdf.numPages }, (_, i) => i + 1);
  const texts = await Promise.all(
    pages.map(async (number) => {
      const { items } = await (await pdf.getPage(number)).getTextContent();
      return items.map((item) => ("str" in item ? item.str : "")).join(" ");
    }),
  );
  return texts.join(" ").replace(/\s+/g, " ");
}
