/** Most characters a message repeats of one thing it was given. */
const MAX_WORD = 80;
/** Most names a message lists. */
const MAX_LISTED = 50;
/** Most characters of a name that may be given back as it is listed; no real one has as many. */
const MAX_NAME = 200;

/**
 * A text from outside as a message may repeat it: in full, or its beginning when it is long. Every message that quotes
 * input does so through this, so that no answer grows with its request.
 */
export function shorten(text: string, most = MAX_WORD): string {
  if (text.length <= most) return text;
  // Half a surrogate pair is not a character.
  return `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** The names that are listed, at most `most`. */
export function firstOf(names: readonly string[], most = MAX_LISTED): string[] {
  return names.slice(0, most).map((name) => shorten(name, MAX_NAME));
}

/** Names in a sentence; of many the first, and how many more there are. */
export function listed(names: readonly string[], most?: number): string {
  const shown = firstOf(names, most);
  const more = names.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more.toLocaleString("en-US")} more` : ""}`;
}
