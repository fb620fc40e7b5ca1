/**
 * The value, where it can only be missing through a fault of ours: a key just put into a map, an index within bounds.
 * Values that may be missing for other reasons get a default or a DomainError instead.
 * @param what names the broken invariant, for the log: `a column for every measure`
 */
export function must<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`Broken invariant: ${what} is missing`);
  return value;
}
