/** Most characters a message repeats of one thing it was given. */
const MAX_WORD = 80;
/** Most names a message lists. */
const MAX_LISTED = 50;
/** Most characters of a name that may be given back as it is listed; no real one has as many. */
const MAX_NAME = 200;

/**
 * What a message may repeat of a text from outside: all of it, or its beginning when it is long. Every message that
 * shows what it was given shows it through this, so that no answer grows with what is asked.
 */
export function shorten(text: string, most = MAX_WORD): string {
  if (text.length <= most) return text;
  // Half a character would be none.
  return `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** As many of the names as are listed. */
export function firstOf(names: readonly string[], most = MAX_LISTED): string[] {
  return names.slice(0, most).map((name) => shorten(name, MAX_NAME));
}

/** Names in a sentence; of many the first, and how many more there are. */
export function listed(names: readonly string[], most?: number): string {
  const shown = firstOf(names, most);
  const more = names.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more.toLocaleString("en-US")} more` : ""}`;
}
