import type { PlannedFilter } from "./plan.ts";

type DimensionFilter = Extract<PlannedFilter, { on: "dimension" }>;

/**
 * Whether a dimension's value passes a filter. A fact without a value passes only what asks for it: `equals` and `in`
 * with null, and `not` without null. Text searches ignore case.
 */
export function passesFilter(filter: DimensionFilter, value: string | null): boolean {
  const [first = null, second = null] = filter.values;
  switch (filter.op) {
    case "equals":
    case "in":
      return filter.values.includes(value);
    case "not":
      return !filter.values.includes(value);
    case "contains":
      return search(value, first, (text, part) => text.includes(part));
    case "starts":
      return search(value, first, (text, part) => text.startsWith(part));
    case "ends":
      return search(value, first, (text, part) => text.endsWith(part));
    case "greater":
      return value !== null && first !== null && value > first;
    case "less":
      return value !== null && first !== null && value < first;
    case "between":
      return value !== null && first !== null && second !== null && value >= first && value <= second;
  }
}

function search(
  value: string | null,
  part: string | null,
  test: (text: string, part: string) => boolean,
): boolean {
  return value !== null && part !== null && test(value.toLowerCase(), part.toLowerCase());
}

/** The value of one key in a tags column, a JSON object of strings; null when the key is not there. */
export function tagValue(tags: string | null, key: string): string | null {
  if (tags === null) return null;
  const bag: unknown = JSON.parse(tags);
  if (typeof bag !== "object" || bag === null || !Object.hasOwn(bag, key)) return null;
  const value = (bag as Record<string, unknown>)[key];
  return typeof value === "string" ? value : null;
}

/** Orders text by code point, as the engines do (UTF-16 order differs above U+FFFF). */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates sort above the rest of the basic plane.
    const xHigh = x >= 0xd800 && x <= 0xdfff;
    const yHigh = y >= 0xd800 && y <= 0xdfff;
    return xHigh === yHigh ? x - y : xHigh ? 1 : -1;
  }
  return a.length - b.length;
}
