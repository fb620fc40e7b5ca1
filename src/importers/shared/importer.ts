import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { Compression, InputFile, TableFormat, TableMapping } from "../../ports/load.ts";

/** What can be known of a file from its first bytes, made once and shown to every importer. */
export type Sample =
  | { kind: "empty"; file: InputFile }
  | { kind: "csv"; file: InputFile; compression: Compression; delimiter: string; header: readonly string[] }
  | { kind: "parquet"; file: InputFile; columns: readonly string[] }
  | {
      kind: "json";
      file: InputFile;
      compression: Compression;
      /** The beginning of the text. */
      text: string;
    }
  | { kind: "other"; file: InputFile; compression: Compression; bytes: Uint8Array };

/** A file that an importer knows, and what to load from it. */
export interface Detected {
  format: string;
  version: string;
  dataset: DatasetId;
  mapping: TableMapping;
  table: TableFormat;
}

/** Recognises one format. Importers know nothing of any store: what they return is data. */
export interface Importer {
  /** As typed after `--format`. */
  format: string;
  title: string;
  /**
   * @returns undefined when the file is of another format
   * @throws DomainError `import.*` when it is of this format and cannot be loaded, e.g. for a missing column
   */
  detect(sample: Sample): Detected | undefined;
}

/** A sample's column names; undefined when it is no table. */
export function columnsOf(sample: Sample): readonly string[] | undefined {
  if (sample.kind === "csv") return sample.header;
  return sample.kind === "parquet" ? sample.columns : undefined;
}

/** A table sample as the store wants it described. */
export function tableOf(sample: Sample & { kind: "csv" | "parquet" }): TableFormat {
  if (sample.kind === "parquet") return { kind: "parquet", columns: sample.columns };
  const { compression, delimiter, header } = sample;
  return { kind: "csv", compression, delimiter, header };
}
