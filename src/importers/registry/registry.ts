import { shorten } from "../../core/errors/bounded.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { unknownNameFix } from "../../core/errors/suggest.ts";
import type { InputFile, TableFormat, TableMapping } from "../../ports/load.ts";
import { curImporter } from "../cur/cur.ts";
import { focusImporter } from "../focus/focus.ts";
import { importError } from "../shared/errors.ts";
import type { Detected, Importer } from "../shared/importer.ts";
import { takeSample } from "../shared/sample.ts";
import { describeUnknown } from "./describe-unknown.ts";

/** All importers, in the order they are asked. */
export const IMPORTERS: readonly Importer[] = [focusImporter, curImporter];

/** What `--format` takes. */
export const FORMATS: readonly string[] = ["auto", ...IMPORTERS.map((importer) => importer.format)];

/**
 * Finds out what a file holds.
 * @param format one of {@link FORMATS}; other than `auto` only that format will do
 * @returns the format, and the file as a store can read it; undefined when it holds nothing: no bytes, or the empty
 *   JSON list
 * @throws DomainError `import.unknown-format` (says what the file looks like instead), `import.duplicate-column`,
 * `import.missing-column`, `import.damaged`, `import.encoding`, `import.invalid-format`
 */
export async function detectFormat(
  file: InputFile,
  format = "auto",
): Promise<(Detected & { file: InputFile }) | undefined> {
  const importers = importersOf(format);
  const sample = await takeSample(file);
  if (sample.kind === "empty") return undefined;
  for (const importer of importers) {
    const detected = importer.detect(sample);
    if (detected === undefined) continue;
    checkColumns(file, detected);
    return { ...detected, file: sample.file };
  }
  const like = describeUnknown(sample);
  const titles = importers.map((importer) => importer.title).join("; ");
  throw importError(
    "unknown-format",
    file,
    `cannot be imported${format === "auto" ? "" : ` as ${format}`}: ${like === undefined ? "its format is not supported" : `it looks like ${like}`}`,
    { fix: `Import one of these: ${titles}.` },
  );
}

function importersOf(format: string): readonly Importer[] {
  if (format === "auto") return IMPORTERS;
  const found = IMPORTERS.filter((importer) => importer.format === format);
  if (found.length > 0) return found;
  throw new DomainError("import.invalid-format", "invalid", `"${shorten(format)}" is not a format`, {
    field: "format",
    allowed: FORMATS,
    fix: unknownNameFix(format, FORMATS),
  });
}

/**
 * Two columns with one name cannot be distinguished, and picking one would be a guess. Tags have names of their owners'
 * making, in which case counts.
 */
function checkColumns(file: InputFile, { mapping, table }: Detected): void {
  const families = mapping.fields.flatMap(({ tagColumns = [] }) =>
    tagColumns.map((name) => name.toLowerCase()),
  );
  const seen = new Set<string>();
  for (const name of table.kind === "csv" ? table.header : table.columns) {
    const lower = name.toLowerCase();
    const key = families.some((family) => lower.startsWith(family)) ? name : lower;
    if (key !== "" && seen.has(key)) {
      throw importError("duplicate-column", file, `has two columns named ${shorten(name)}`, {
        fix: "Rename or remove one of them.",
        field: name,
      });
    }
    seen.add(key);
  }
}

/** Files of one command as one load. */
export interface ImportPlan {
  /** Undefined when no file holds anything. */
  mapping: TableMapping | undefined;
  files: readonly { file: InputFile; table: TableFormat }[];
  /** Names of files that hold nothing. */
  empty: readonly string[];
}

/**
 * Detects all files of one command.
 * @throws DomainError `import.mixed-formats`, and what {@link detectFormat} throws
 */
export async function planImport(files: readonly InputFile[], format = "auto"): Promise<ImportPlan> {
  const found: { file: InputFile; detected: Detected }[] = [];
  const empty: string[] = [];
  for (const file of files) {
    const detected = await detectFormat(file, format);
    if (detected === undefined) empty.push(file.name);
    else found.push({ file: detected.file, detected });
  }
  const first = found[0];
  if (first === undefined) return { mapping: undefined, files: [], empty };
  const other = found.find(({ detected }) => detected.format !== first.detected.format);
  if (other !== undefined) {
    throw importError(
      "mixed-formats",
      other.file,
      `holds ${other.detected.format}, ${first.file.name} holds ${first.detected.format}: one import takes one format`,
      { fix: "Import them with two commands." },
    );
  }
  const versions = [...new Set(found.map(({ detected }) => detected.version))].sort();
  return {
    mapping: { ...first.detected.mapping, version: versions.join(", ") },
    files: found.map(({ file, detected }) => ({ file, table: detected.table })),
    empty,
  };
}
