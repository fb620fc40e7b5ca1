import { CsvScanner, splitRecord } from "../../core/csv/scanner.ts";
import { PARQUET_MAGIC } from "../../core/parquet/footer.ts";
import type { Compression, InputFile } from "../../ports/load.ts";
import { compressionOf, gunzip, peek } from "./bytes.ts";
import { importError } from "./errors.ts";
import type { Sample } from "./importer.ts";
import { parquetColumns } from "./parquet.ts";
import { unpackedZstd } from "./zstd.ts";

/** Longest header row: a bill with a thousand tag columns has some 60 kB. */
const SAMPLE_BYTES = 256 << 10;
const DELIMITERS = [",", ";", "\t", "|"];

/**
 * Reads as much of a file as it takes to detect its format.
 * @throws DomainError `import.damaged`, `import.encoding`, `import.header-too-long`
 */
export async function takeSample(file: InputFile): Promise<Sample> {
  const raw = await peek(file.open(), SAMPLE_BYTES);
  const compression = compressionOf(raw.bytes);
  if (compression === "zstd") return takeSample(unpackedZstd(file));
  if (startsWith(raw.bytes, PARQUET_MAGIC)) {
    return { kind: "parquet", file, columns: await parquetColumns(file) };
  }
  const { bytes, whole } = compression === "gzip" ? await peek(gunzip(file), SAMPLE_BYTES) : raw;
  return describe(file, compression, bytes, whole);
}

function describe(file: InputFile, compression: Compression, bytes: Uint8Array, whole: boolean): Sample {
  checkEncoding(file, bytes);
  const text = new TextDecoder().decode(bytes);
  const trimmed = text.trimStart();
  if (whole && (trimmed === "" || /^\[\s*\]\s*$/.test(trimmed))) return { kind: "empty", file };
  if (isBinary(bytes) || /^(PK\x03\x04|%PDF|<)/.test(trimmed))
    return { kind: "other", file, compression, bytes };
  if (/^(\{|\[\s*[{\]])/.test(trimmed)) return { kind: "json", file, compression, text: trimmed };
  const { delimiter, header } = bestSplit(bytes, whole);
  if (header.length > 1) return { kind: "csv", file, compression, delimiter, header };
  if (!whole && DELIMITERS.some((delimiter) => text.includes(delimiter)) && !/[\r\n]/.test(text)) {
    throw importError("header-too-long", file, `has no line end in its first ${SAMPLE_BYTES >> 10} kB`, {
      fix: "Check that it is a CSV file with a header row and one line per row.",
    });
  }
  return { kind: "other", file, compression, bytes };
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.subarray(0, text.length)).toString("latin1") === text;
}

/** UTF-16 shows by its byte-order mark, or by every second byte of its Latin letters being zero. */
function checkEncoding(file: InputFile, bytes: Uint8Array): void {
  const [a, b] = bytes;
  const marked = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);
  const head = bytes.subarray(0, 64);
  const zeros = (parity: number): number => head.filter((byte, i) => byte === 0 && i % 2 === parity).length;
  const alternating =
    head.length >= 8 && [0, 1].some((p) => zeros(p) > head.length * 0.4 && zeros(1 - p) === 0);
  if (!marked && !alternating) return;
  throw importError("encoding", file, "is written in UTF-16", {
    fix: "Save it as UTF-8, for example: iconv -f UTF-16 -t UTF-8.",
  });
}

function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 4096).includes(0);
}

/** The header under the delimiter that gives it most columns. */
function bestSplit(bytes: Uint8Array, whole: boolean): { delimiter: string; header: readonly string[] } {
  let best: { delimiter: string; header: readonly string[] } = { delimiter: ",", header: [] };
  for (const delimiter of DELIMITERS) {
    const header = firstRecord(bytes, whole, delimiter);
    if (header.length > best.header.length) best = { delimiter, header };
  }
  return best;
}

function firstRecord(bytes: Uint8Array, whole: boolean, delimiter: string): string[] {
  let fields: string[] | undefined;
  const scanner = new CsvScanner(delimiter, SAMPLE_BYTES, (record) => {
    fields ??= splitRecord(new TextDecoder().decode(record.bytes), delimiter).map((name) => name.trim());
  });
  scanner.push(bytes);
  if (whole) scanner.finish();
  return fields ?? [];
}
