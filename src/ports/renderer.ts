import type { ReportDocument } from "../core/reports/document.ts";
import type { ExportFormat } from "../core/reports/formats.ts";

export interface RenderOptions {
  /** CSV: a UTF-8 byte-order mark, which Excel needs to see UTF-8. */
  bom?: boolean;
  /** CSV: one character; default comma. */
  delimiter?: string;
  /** JSON: one object a line (NDJSON) instead of one document. */
  lines?: boolean;
  /** PDF: default A4 portrait. */
  page?: { size: "A4" | "letter"; orientation: "portrait" | "landscape" };
}

/**
 * Turns a document into a file. The bytes are pulled: nothing is read from the document before the consumer asks,
 * and a consumer that calls `return()` ends the document's row streams.
 */
export interface Renderer {
  readonly format: ExportFormat;
  /** @throws DomainError `export.too-large` where the format itself has a limit that bites */
  render(document: ReportDocument, options?: RenderOptions): AsyncIterable<Uint8Array>;
}

/** Gives the renderer of a format. With `lines`, JSON is NDJSON. */
export type Renderers = (format: ExportFormat, options?: RenderOptions) => Promise<Renderer>;
