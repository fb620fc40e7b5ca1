import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { collect, day, dimension, documentOf, money } from "../support/documents.ts";
import { readWorkbook } from "../support/workbook.ts";
import type { Row } from "../../src/core/query/query.ts";
import { EXPORT_FORMATS, fileTypeOf } from "../../src/core/reports/formats.ts";
import { rendererFor } from "../support/rendering.ts";

const columns = [day, dimension("service", "Service"), money("billed_cost", "Billed cost", "USD")];
const rows: Row[] = Array.from({ length: 1_234 }, (_, i) => [
  `2024-09-${String((i % 30) + 1).padStart(2, "0")}`,
  i % 50 === 0 ? null : `service ${i % 17}`,
  i % 40 === 0 ? null : `${i}.${String(i).padStart(6, "0")}1`,
]);

async function bytesOf(format: "csv" | "json" | "xlsx"): Promise<Buffer> {
  return collect((await rendererFor(format)).render(documentOf(columns, rows, { title: "Costs" })));
}

describe("the registry", () => {
  it.each(EXPORT_FORMATS)("has a renderer for %s", async (format) => {
    expect((await rendererFor(format)).format).toBe(format);
    expect(fileTypeOf(format).extension).toBe(format);
  });

  it("gives NDJSON its own media type and extension", () => {
    expect(fileTypeOf("json", true)).toEqual({ mediaType: "application/x-ndjson", extension: "ndjson" });
  });

  it("writes the same rows, totals and hash in every format", async () => {
    const csv = parse(await bytesOf("csv")).slice(1);
    const json = JSON.parse((await bytesOf("json")).toString()) as {
      rows: Record<string, string | null>[];
      manifest: { datasetHash: string; totals: { values: Record<string, string> }[] };
    };
    const book = readWorkbook(await bytesOf("xlsx"));
    const sheet = book.sheets.find((candidate) => candidate.name === "Costs");
    const about = book.sheets.at(-1)?.rows.flat() ?? [];
    expect(csv).toEqual(rows.map((row) => row.map((cell) => cell ?? "")));
    expect(json.rows.map((row) => Object.values(row))).toEqual(rows);
    expect(sheet?.rows.slice(1, -1).map((row) => row.slice(1))).toEqual(rows.map((row) => row.slice(1)));
    expect(about).toContain(json.manifest.datasetHash);
    expect(about).toContain(json.manifest.totals[0]?.values["billed_cost"]);
  });
});
