import type { ByteWriter } from "../shared/bytes.ts";

export type CellWriter = (out: ByteWriter, cell: string) => void;

const QUOTE = 34;
/**
 * First characters that make a spreadsheet read a cell as a formula, or step over to one: OWASP, "CSV Injection".
 * The full-width forms are what some East Asian versions take for the plain ones.
 */
const FORMULA_START = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** Writes text cells, neutralised with a leading apostrophe where they would start a formula. */
export function textWriter(delimiter: string): CellWriter {
  const write = plainWriter(delimiter);
  return (out, cell) => {
    const first = cell.charCodeAt(0);
    // Letters and digits are nearly all there is, and none of them starts a formula.
    const harmless = (first >= 48 && first <= 57) || (first > 64 && first < 0xff00);
    if (harmless || !FORMULA_START.test(cell)) write(out, cell);
    else quoted(out, `'${cell}`);
  };
}

/** Writes numbers as they are: a minus sign is no formula. */
export function numberWriter(delimiter: string): CellWriter {
  return plainWriter(delimiter);
}

/** Writes a cell byte by byte as long as it is plain ASCII; one that is not takes the slow way from its start. */
function plainWriter(delimiter: string): CellWriter {
  const separator = delimiter.charCodeAt(0);
  const special = new RegExp(`["\\r\\n${delimiter === "\t" ? "\\t" : `\\${delimiter}`}]`);
  return (out, cell) => {
    const { length } = cell;
    out.reserve(length);
    const { buffer, length: start } = out;
    for (let i = 0; i < length; i++) {
      const code = cell.charCodeAt(i);
      if (code < 32 || code > 126 || code === QUOTE || code === separator) {
        if (special.test(cell)) quoted(out, cell);
        else out.text(cell);
        return;
      }
      buffer[start + i] = code;
    }
    if (length === 0) out.text('""');
    else out.length = start + length;
  };
}

function quoted(out: ByteWriter, cell: string): void {
  out.text(`"${cell.replaceAll('"', '""')}"`);
}
