import type { Renderers } from "../ports/renderer.ts";

/**
 * The renderers of all formats, each loaded on first use: a query never pays for the PDF engine.
 * @param fonts gives the folder of the fonts that PDFs are set in; asked when one is to be rendered
 */
export function createRenderers(fonts: () => string): Renderers {
  return async (format, options = {}) => {
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
        return (await import("./pdf/pdf.ts")).createPdfRenderer(fonts());
    }
  };
}
