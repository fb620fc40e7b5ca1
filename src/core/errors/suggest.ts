import { listed } from "./bounded.ts";

/** A longer word is not a typo of a name, and comparing it would be slow. */
const MAX_TYPO = 64;
/** With more names than this no suggestion is made. */
const MAX_CANDIDATES = 1000;

/** Levenshtein distance: single-character edits that turn `a` into `b`. Takes the product of both lengths. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/**
 * The candidate a typo most likely meant: the nearest within a third of its length, or else the only one that goes on
 * where what was typed ends (`billed` for `billed_cost`). Nothing is guessed for long words and in long lists.
 */
export function closest(typed: string, candidates: readonly string[]): string | undefined {
  if (typed.length > MAX_TYPO || candidates.length > MAX_CANDIDATES) return undefined;
  const wanted = typed.toLowerCase();
  const most = Math.max(2, Math.floor(typed.length / 3));
  const [best] = candidates
    // At least as many letters have to go or come as the lengths differ by.
    .filter((candidate) => Math.abs(candidate.length - wanted.length) <= most)
    .map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance);
  if (best !== undefined) return best.candidate;
  const longer = candidates.filter((candidate) => candidate.toLowerCase().startsWith(wanted));
  return wanted.length >= 3 && longer.length === 1 ? longer[0] : undefined;
}

/** `Did you mean "x"? Allowed: a, b, c.` — the fix every "unknown name" error carries. */
export function unknownNameFix(typed: string, allowed: readonly string[]): string {
  return didYouMean(typed, allowed, `Allowed: ${listed(allowed)}.`);
}

/** Puts a suggestion, where there is one, in front of the rest of the fix. */
export function didYouMean(typed: string, candidates: readonly string[], rest: string): string {
  const guess = closest(typed, candidates);
  return guess === undefined ? rest : `Did you mean "${guess}"? ${rest}`;
}
