import { isAscii, isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { MAX_ROW_BYTES } from "./csv-structure.ts";

/** `mixed`: neither; some of its lines are not UTF-8. */
export type Encoding = "utf-8" | "windows-1252" | "mixed";

const READ_BYTES = 1 << 20;
const LF = 0x0a;

/**
 * Finds out how a text file is encoded, from all of its bytes: the engine must not be given text that is not UTF-8. A
 * file is taken for Windows-1252 (what spreadsheets on Windows write; a superset of ISO 8859-1 in what it prints) when
 * no character beyond ASCII in it is UTF-8 and at least two of its lines have one: a single line may as well be damaged.
 */
export async function encodingOf(path: string): Promise<Encoding> {
  const seen = { utf8: false, other: 0, undefinedBytes: false };
  let carried: Uint8Array = new Uint8Array(0);
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    const bytes = carried.length === 0 ? (chunk as Buffer) : Buffer.concat([carried, chunk as Buffer]);
    const end = bytes.lastIndexOf(LF) + 1;
    // No row is so long; whatever this is, its rows are told apart by the scanner.
    if (end === 0 && bytes.length > 2 * MAX_ROW_BYTES) return "mixed";
    inspect(bytes.subarray(0, end), seen);
    if (seen.utf8 && seen.other > 0) return "mixed";
    carried = bytes.subarray(end);
  }
  inspect(carried, seen);
  if (seen.other === 0) return "utf-8";
  return !seen.utf8 && seen.other > 1 && !seen.undefinedBytes ? "windows-1252" : "mixed";
}

function inspect(lines: Uint8Array, seen: { utf8: boolean; other: number; undefinedBytes: boolean }): void {
  if (seen.utf8 ? isUtf8(lines) : isAscii(lines)) return;
  if (isUtf8(lines)) {
    seen.utf8 = true;
    return;
  }
  for (let from = 0; from < lines.length;) {
    const found = lines.indexOf(LF, from);
    const end = found < 0 ? lines.length : found + 1;
    const line = lines.subarray(from, end);
    from = end;
    if (isAscii(line)) continue;
    if (isUtf8(line)) seen.utf8 = true;
    else {
      seen.other++;
      seen.undefinedBytes ||= line.some((byte) => UNDEFINED.has(byte));
    }
  }
}

/** Bytes that Windows-1252 has no character for. */
const UNDEFINED: ReadonlySet<number> = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);
/** The characters of bytes 0x80 to 0x9F, where it differs from ISO 8859-1. https://encoding.spec.whatwg.org/#windows-1252 */
const SPECIAL =
  "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

/** A Windows-1252 file as UTF-8. */
export async function* fromWindows1252(path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    const text = (chunk as Buffer)
      .toString("latin1")
      .replace(/[\u0080-\u009f]/g, (character) => SPECIAL.charAt(character.charCodeAt(0) - 0x80));
    yield Buffer.from(text);
  }
}
