import { closeTables, type ReportDocument } from "../../src/core/reports/document.ts";
import type { ExportFormat } from "../../src/core/reports/formats.ts";
import type { Manifest } from "../../src/core/reports/manifest.ts";
import type { RenderOptions } from "../../src/ports/renderer.ts";
import { createRenderers } from "../../src/render/registry.ts";
import { FONT_FOLDER } from "../../src/runtimes/fonts.ts";

export { FONT_FOLDER };

/** The renderer of a format, as the service puts it together. */
export const rendererFor = createRenderers(() => FONT_FOLDER);

/** Renders a document as one stream; the manifest is complete when the body has ended. */
export async function renderDocument(
  document: ReportDocument,
  format: ExportFormat,
  options: RenderOptions = {},
): Promise<{ body: AsyncIterable<Uint8Array>; manifest: () => Manifest }> {
  const renderer = await rendererFor(format, options);
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      yield* renderer.render(document, options);
    } finally {
      await closeTables(document.sections);
    }
  }
  return { body: body(), manifest: document.manifest };
}
