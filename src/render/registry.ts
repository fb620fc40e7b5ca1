import type { ExportFormat } from "../core/reports/formats.ts";
import type { Renderer, RenderOptions } from "../ports/renderer.ts";

/**
 * The renderer of a format, loaded on first use: a query never pays for the PDF engine.
 * @param options with `lines`, JSON is NDJSON, which has a media type and an extension of its own
 */
export async function rendererFor(format: ExportFormat, options: RenderOptions = {}): Promise<Renderer> {
  switch (format) {
    case "csv":
      return (await import("./csv/csv.ts")).csvRenderer;
    case "json": {
      const { jsonLinesRenderer, jsonRenderer } = await import("./json/json.ts");
      return options.lines === true ? jsonLinesRenderer : jsonRenderer;
    }
    case "xlsx":
      return (await import("./xlsx/xlsx.ts")).xlsxRenderer;
    case "pdf":
      return (await import("./pdf/pdf.ts")).pdfRenderer;
  }
}
