/**
 * The spellings of an instant that cost files use: a date, or a date and a time with optional seconds, fraction and
 * offset (`Z`, `UTC`, `+02`, `+02:00`, `+0200`). Without an offset it is UTC, as FOCUS demands of every instant.
 */
export const INSTANT_PATTERN =
  "^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\\.([0-9]{1,9}))?)?(?: ?(Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?$";
const PATTERN = new RegExp(INSTANT_PATTERN);

/**
 * Microseconds since 1970-01-01T00:00:00Z of an instant's text; digits beyond microseconds are cut off.
 * @returns undefined when the text is no instant of the years 1 to 9999, such as February 30th
 */
export function tryParseInstant(text: string): bigint | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [
    ,
    year = "",
    month = "",
    day = "",
    hour = "0",
    minute = "0",
    second = "0",
    fraction = "",
    zone = "",
  ] = match;
  const midnight = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(midnight) || new Date(midnight).getUTCDate() !== Number(day)) return undefined;
  if (Number(minute) > 59 || Number(second) > 59) return undefined;
  // ISO 8601 allows 24:00:00 for the end of a day.
  if (Number(hour) > 23 && !(hour === "24" && Number(minute + second + fraction) === 0)) return undefined;
  const offset = offsetMinutes(zone);
  if (offset === undefined) return undefined;
  const minutes = Number(hour) * 60 + Number(minute) - offset;
  const ms = midnight + minutes * 60_000 + Number(second) * 1000;
  if (ms < FIRST || ms >= END) return undefined;
  return BigInt(ms) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, "0"));
}

const FIRST = Date.parse("0001-01-01T00:00:00Z");
const END = Date.parse("+010000-01-01T00:00:00Z");

/** Minutes ahead of UTC; undefined for more than 15:59, beyond what any place has. */
function offsetMinutes(zone: string): number | undefined {
  if (zone === "" || zone === "Z" || zone === "UTC") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(":", ""));
  if (hours > 15 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}
