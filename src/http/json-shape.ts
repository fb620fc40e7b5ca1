import { invalid } from "../core/errors/errors.ts";

/** Requests have under ten. */
const MAX_DEPTH = 64;
/** The longest lists are of a tenant's accounts. Each value that is wrong costs the check of the schema some µs. */
const MAX_VALUES = 10_000;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Refuses JSON text of a shape that no request has, before it is parsed: what looks at it afterwards may call itself
 * for each level and collect what is wrong with each value.
 * @throws DomainError `request.too-deep`, `request.too-many-values`
 */
export function checkJsonShape(text: string): void {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COMMA) values += 1;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      depth += 1;
      values += 1;
      if (depth > MAX_DEPTH) throw tooDeep();
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
    if (values > MAX_VALUES) throw tooMany();
  }
}

/** Where the closing quote is, or the text's end. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

function tooDeep(): Error {
  return invalid("request.too-deep", `The body nests lists and objects more than ${MAX_DEPTH} levels deep`, {
    fix: "Send the fields that /docs shows; none nests deeper than ten levels.",
  });
}

function tooMany(): Error {
  const most = MAX_VALUES.toLocaleString("en-US");
  return invalid("request.too-many-values", `The body holds more than ${most} values`, {
    fix: "Send less, or split it.",
  });
}
