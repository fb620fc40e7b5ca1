import { type Fields, numberAt, textAt } from "../shared/fields.ts";
import { instantOfNumber, parseInstant } from "../shared/instants.ts";

/**
 * The instant of a member: its `_dt` twin where the producer writes one, else the number.
 * @returns undefined when neither is there; `null` when what is there is no instant
 */
export function timeAt(fields: Fields, name: string): number | null | undefined {
  const text = textAt(fields, `${name}_dt`);
  if (text !== null) return parseInstant(text) ?? null;
  const value = numberAt(fields, name);
  if (value !== undefined) return value === 0 ? undefined : (instantOfNumber(value) ?? null);
  const written = textAt(fields, name);
  return written === null ? undefined : (parseInstant(written) ?? null);
}

/** The first of them that is an instant. */
export function firstTime(...candidates: readonly (number | null | undefined)[]): number | undefined {
  return candidates.find((candidate): candidate is number => typeof candidate === "number");
}
