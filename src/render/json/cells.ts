import type { Column, Row } from "../../core/query/query.ts";
import type { ByteWriter } from "../shared/bytes.ts";
import { hasLoneSurrogate, wellFormed } from "../shared/text.ts";

const QUOTE = 34;
const BACKSLASH = 92;
const CLOSE = 125;
const NULL = Buffer.from("null");

/** Writes rows as JSON objects, and counts the cells in which something had to be replaced. */
export interface RowWriter {
  replaced: number;
  write(out: ByteWriter, row: Row): void;
}

/**
 * A writer of `{"service":"Amazon EC2","billed_cost":"12.5"}`: keyed by column id, numbers as strings since a JSON
 * number would lose digits in most readers (RFC 8259, section 6), null where nothing is known.
 */
export function rowWriter(columns: readonly Column[]): RowWriter {
  const keys = columns.map((column, i) =>
    Buffer.from(`${i === 0 ? "{" : ","}${JSON.stringify(wellFormed(column.id))}:`),
  );
  return {
    replaced: 0,
    write(out, row) {
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i];
        const cell = row[i];
        if (key !== undefined) out.bytes(key);
        if (cell === null || cell === undefined) out.bytes(NULL);
        else if (writeString(out, cell)) this.replaced++;
      }
      out.byte(CLOSE);
    },
  };
}

/** @returns whether a lone surrogate was replaced */
function writeString(out: ByteWriter, text: string): boolean {
  const { length } = text;
  out.reserve(length + 2);
  const { buffer } = out;
  const start = out.length + 1;
  buffer[start - 1] = QUOTE;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code > 126 || code === QUOTE || code === BACKSLASH) {
      out.text(JSON.stringify(wellFormed(text)));
      return hasLoneSurrogate(text);
    }
    buffer[start + i] = code;
  }
  buffer[start + length] = QUOTE;
  out.length = start + length + 1;
  return false;
}
