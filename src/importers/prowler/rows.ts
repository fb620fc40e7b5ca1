import { shorten } from "../../core/errors/bounded.ts";
import { isUtf8 } from "node:buffer";
import { type CsvProblem, type CsvRecord, CsvScanner, splitRecord } from "../../core/csv/scanner.ts";
import type { InputFile } from "../../ports/load.ts";
import { contentOf, withoutMark } from "../shared/content.ts";
import { importError } from "../shared/errors.ts";
import { JSON_LIMITS, type Located } from "../shared/json-stream.ts";

const PROBLEMS: Readonly<Record<CsvProblem, string>> = {
  unclosed: "opens a quote that is never closed",
  "text-after-quote": "has text after a closing quote",
  "too-long": `is longer than ${JSON_LIMITS.recordBytes} bytes`,
};
const REQUIRED = ["CHECK_ID", "STATUS"] as const;

/**
 * The rows of a Prowler CSV as objects by column name (upper case). The delimiter is whichever of `;` and `,` splits
 * the header. Rows that are no CSV, or have more or fewer fields than the header, come with their problem.
 * @throws DomainError `import.missing-column`, `import.duplicate-column`, `import.damaged`, `import.encoding`,
 *   `import.record-too-large`
 */
export async function* readProwlerRows(file: InputFile): AsyncGenerator<Located[], void, undefined> {
  let found: Located[] = [];
  let header: readonly string[] | undefined;
  let rows = 0;
  let scanner: CsvScanner | undefined;
  let delimiter = ";";
  const take = (record: CsvRecord): void => {
    if (header === undefined) header = headerOf(file, record, delimiter);
    else found.push(locate(record, ++rows, header, delimiter));
  };
  for await (const chunk of withoutMark(contentOf(file), file.name)) {
    if (scanner === undefined) {
      delimiter = delimiterOf(chunk);
      scanner = new CsvScanner(delimiter, JSON_LIMITS.recordBytes, take, file.name);
    }
    scanner.push(chunk);
    if (found.length === 0) continue;
    yield found;
    found = [];
  }
  scanner?.finish();
  if (found.length > 0) yield found;
}

function delimiterOf(chunk: Uint8Array): string {
  const line =
    Buffer.from(chunk.subarray(0, 4096))
      .toString("latin1")
      .split(/[\r\n]/)[0] ?? "";
  return line.split(";").length >= line.split(",").length ? ";" : ",";
}

function headerOf(file: InputFile, record: CsvRecord, delimiter: string): readonly string[] {
  const names = splitRecord(textOf(record.bytes), delimiter).map((name) => name.trim().toUpperCase());
  const missing = REQUIRED.find((name) => !names.includes(name));
  if (missing !== undefined) {
    throw importError("missing-column", file, `has no column ${missing}, so it is not Prowler output`, {
      field: missing,
      fix: "Give the CSV that Prowler wrote, or name another format.",
    });
  }
  const repeated = names.find((name, i) => name !== "" && names.indexOf(name) !== i);
  if (repeated !== undefined) {
    throw importError("duplicate-column", file, `has two columns named ${shorten(repeated)}`, {
      field: repeated,
      fix: "Rename or remove one of them.",
    });
  }
  return names;
}

function locate(record: CsvRecord, row: number, header: readonly string[], delimiter: string): Located {
  const bad = (problem: string): Located => ({ record: row, line: record.line, value: undefined, problem });
  if (record.problem !== undefined) return bad(PROBLEMS[record.problem]);
  if (!isUtf8(record.bytes)) return bad("is not UTF-8");
  const fields = splitRecord(textOf(record.bytes), delimiter);
  if (fields.length !== header.length) {
    return bad(`has ${fields.length} fields where the header has ${header.length}`);
  }
  const value = Object.fromEntries(header.map((name, i) => [name, fields[i] ?? ""]));
  return { record: row, line: record.line, value };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
