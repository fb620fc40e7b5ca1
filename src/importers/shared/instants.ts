import { FIRST_PLAUSIBLE_DAY } from "../../core/time/plausible.ts";

const PATTERN =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*(Z|z|[+-]\d{2}:?\d{2})?$/;

/** The commonest spelling, in years and days that the engine's parser needs no help with. */
const PLAIN =
  /^2\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3})?Z$/;

/**
 * The instant of an ISO 8601 or RFC 3339 date and time, in milliseconds since 1970; without a zone it is taken as UTC,
 * as Prowler writes it. Undefined for anything else, for days that do not exist, and outside the years 2000 to 9999:
 * what is older is no observation but a clock that was never set.
 */
export function parseInstant(text: string): number | undefined {
  if (PLAIN.test(text)) return Date.parse(text);
  const match = PATTERN.exec(text.trim());
  if (match === null) return undefined;
  const [, year = "", month = "", day = "", hour = "", minute = "", second = "0", fraction = "", zone = "Z"] =
    match;
  const fields = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const local = Date.UTC(fields[0], fields[1] - 1, fields[2], fields[3], fields[4], fields[5]);
  const back = new Date(local);
  // A date that rolls over (30 February, 25 o'clock) does not come back as it was.
  if (
    back.getUTCMonth() !== fields[1] - 1 ||
    back.getUTCDate() !== fields[2] ||
    back.getUTCHours() !== fields[3]
  ) {
    return undefined;
  }
  if (fields[4] > 59 || fields[5] > 60) return undefined;
  return inRange(local + Number(fraction.padEnd(3, "0").slice(0, 3)) - offsetOf(zone));
}

function offsetOf(zone: string): number {
  if (zone === "Z" || zone === "z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}

/** Seconds since 1970 stay below this until the year 5138, milliseconds are above it from 1973 on. */
const SECONDS_BELOW = 100_000_000_000;

/**
 * The instant of a number of milliseconds since 1970, which is what OCSF asks for; small numbers are taken as seconds,
 * which is what Prowler writes.
 */
export function instantOfNumber(value: number): number | undefined {
  if (!Number.isFinite(value) || value <= 0) return undefined;
  return inRange(Math.trunc(value < SECONDS_BELOW ? value * 1000 : value));
}

const FIRST = Date.parse(`${FIRST_PLAUSIBLE_DAY}T00:00:00Z`);
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function inRange(ms: number): number | undefined {
  return ms >= FIRST && ms <= LAST ? ms : undefined;
}

/** The reason for a text that {@link parseInstant} rejects. */
export function noInstant(text: string): string {
  const problem = /^\s*[01]\d{3}-/.test(text) ? "is not in the year 2000 or later" : "is not a date and time";
  return `"${text.slice(0, 40)}" ${problem}`;
}

/** RFC 3339 in UTC. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString();
}
