import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { DomainError } from "../../core/errors/errors.ts";
import type { QueryPlan } from "../../core/query/plan.ts";
import type { Row } from "../../core/query/query.ts";
import type { ReportDefinition, SectionQuery } from "../../core/reports/definition.ts";
import type { Digest } from "../../core/reports/manifest.ts";
import { closeTables, detailTable } from "../../core/reports/document.ts";
import type { Aggregate, Snapshot } from "../../ports/metric-store.ts";
import { renderDocument } from "../../../test/support/rendering.ts";
import type { Services, TenantContext } from "../services.ts";
import { buildDocument } from "./build-document.ts";

function sha256(): Digest {
  const hash = createHash("sha256");
  return { update: (text) => void hash.update(text), hex: () => hash.digest("hex") };
}

/** A store that answers every plan from one function and counts the row streams that are still open. */
function scene(answer: (plan: QueryPlan) => { rows: Row[]; total: string | null; groups?: number }) {
  let open = 0;
  const snapshot: Partial<Snapshot> = {
    version: "1",
    asOf: null,
    extent: null,
    aggregate(plan): Promise<Aggregate> {
      const { rows, total, groups = rows.length } = answer(plan);
      open += 1;
      let left: Row[][] = rows.map((row) => [row]);
      let ended = false;
      const end = (): { done: true; value: undefined } => {
        if (!ended) open -= 1;
        ended = true;
        left = [];
        return { done: true, value: undefined };
      };
      const iterator: AsyncIterableIterator<Row[]> = {
        next: () => {
          const value = left.shift();
          return Promise.resolve(value === undefined ? end() : { done: false, value });
        },
        return: () => Promise.resolve(end()),
        [Symbol.asyncIterator]: () => iterator,
      };
      const totals = [[{ unit: total === null ? null : "USD", value: total, missing: 0 }]];
      return Promise.resolve({ batches: iterator, groups, facts: rows.length, totals });
    },
  };
  const services = {
    clock: { now: () => new Date("2024-10-01T00:00:00Z") },
    metrics: { forTenant: () => ({ snapshot: () => Promise.resolve(snapshot) }) },
    cache: { forTenant: () => ({ get: () => Promise.resolve(undefined), set: () => Promise.resolve() }) },
    digest: sha256,
    version: "1",
  } as unknown as Services;
  const context = {
    services,
    tenant: { id: "acme", name: "Acme", zone: "UTC", branding: {}, demo: false },
    principal: { subject: "x", role: "admin", tenant: "acme" },
  } as unknown as TenantContext;
  return { context, open: () => open };
}

const byService: SectionQuery = { dataset: "cost", groupBy: ["service"], measures: ["billed_cost"] };
const report = (...more: ReportDefinition["sections"]): ReportDefinition => ({
  title: "T",
  description: "",
  range: { from: "2024-09-01", to: "2024-10-01" },
  sections: [{ kind: "table", id: "detail", title: "D", detail: true, query: byService }, ...more],
});
const rows: Row[] = [
  ["EC2", "2"],
  ["S3", "1"],
];

describe("a document", () => {
  const table = (id: string, query: Partial<SectionQuery>): ReportDefinition["sections"][number] => ({
    kind: "table",
    id,
    title: id.toUpperCase(),
    query: { ...byService, ...query },
  });
  const without = (dimension: string) =>
    scene((plan) => {
      if (plan.keys[0]?.id === dimension) throw new DomainError("store.unavailable", "unavailable", "gone");
      return { rows, total: "3" };
    });

  it("has the problem of a question that fails in its place, and is not complete", async () => {
    const { context } = without("region");
    const failing = report(table("r", { groupBy: ["region"] }), table("a", { groupBy: ["account"] }));
    const document = await buildDocument(context, failing);
    expect(document.sections.map(({ kind }) => kind)).toEqual(["table", "failed", "table"]);
    for await (const batch of detailTable(document).table.batches()) expect(batch).toHaveLength(1);
    const message = "R could not be computed: gone";
    expect(document.manifest()).toMatchObject({
      rowsWritten: 2,
      rowsTotal: 2,
      complete: false,
      notes: [message],
      failures: [{ section: "r", title: "R", code: "store.unavailable", message }],
    });
    await closeTables(document.sections);
  });

  it("asks a few questions at a time, and has its parts in their order", async () => {
    let [now, most] = [0, 0];
    const { context } = scene(() => ({ rows, total: "3" }));
    const { metrics } = context.services;
    const services = {
      ...context.services,
      metrics: {
        ...metrics,
        forTenant: (tenant: string) => ({
          async snapshot(dataset: "cost") {
            const snapshot = await metrics.forTenant(tenant).snapshot(dataset);
            const aggregate: Snapshot["aggregate"] = async (plan, signal) => {
              most = Math.max(most, ++now);
              // The later ones are the quicker ones.
              for (let i = plan.limit ?? 0; i > 0; i--) await Promise.resolve();
              now -= 1;
              return snapshot.aggregate(plan, signal);
            };
            return { ...snapshot, aggregate };
          },
        }),
      },
    };
    const ids = Array.from({ length: 30 }, (_, i) => `t${i}`);
    const parts = ids.map((id, i) => table(id, { limit: 100 - i }));
    const document = await buildDocument({ ...context, services }, report(...parts));
    expect(document.sections.map((section) => ("id" in section ? section.id : ""))).toEqual([
      "detail",
      ...ids,
    ]);
    expect(most).toBe(4);
    await closeTables(document.sections);
  });

  it("that is saved with more questions than there may be is refused when it is run", async () => {
    const { context, open } = scene(() => ({ rows, total: "3" }));
    const parts = Array.from({ length: 60 }, (_, i) => table(`t${i}`, { limit: 1 + i }));
    await expect(buildDocument(context, report(...parts))).rejects.toMatchObject({
      code: "report.too-many-questions",
      field: "sections[60]",
    });
    expect(open()).toBe(0);
  });

  it("holds nothing of the store when its rows are held in memory, as far as they are wanted", async () => {
    const { context, open } = scene(() => ({ rows, total: "3" }));
    const held = { each: 10, all: 5 };
    const parts = [table("a", {}), table("b", { groupBy: ["account"] })];
    const document = await buildDocument(context, report(...parts), {}, held);
    expect(open()).toBe(0);
    const read: number[] = [];
    for (const section of document.sections.slice(1)) {
      if (section.kind !== "table") continue;
      let count = 0;
      for await (const batch of section.table.batches()) count += batch.length;
      read.push(count);
    }
    expect(read).toEqual([2, 1]);
  });

  it("is an error as a whole when its dataset or what it asks is at fault, and holds on to nothing", async () => {
    const { context, open } = without("service");
    const other = table("a", { groupBy: ["account"] });
    await expect(buildDocument(context, report(other))).rejects.toMatchObject({ code: "store.unavailable" });
    expect(open()).toBe(0);
    const whole = scene(() => ({ rows, total: "3" }));
    const wrong = report(other, table("w", { groupBy: ["colour"] }));
    await expect(buildDocument(whole.context, wrong)).rejects.toMatchObject({
      code: "query.unknown-dimension",
    });
    expect(whole.open()).toBe(0);
  });

  it("lets go of tables that a reader who left early never saw", async () => {
    const many = Array.from({ length: 20_000 }, (_, i): Row => [`service-${i}`, "1"]);
    const { context, open } = scene(() => ({ rows: many, total: "20000" }));
    const more = report({ kind: "table", id: "r", title: "R", query: { ...byService, groupBy: ["region"] } });
    const { body } = await renderDocument(await buildDocument(context, more), "json");
    const reader = body[Symbol.asyncIterator]();
    await reader.next();
    expect(open()).toBeGreaterThan(0);
    await reader.return?.();
    expect(open()).toBe(0);
  });

  it("is an error when the store gives fewer rows than it counted, never a shorter file", async () => {
    const { context } = scene(() => ({ rows, total: "3", groups: 3 }));
    const document = await buildDocument(context, report());
    const drain = async (): Promise<void> => {
      for await (const batch of detailTable(document).table.batches()) expect(batch.length).toBe(1);
    };
    await expect(drain()).rejects.toMatchObject({ code: "export.incomplete" });
    expect(() => document.manifest()).toThrow(/only after the last row/);
  });

  const credits = (withFacts: boolean) =>
    scene((plan) =>
      plan.filters.length > 0 || !withFacts ? { rows: [], total: null } : { rows, total: "3" },
    );
  const card = report({
    kind: "kpis",
    items: [
      {
        id: "credits",
        label: "Credits",
        query: {
          dataset: "cost",
          measures: ["billed_cost"],
          filters: [{ field: "charge_category", op: "equals", value: "Credit" }],
        },
        measure: "billed_cost",
        upIs: "neutral",
      },
    ],
  });

  it("shows 0 where there is a bill without credits, and nothing where there is no bill", async () => {
    const billed = await buildDocument(credits(true).context, card);
    expect(billed.sections[1]).toMatchObject({ items: [{ value: "0", unit: "USD" }] });
    const empty = await buildDocument(credits(false).context, card);
    expect(empty.sections[1]).toMatchObject({ items: [{ value: null }] });
  });
});
