import fc from "fast-check";

/** Cells that break careless writers: formulas, separators, control characters, scripts from right to left, emoji. */
export const NASTY: readonly string[] = [
  "=1+1",
  "-5",
  "+49 30 1234567",
  "@x",
  '=HYPERLINK("http://example.com","x")',
  "\t=1",
  "\r=1",
  "＝1+1",
  "a,b;c",
  'say "hi"',
  "line\nbreak",
  "carriage\r\nreturn",
  "tab\there",
  " spaces  around ",
  "שלום עולם",
  "مرحبا بالعالم",
  "👩‍👩‍👧‍👦 family",
  "日本語テキスト",
  "\u0000\u0001\u0008\u000b\u001f",
  "\u007f\u0085\u2028",
  "_x0041_ looks like an escape",
  "\ufffe\uffff",
  "<b>&amp;</b>]]>",
  "'quoted'",
  "back\\slash \\n \\",
  "",
  "null",
  "1e5",
  "007",
  "x".repeat(32_767),
];

/** Any text a source may hold, nasty ones often; lone surrogates only when asked for. */
export function nastyText(loneSurrogates = false): fc.Arbitrary<string> {
  const units = fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 })
    .map((codes) => String.fromCharCode(...codes));
  const any = fc.oneof(
    fc.constantFrom(...NASTY),
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.string({ unit: "grapheme", maxLength: 20 }),
    units,
  );
  return loneSurrogates ? any : any.map((text) => text.replace(/\p{Surrogate}/gu, "\ufffd"));
}

/** Canonical decimals of up to 20 integer and 18 fractional digits. */
export const decimalText: fc.Arbitrary<string> = fc
  .tuple(
    fc.boolean(),
    fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }),
    fc.stringMatching(/^(?:\d{0,17}[1-9])?$/),
  )
  .map(([negative, whole, fraction]) => {
    const text = fraction === "" ? whole.toString() : `${whole}.${fraction}`;
    return negative && text !== "0" ? `-${text}` : text;
  });
