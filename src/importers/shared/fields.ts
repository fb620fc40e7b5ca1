/** A JSON object, or any record of named values. */
export type Fields = Readonly<Record<string, unknown>>;

const NOTHING: Fields = {};

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member as an object; an empty one when it is none, so that paths can be followed without asking. */
export function fieldsAt(value: unknown, ...path: readonly string[]): Fields {
  let at: unknown = value;
  for (const name of path) at = isFields(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  return isFields(at) ? at : NOTHING;
}

export function listAt(fields: Fields, name: string): readonly unknown[] {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/**
 * The member as text, trimmed, numbers and booleans written out; null when it is absent, empty or no such value.
 * Half surrogates and NUL characters, which no store takes, are replaced.
 */
export function textAt(fields: Fields, name: string): string | null {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (typeof value === "string") return cleanText(value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

export function numberAt(fields: Fields, name: string): number | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === "number" ? value : undefined;
}

export function cleanText(value: string): string | null {
  const text = value.trim();
  if (text === "") return null;
  return /[\0\p{Surrogate}]/u.test(text) ? text.replaceAll(/[\0\p{Surrogate}]/gu, "\ufffd") : text;
}

/** The first of them that says something. */
export function firstText(...candidates: readonly (string | null)[]): string | null {
  return candidates.find((candidate) => candidate !== null) ?? null;
}

/** Tags as the store holds them: a flat JSON object of strings, keys in order; null when there are none. */
export function tagsJson(entries: Iterable<readonly [string, unknown]>): string | null {
  const tags = new Map<string, string>();
  for (const [key, value] of entries) {
    const name = cleanText(key);
    if (name === null) continue;
    if (typeof value === "string") tags.set(name, cleanText(value) ?? "");
    else if (typeof value === "number" || typeof value === "boolean") tags.set(name, String(value));
  }
  if (tags.size === 0) return null;
  return JSON.stringify(Object.fromEntries([...tags].sort(([a], [b]) => (a < b ? -1 : 1))));
}
