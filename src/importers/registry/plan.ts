import { shorten } from "../../core/errors/bounded.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { unknownNameFix } from "../../core/errors/suggest.ts";
import type { InputFile, TableFormat, TableMapping } from "../../ports/load.ts";
import { asffFormat } from "../asff/asff.ts";
import { cloudtrailFormat } from "../cloudtrail/cloudtrail.ts";
import { ocsfFormat } from "../ocsf/ocsf.ts";
import { prowlerFormat } from "../prowler/prowler.ts";
import { importError } from "../shared/errors.ts";
import type { Sample } from "../shared/importer.ts";
import type { RecordFormat } from "../shared/record-format.ts";
import { takeSample } from "../shared/sample.ts";
import { resolveDeliveries } from "./deliveries.ts";
import { describeUnknown } from "./describe-unknown.ts";
import { FORMATS, type ImportPlan, IMPORTERS, planImport } from "./registry.ts";

/** Formats whose records become facts one by one, in the order they are asked. */
export const RECORD_FORMATS: readonly RecordFormat[] = [
  asffFormat,
  ocsfFormat,
  cloudtrailFormat,
  prowlerFormat,
];

/** What `--format` takes: `auto`, the tables and the lists of records. */
export const ALL_FORMATS: readonly string[] = [...FORMATS, ...RECORD_FORMATS.map((format) => format.id)];

/** What the files of one command hold, and so how they are loaded. */
export type FilePlan = FileKinds & {
  /** Remarks on files that were left out. */
  remarks: readonly string[];
};

type FileKinds =
  | { kind: "empty"; empty: readonly string[] }
  | {
      kind: "tables";
      mapping: TableMapping;
      files: readonly { file: InputFile; table: TableFormat }[];
      empty: readonly string[];
    }
  | {
      kind: "records";
      /** For `openRecords`. */
      format: RecordFormat;
      version: string;
      files: readonly InputFile[];
      empty: readonly string[];
    };

/**
 * Finds out what the files of one command hold, tables and lists of records alike. A manifest among them names the
 * files of its delivery.
 * @param wanted one of {@link ALL_FORMATS}; other than `auto` only that format will do
 * @throws DomainError `import.missing-part` and others of {@link resolveDeliveries}; `import.invalid-format`,
 *   `import.unknown-format`, `import.mixed-formats`, and what `planImport` throws
 */
export async function planFiles(given: readonly InputFile[], wanted = "auto"): Promise<FilePlan> {
  if (!ALL_FORMATS.includes(wanted)) {
    throw new DomainError("import.invalid-format", "invalid", `"${shorten(wanted)}" is not a format`, {
      field: "format",
      allowed: ALL_FORMATS,
      fix: unknownNameFix(wanted, ALL_FORMATS),
    });
  }
  const { files, remarks } = await resolveDeliveries(given);
  return { ...(await planData(files, wanted)), remarks };
}

async function planData(files: readonly InputFile[], wanted: string): Promise<FileKinds> {
  const candidates = RECORD_FORMATS.filter((format) => wanted === "auto" || format.id === wanted);
  const found = new Map<RecordFormat, { file: InputFile; version: string }[]>();
  const others: Sample[] = [];
  const empty: string[] = [];
  for (const file of candidates.length === 0 ? [] : files) {
    const sample = await takeSample(file);
    if (sample.kind === "empty") empty.push(file.name);
    else place(sample, candidates, found, others);
  }
  const [first, second] = [...found];
  if (first === undefined) {
    const [other] = others;
    if (other !== undefined && wanted !== "auto" && candidates.length > 0) throw isNot(other, candidates);
    return tables(files, wanted === "auto" || candidates.length === 0 ? wanted : "auto");
  }
  const [format, members] = first;
  const odd = second?.[1][0]?.file ?? others[0]?.file;
  if (odd !== undefined) throw mixed(odd, second?.[0].title ?? "something else", members[0]?.file, format);
  const version = [...new Set(members.map((member) => member.version))].sort().join(", ");
  return { kind: "records", format, version, files: members.map((member) => member.file), empty };
}

function place(
  sample: Sample,
  candidates: readonly RecordFormat[],
  found: Map<RecordFormat, { file: InputFile; version: string }[]>,
  others: Sample[],
): void {
  for (const format of candidates) {
    const version = format.detect(sample);
    if (version === undefined) continue;
    found.set(format, [...(found.get(format) ?? []), { file: sample.file, version }]);
    return;
  }
  others.push(sample);
}

async function tables(files: readonly InputFile[], wanted: string): Promise<FileKinds> {
  const { mapping, files: found, empty } = await planTables(files, wanted);
  if (mapping === undefined) return { kind: "empty", empty };
  return { kind: "tables", mapping, files: found, empty };
}

/** An unknown file may have been meant as any format, not only as a table. */
async function planTables(files: readonly InputFile[], wanted: string): Promise<ImportPlan> {
  try {
    return await planImport(files, wanted);
  } catch (error) {
    if (wanted !== "auto" || !(error instanceof DomainError) || error.code !== "import.unknown-format")
      throw error;
    const titles = [...IMPORTERS, ...RECORD_FORMATS].map((format) => format.title).join("; ");
    const details = { fix: `Import one of these: ${titles}.`, cause: error };
    throw new DomainError(error.code, error.kind, error.message, details);
  }
}

function isNot(sample: Sample, candidates: readonly RecordFormat[]): DomainError {
  const titles = candidates.map((format) => format.title).join("; ");
  const like = describeUnknown(sample) ?? "no supported format";
  return importError("unknown-format", sample.file, `is not what --format says: it looks like ${like}`, {
    fix: `Give ${titles}, or leave --format out.`,
  });
}

function mixed(
  odd: InputFile,
  holds: string,
  first: InputFile | undefined,
  format: RecordFormat,
): DomainError {
  const what = `holds ${holds}, ${first?.name ?? "another"} holds ${format.title}: one import takes one format`;
  return importError("mixed-formats", odd, what, { fix: "Import them with two commands." });
}
