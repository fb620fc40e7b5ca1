import { shorten } from "../errors/bounded.ts";
import { invalid } from "../errors/errors.ts";
import { unknownNameFix } from "../errors/suggest.ts";

export const EXPORT_FORMATS = ["csv", "json", "xlsx", "pdf"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

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
