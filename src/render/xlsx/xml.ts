import { wellFormed } from "../shared/text.ts";

const MARKUP = /[&<>]/g;
const ATTRIBUTE = /[&<>"\t\n\r]/g;
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};
/** What XML 1.0 cannot hold (2.2 Char) or would change (a carriage return, 2.11), and text that looks like an escape. */
const UNSAFE = /[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)/g;
/** Anything `cellText` has to look at more closely; most texts have none of it. */
const SPECIAL = /[&<>\x00-\x08\x0b-\x1f_\ud800-\udfff\ufffe\uffff]/;
const OUTER_SPACE = /^\s|\s$|[\n\t]| {2}/;

/**
 * Text of a cell as element content: escaped, with characters that XML cannot hold as `_xHHHH_` (ECMA-376 part 1,
 * 22.4.2.4 bstr), and lone surrogates as U+FFFD.
 */
export function cellText(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return wellFormed(text)
    .replace(UNSAFE, (c) => `_x${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}_`)
    .replace(MARKUP, (c) => ENTITIES[c] ?? c);
}

/** A `t` element; spaces at its ends are kept. */
export function textElement(text: string): string {
  return `<t${OUTER_SPACE.test(text) ? ' xml:space="preserve"' : ""}>${cellText(text)}</t>`;
}

/** Text as element content outside cells: control characters, which mean nothing there, are left out. */
export function content(text: string): string {
  return clean(text).replace(MARKUP, (c) => ENTITIES[c] ?? c);
}

/** Text as an attribute's value, quotes not included. */
export function attribute(text: string): string {
  return clean(text).replace(ATTRIBUTE, (c) => ENTITIES[c] ?? c);
}

function clean(text: string): string {
  return wellFormed(text).replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "");
}

export const XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The letters of a column, 0 is `A`, 26 is `AA`. */
export function columnName(index: number): string {
  let name = "";
  for (let i = index + 1; i > 0; i = Math.floor((i - 1) / 26)) name = (LETTERS[(i - 1) % 26] ?? "") + name;
  return name;
}

/** A sheet's name as formulas and links write it. */
export function quotedSheet(name: string): string {
  return `'${name.replaceAll("'", "''")}'`;
}
