import type { RecordChange, RecordEntry, UniqueKey } from "../../ports/records.ts";

/** A state of the record that a change is about: what tells its kind and id. */
export function changedEntry({ before, after }: RecordChange): RecordEntry {
  const entry = after ?? before;
  if (entry === undefined) throw new Error("a change of a record has neither a before nor an after");
  return entry;
}

/** A unique key as one text. */
export function nameOf({ name, value }: UniqueKey): string {
  return `${name} ${value}`;
}

/** Unique keys that one state of a record has and the other has not, each once. */
export function keysWithout(state: RecordEntry | undefined, other: RecordEntry | undefined): UniqueKey[] {
  const known = new Set((other?.uniqueKeys ?? []).map(nameOf));
  const keys = new Map((state?.uniqueKeys ?? []).map((key) => [nameOf(key), key]));
  return [...keys].filter(([name]) => !known.has(name)).map(([, key]) => key);
}
