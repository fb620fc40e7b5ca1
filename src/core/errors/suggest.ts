/** Levenshtein distance: single-character edits that turn `a` into `b`. */
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
 * where what was typed ends (`billed` for `billed_cost`).
 */
export function closest(typed: string, candidates: readonly string[]): string | undefined {
  const wanted = typed.toLowerCase();
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best !== undefined && best.distance <= Math.max(2, Math.floor(typed.length / 3))) return best.candidate;
  const longer = candidates.filter((candidate) => candidate.toLowerCase().startsWith(wanted));
  return wanted.length >= 3 && longer.length === 1 ? longer[0] : undefined;
}

/** `Did you mean "x"? Allowed: a, b, c.` — the fix every "unknown name" error carries. */
export function unknownNameFix(typed: string, allowed: readonly string[]): string {
  const guess = closest(typed, allowed);
  const list = `Allowed: ${allowed.join(", ")}.`;
  return guess === undefined ? list : `Did you mean "${guess}"? ${list}`;
}
