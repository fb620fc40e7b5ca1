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

/** Where a file was left, for another process to go on: plain data, bytes and typed arrays among it. */
export interface RenderState {
  /** Rows of the detail table that are in the file. */
  rows: number;
  /** The renderer's own; only the same version of it can read it. */
  data: unknown;
}

/** One leg of the way to a whole file, which processes write one after the other. */
export interface Leg {
  /** Where the leg before ended; absent in the first. The detail table's stream begins behind its rows. */
  from?: RenderState;
  /** Asked where the file can be left: some times a second, all detail rows before being in the file. */
  pause(): boolean;
}

/** A leg's bytes; its return value is where it ended, undefined when the file is whole. */
export type LegBytes = AsyncIterable<Uint8Array, RenderState | undefined>;

/**
 * Turns a document into a file. The bytes are pulled: nothing is read from the document before the consumer asks,
 * and a consumer that calls `return()` ends the document's row streams.
 */
export interface Renderer {
  readonly format: ExportFormat;
  /** RFC 6838 media type with parameters. */
  readonly mediaType: string;
  readonly extension: string;
  /** @throws DomainError `export.too-large` where the format itself has a limit that bites */
  render(document: ReportDocument, options?: RenderOptions): AsyncIterable<Uint8Array>;
  /**
   * Writes a part of the file. The bytes of all legs in a row are those that `render` gives, whatever the cuts, as long
   * as every leg gets the same document; tables before the detail table are not read again.
   */
  renderLeg(document: ReportDocument, options: RenderOptions, leg: Leg): LegBytes;
}
