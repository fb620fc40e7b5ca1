import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collect, dimension, documentOf, money, showcase } from "../../../test/support/documents.ts";
import { decimalText, nastyText } from "../../../test/support/nasty.ts";
import type { ReportDocument } from "../../core/reports/document.ts";
import { jsonLinesRenderer, jsonRenderer } from "./json.ts";

const columns = [dimension("service", "Service"), money("billed_cost", "Billed cost", "USD")];

interface Parsed {
  version: string;
  sections: { kind: string; id?: string; rows?: Record<string, string | null>[] }[];
  columns: { id: string; unit?: string }[];
  rows: Record<string, string | null>[];
  others: { groups: number; cells: Record<string, string | null> } | null;
  totals: unknown[];
  manifest: { rowsWritten: number; datasetHash: string; notes: string[] };
}

async function json(document: ReportDocument): Promise<Parsed> {
  return JSON.parse((await collect(jsonRenderer.render(document))).toString()) as Parsed;
}

async function lines(document: ReportDocument): Promise<Record<string, unknown>[]> {
  const text = (await collect(jsonLinesRenderer.render(document))).toString();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("JSON", () => {
  it("keeps decimals exact and unknown values null", async () => {
    const parsed = await json(
      documentOf(columns, [
        ["a", "0.123456789012345678"],
        [null, null],
      ]),
    );
    expect(parsed.rows).toEqual([
      { service: "a", billed_cost: "0.123456789012345678" },
      { service: null, billed_cost: null },
    ]);
    expect(parsed.totals).toEqual([{ unit: "USD", values: { billed_cost: "0.123456789012345678" } }]);
    expect(parsed.others).toBeNull();
  });

  it("is whole and valid without rows", async () => {
    const parsed = await json(documentOf(columns, []));
    expect(parsed.rows).toEqual([]);
    expect(parsed.manifest.rowsWritten).toBe(0);
  });

  it("ends with the manifest, whose hash is known only after the last row", async () => {
    const text = (await collect(jsonRenderer.render(documentOf(columns, [["a", "1"]])))).toString();
    expect(text.indexOf('"manifest"')).toBeGreaterThan(text.indexOf('"rows"'));
    expect(Object.keys(JSON.parse(text) as object).at(-1)).toBe("manifest");
    expect((JSON.parse(text) as Parsed).manifest.datasetHash).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it("carries every section: cards, charts with their data, other tables with their rows", async () => {
    const side = documentOf(columns, [["side", "3"]], { title: "Side" }).sections[0];
    if (side?.kind !== "table") throw new Error("no table");
    const base = showcase(10);
    const parsed = await json({
      ...base,
      sections: [{ ...side, id: "side", detail: false }, ...base.sections],
    });
    expect(parsed.version).toBe("securebase-report/1");
    expect(parsed.sections.map((section) => section.kind)).toEqual([
      "table",
      ...base.sections.map((s) => s.kind),
    ]);
    expect(parsed.sections[0]?.rows).toEqual([{ service: "side", billed_cost: "3" }]);
    const chart = parsed.sections.find((section) => section.id === "top-services");
    expect(chart?.rows?.[0]).toEqual({ service: "Amazon EC2", billed_cost: "12000.00" });
    expect(parsed.rows).toHaveLength(10);
    expect(parsed.others?.groups).toBe(7);
  });

  it("writes one object a line when asked, each named by its only key", async () => {
    const document = documentOf(
      columns,
      [
        ["a\nb", "1"],
        ["c", "2"],
      ],
      { others: { groups: 3, cells: [null, "9"] } },
    );
    const parsed = await lines(document);
    expect(parsed.map((line) => Object.keys(line))).toEqual([
      ["head"],
      ["row"],
      ["row"],
      ["others"],
      ["manifest"],
    ]);
    expect(parsed[1]).toEqual({ row: { service: "a\nb", billed_cost: "1" } });
  });

  it("replaces lone surrogates and says so in the manifest", async () => {
    const parsed = await json(
      documentOf(columns, [
        ["a\ud800b", "1"],
        ["fine 👍", "2"],
      ]),
    );
    expect(parsed.rows.map((row) => row["service"])).toEqual(["a\ufffdb", "fine 👍"]);
    expect(parsed.manifest.notes).toEqual([expect.stringContaining("1 cell held half of a surrogate pair")]);
  });

  it("reads back as written, whatever the cells hold", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(nastyText(), decimalText)), async (rows) => {
        const want = rows.map(([service, billed_cost]) => ({ service, billed_cost }));
        expect((await json(documentOf(columns, rows))).rows).toEqual(want);
        const inLines = (await lines(documentOf(columns, rows))).flatMap((line) =>
          "row" in line ? [line["row"]] : [],
        );
        expect(inLines).toEqual(want);
      }),
      { numRuns: 150 },
    );
  });
});
