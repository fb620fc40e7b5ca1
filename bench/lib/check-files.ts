import { createReadStream, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import zlib from "node:zlib";
import { parse } from "csv-parse";

/** What a file was found to hold: rows of data and the sum of the billed cost, in millionths. */
export interface Found {
  rows: number;
  micros: bigint;
}

const MICROS = 6;

/** Millionths of decimal text; of a double's shortest text too, since six decimals are well within its digits. */
export function micros(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  const digits = fraction.padEnd(MICROS + 1, "0");
  const rounded = BigInt(whole + digits.slice(0, MICROS));
  return Number(digits[MICROS]) >= 5 ? rounded + 1n : rounded;
}

/** Reads the largest sheet of a workbook: inflates it and takes the values of column G, formulas (totals) left out. */
export async function checkWorkbook(file: string): Promise<Found> {
  const archive = readFileSync(file);
  const sheet = largestSheet(archive);
  const found: Found = { rows: 0, micros: 0n };
  const inflate = zlib.createInflateRaw();
  inflate.end(sheet);
  let rest = "";
  for await (const chunk of inflate) {
    const text = rest + (chunk as Buffer).toString("latin1");
    const end = text.lastIndexOf("</row>");
    if (end < 0) {
      rest = text;
      continue;
    }
    for (const [, value = ""] of text.slice(0, end).matchAll(/<c r="G\d+"[^>]*><v>([\d.]+)<\/v>/g)) {
      found.rows++;
      found.micros += micros(value);
    }
    rest = text.slice(end);
  }
  return found;
}

function largestSheet(archive: Buffer): Buffer {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  let at = archive.readUInt32LE(end + 16);
  let best: Buffer = Buffer.alloc(0);
  for (let i = archive.readUInt16LE(end + 10); i > 0; i--) {
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.subarray(at + 46, at + 46 + nameLength).toString();
    const size = archive.readUInt32LE(at + 20);
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    if (name.startsWith("xl/worksheets/") && size > best.length) best = archive.subarray(start, start + size);
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return best;
}

export async function checkCsv(file: string): Promise<Found> {
  const found: Found = { rows: 0, micros: 0n };
  const parser = createReadStream(file).pipe(parse({ from: 2 }));
  for await (const record of parser) {
    found.rows++;
    found.micros += micros((record as string[])[6] ?? "");
  }
  return found;
}

export function checkJson(file: string): Found {
  const { rows } = JSON.parse(readFileSync(file, "utf8")) as { rows: Record<string, string>[] };
  return {
    rows: rows.length,
    micros: rows.reduce((sum, row) => sum + micros(row["billed_cost"] ?? ""), 0n),
  };
}

export async function checkLines(file: string): Promise<Found> {
  const found: Found = { rows: 0, micros: 0n };
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { row } = JSON.parse(line) as { row?: Record<string, string> };
    if (row === undefined) continue;
    found.rows++;
    found.micros += micros(row["billed_cost"] ?? "");
  }
  return found;
}
