import { shorten } from "../errors/bounded.ts";
import { invalid } from "../errors/errors.ts";
import { unknownNameFix } from "../errors/suggest.ts";

export const EXPORT_FORMATS = ["csv", "json", "xlsx", "pdf"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface FileType {
  /** RFC 6838 media type with parameters. */
  mediaType: string;
  extension: string;
}

const FILE_TYPES: Readonly<Record<ExportFormat, FileType>> = {
  csv: { mediaType: "text/csv; charset=utf-8; header=present", extension: "csv" },
  json: { mediaType: "application/json", extension: "json" },
  xlsx: {
    mediaType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    extension: "xlsx",
  },
  pdf: { mediaType: "application/pdf", extension: "pdf" },
};

const NDJSON: FileType = { mediaType: "application/x-ndjson", extension: "ndjson" };

/** @param lines whether JSON is NDJSON, which has a media type and an extension of its own */
export function fileTypeOf(format: ExportFormat, lines = false): FileType {
  return format === "json" && lines ? NDJSON : FILE_TYPES[format];
}

/** @throws DomainError `export.unknown-format` */
export function parseFormat(text: string): ExportFormat {
  const format = EXPORT_FORMATS.find((candidate) => candidate === text.toLowerCase());
  if (format !== undefined) return format;
  throw invalid("export.unknown-format", `"${shorten(text)}" is not an export format`, {
    field: "format",
    allowed: EXPORT_FORMATS,
    fix: unknownNameFix(text, EXPORT_FORMATS),
  });
}
