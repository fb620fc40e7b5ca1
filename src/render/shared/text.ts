const LONE_SURROGATE = /\p{Surrogate}/u;
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** Whether text holds half of a surrogate pair, which no encoding form of Unicode can carry (Unicode, D75). */
export function hasLoneSurrogate(text: string): boolean {
  return LONE_SURROGATE.test(text);
}

/** The text with each lone surrogate replaced by U+FFFD. */
export function wellFormed(text: string): string {
  return hasLoneSurrogate(text) ? text.replace(LONE_SURROGATES, "\ufffd") : text;
}

/** The first `length` UTF-16 units of a text, one less where the cut would fall into a surrogate pair. */
export function cutText(text: string, length: number): string {
  const cut = text.slice(0, length);
  return text.length > length && /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}

/** `1 cell` or `12,345 cells`. */
export function counted(count: number, what: string): string {
  return `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
}

/** The note for a file in which lone surrogates were replaced; undefined when none were. */
export function surrogateNote(cells: number): string | undefined {
  return cells === 0
    ? undefined
    : `${counted(cells, "cell")} held half of a surrogate pair, which is no character: replaced by U+FFFD.`;
}
