import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderDocument } from "../support/rendering.ts";
import { buildDocument } from "../../src/app/reports/build-document.ts";
import { templateDefinition } from "../../src/app/reports/reports.ts";
import { checkDefinition } from "../../src/core/reports/check.ts";
import type { Kpi, ReportDocument } from "../../src/core/reports/document.ts";
import { EXPORT_FORMATS, type ExportFormat } from "../../src/core/reports/formats.ts";
import type { Manifest } from "../../src/core/reports/manifest.ts";
import type { RenderOptions } from "../../src/ports/renderer.ts";
import { demoRecordLoads } from "../../src/demo/facts.ts";
import { cost, NOW } from "../conformance/lib/facts.ts";
import { collect } from "../support/documents.ts";
import { type TestTenant, testTenant } from "../support/tenant-context.ts";

const OPTIONS = { seed: 20_240_917, end: "2024-10-01", months: 3 };
const TEMPLATES: [id: string, parameters: Record<string, string>][] = [
  ["security-posture", {}],
  ["compliance", { framework: "hipaa" }],
  ["usage", {}],
  ["executive-summary", {}],
];

async function documentOf(
  tenant: TestTenant,
  id: string,
  parameters: Record<string, string>,
): Promise<ReportDocument> {
  const definition = checkDefinition(await templateDefinition(tenant.context, id, parameters), NOW);
  return buildDocument(tenant.context, definition);
}

async function render(
  document: ReportDocument,
  format: ExportFormat,
  options: RenderOptions = {},
): Promise<{ bytes: Buffer; manifest: Manifest }> {
  const { body, manifest } = await renderDocument(document, format, options);
  const bytes = await collect(body);
  return { bytes, manifest: manifest() };
}

/** Pages of the executive summary, on A4 and on letter. */
async function summaryPages(of: TestTenant): Promise<number[]> {
  const pages: number[] = [];
  for (const size of ["A4", "letter"] as const) {
    const document = await documentOf(of, "executive-summary", {});
    const { bytes } = await render(document, "pdf", { page: { size, orientation: "portrait" } });
    const pdf = await getDocument({ data: new Uint8Array(bytes), verbosity: 0 }).promise;
    pages.push(pdf.numPages);
  }
  return pages;
}

const cards = (document: ReportDocument): Kpi[] =>
  document.sections.flatMap((section) => (section.kind === "kpis" ? section.items : []));

describe("the templates of posture and summary", () => {
  let tenant: TestTenant;
  let empty: TestTenant;
  beforeAll(async () => {
    tenant = await testTenant({ id: "meridian-health", frameworks: ["HIPAA"] });
    for (const load of demoRecordLoads(OPTIONS, "2024-10-01T06:00:00.000Z"))
      await tenant.context.services.loader.loadRecords(load);
    const charge = (day: string, billed_cost: string, service_name: string) =>
      cost(day, { billed_cost, effective_cost: billed_cost, service_name, sub_account_id: "1" });
    await tenant.load(
      "cost",
      [charge("2024-08-10", "100", "EC2"), charge("2024-09-10", "130", "EC2")].map((fact) => ({
        ...fact,
        tenant: "meridian-health",
      })),
    );
    empty = await testTenant({ id: "empty", frameworks: ["HIPAA"] });
  });
  afterAll(async () => {
    await tenant.close();
    await empty.close();
  });

  it.each(TEMPLATES)("%s has the same dataset in every format", async (id, parameters) => {
    const hashes = new Set<string>();
    for (const format of EXPORT_FORMATS) {
      const { manifest, bytes } = await render(await documentOf(tenant, id, parameters), format);
      expect(bytes.length).toBeGreaterThan(200);
      expect([manifest.complete, manifest.rowsWritten]).toEqual([true, manifest.rowsTotal]);
      expect(manifest.rowsTotal).toBeGreaterThan(0);
      hashes.add(manifest.datasetHash);
    }
    expect(hashes.size).toBe(1);
  });

  it.each(TEMPLATES)("%s says what is not known, and never 0, without data", async (id, parameters) => {
    const document = await documentOf(empty, id, parameters);
    expect(cards(document).length).toBeGreaterThan(3);
    for (const card of cards(document)) expect([card.id, card.value]).toEqual([card.id, null]);
    await render(document, "pdf");
  });

  it("the executive summary is one page, with every card known", async () => {
    const document = await documentOf(tenant, "executive-summary", {});
    for (const card of cards(document)) expect([card.id, card.value]).not.toEqual([card.id, null]);
    const charts = document.sections.flatMap((section) => (section.kind === "chart" ? section.id : []));
    expect(charts).toEqual(["trend", "severities", "compliance"]);
    expect(await summaryPages(tenant)).toEqual([1, 1]);
  });

  it.each(["ledgerline", "civic-records", "sprout", "tidewater"])(
    "the executive summary of %s is one page, though nothing is known of its cost",
    async (id) => {
      const own = { ...tenant.context.tenant, id, name: `${id} (demo)`, demo: true };
      const other = { ...tenant, context: { ...tenant.context, tenant: own } };
      const known = cards(await documentOf(other, "executive-summary", {})).map(
        ({ value }) => value !== null,
      );
      expect(known).toEqual([false, true, true, true]);
      expect(await summaryPages(other)).toEqual([1, 1]);
    },
  );

  it("the executive summary is one page where nothing is known at all, and with a logo", async () => {
    const pixel =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const branding = { color: "#0f766e", logo: `data:image/png;base64,${pixel}` };
    const own = { ...empty.context.tenant, branding, demo: true };
    expect(await summaryPages({ ...empty, context: { ...empty.context, tenant: own } })).toEqual([1, 1]);
  });

  it("the executive summary stays one page with long names and several currencies", async () => {
    const several = await testTenant({ id: "several" });
    try {
      const facts = ["USD", "EUR", "GBP", "JPY", "CHF"].flatMap((billing_currency) =>
        ["2024-08-10", "2024-09-10"].map((day) => ({
          ...cost(day, {
            billing_currency,
            billed_cost: day,
            sub_account_id: "1",
            service_name: "A service with a long name ".repeat(6),
          }),
          tenant: "several",
        })),
      );
      const amounts = facts.map((fact, i) => ({
        ...fact,
        values: { ...fact.values, billed_cost: String((i + 1) * 1_000_000), effective_cost: "1" },
      }));
      await several.load("cost", amounts);
      const document = await documentOf(several, "executive-summary", {});
      expect(cards(document).find(({ id }) => id === "billed")?.value).toBeNull();
      const { manifest } = await render(document, "pdf");
      expect([manifest.rowsWritten, manifest.complete]).toEqual([3, false]);
      expect(await summaryPages(several)).toEqual([1, 1]);
    } finally {
      await several.close();
    }
  });

  it("compliance lists the tenant's frameworks when none, or a wrong one, is named", async () => {
    await expect(templateDefinition(tenant.context, "compliance", {})).rejects.toMatchObject({
      code: "report.missing-parameter",
      allowed: ["HIPAA"],
      fix: expect.stringContaining("The tenant's frameworks are: HIPAA.") as string,
    });
    await expect(
      templateDefinition(tenant.context, "compliance", { framework: "HIPPA" }),
    ).rejects.toMatchObject({
      code: "report.invalid-parameter",
      fix: expect.stringContaining('"HIPAA"') as string,
    });
  });
});
