/** Where JSON text stops being JSON. */
export interface SyntaxErrorPlace {
  /** 1-based. */
  line: number;
  column: number;
  /** The character there; undefined at the end of the text. */
  found: string | undefined;
}

const TOKEN =
  /[\s]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b))/y;

/**
 * Finds the first character that cannot be part of a JSON text (RFC 8259). Engines differ in what their errors say,
 * and some name no position at all.
 * @param text that `JSON.parse` has refused
 */
export function syntaxErrorAt(text: string): SyntaxErrorPlace {
  const open: ("{" | "[")[] = [];
  // What may come next: a value, a key, a colon, a comma or closing bracket, or nothing more.
  let expect: "value" | "value-or-close" | "key" | "key-or-close" | "colon" | "comma" | "end" = "value";
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) return placeOf(text, at + leadingSpace(text, at));
    const [whole, sign, string] = match;
    const start = at + leadingSpace(text, at);
    const next = step(expect, sign, string !== undefined, open);
    if (next === undefined) return placeOf(text, start);
    expect = next;
    at += whole.length;
  }
}

type Expect = "value" | "value-or-close" | "key" | "key-or-close" | "colon" | "comma" | "end";

/** The state behind a token; undefined when the token may not stand there. */
function step(
  expect: Expect,
  sign: string | undefined,
  isString: boolean,
  open: ("{" | "[")[],
): Expect | undefined {
  const after = (): Expect => (open.length === 0 ? "end" : "comma");
  const wantsValue = expect === "value" || expect === "value-or-close";
  const wantsKey = expect === "key" || expect === "key-or-close";
  if (sign === undefined) return wantsValue ? after() : wantsKey && isString ? "colon" : undefined;
  if (sign === "{" || sign === "[") {
    if (!wantsValue) return undefined;
    open.push(sign);
    return sign === "{" ? "key-or-close" : "value-or-close";
  }
  if (sign === ":") return expect === "colon" ? "value" : undefined;
  if (sign === ",") return expect === "comma" ? (open.at(-1) === "{" ? "key" : "value") : undefined;
  const closes = sign === "}" ? "{" : "[";
  const mayClose = expect === "comma" || expect === (sign === "}" ? "key-or-close" : "value-or-close");
  if (!mayClose || open.at(-1) !== closes) return undefined;
  open.pop();
  return after();
}

function leadingSpace(text: string, at: number): number {
  let end = at;
  while (end < text.length && /\s/.test(text.charAt(end))) end += 1;
  return end - at;
}

function placeOf(text: string, at: number): SyntaxErrorPlace {
  const before = text.slice(0, at).split("\n");
  const character = text.codePointAt(at);
  return {
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    found: character === undefined ? undefined : JSON.stringify(String.fromCodePoint(character)),
  };
}
