/**
 * Exact decimals. Outside they are strings in canonical form (`-12.5`, no exponent, no trailing zeros, no `-0`);
 * inside they are bigints scaled by 10^18. FOCUS asks for at least 9 fractional digits and cloud bills use up to
 * about 15, so 18 holds every published price; 20 integer digits fit DECIMAL(38,18) in the engine.
 */
export const SCALE = 18;
const UNIT = 10n ** BigInt(SCALE);
/** Largest magnitude of a DECIMAL(38,18), scaled. */
const LIMIT = 10n ** 38n - 1n;
const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/**
 * Parses decimal text to a bigint scaled by 10^18. Accepts a sign, an exponent and a leading or trailing point.
 * @returns undefined when the text is no number, does not fit 20 integer digits, or has more than 18 fractional
 * digits that are not zero: rounding silently would break "equal to the last digit".
 */
export function tryParseDecimal(text: string): bigint | undefined {
  const scaled = scaledOf(text);
  return scaled === undefined || scaled > LIMIT || -scaled > LIMIT ? undefined : scaled;
}

function scaledOf(text: string): bigint | undefined {
  const match = PATTERN.exec(text.trim());
  if (match === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  const digits = BigInt(whole + fraction);
  const shift = SCALE - fraction.length + Number(exponent);
  let scaled: bigint;
  if (digits === 0n) scaled = 0n;
  else if (shift > 60) return undefined;
  else if (shift >= 0) scaled = digits * 10n ** BigInt(shift);
  else {
    const divisor = 10n ** BigInt(-shift);
    if (digits % divisor !== 0n) return undefined;
    scaled = digits / divisor;
  }
  return sign === "-" ? -scaled : scaled;
}

/**
 * {@link tryParseDecimal} for decimals of the service's own. What a user or a file gives is read with that one, whose
 * caller knows which field is wrong.
 * @throws Error for text that is no decimal a fact can hold, which is a fault of ours
 */
export function parseDecimal(text: string): bigint {
  return tryParseDecimal(text) ?? noDecimal(text);
}

/**
 * The same for what is made of facts: a sum or an estimate may have more digits before the point than a fact holds.
 * @throws Error for text that is no decimal, which is a fault of ours
 */
export function wideDecimal(text: string): bigint {
  return scaledOf(text) ?? noDecimal(text);
}

function noDecimal(text: string): never {
  throw new Error(`"${text.slice(0, 60)}" is not a decimal number with at most ${SCALE} decimals`);
}

/**
 * A float as a bigint scaled by 10^18, of any size, with six decimals where it has any.
 * @throws Error when it is not finite, which is a fault of ours
 */
export function decimalOfNumber(value: number): bigint {
  if (!Number.isFinite(value)) throw new Error(`${value} is not a number to write as a decimal`);
  // From 10^21 on `toFixed` writes an exponent; a float that large is whole.
  return Math.abs(value) < 1e21 ? wideDecimal(value.toFixed(6)) : BigInt(value) * UNIT;
}

/** The canonical string of a bigint scaled by 10^18. */
export function formatDecimal(scaled: bigint): string {
  const negative = scaled < 0n;
  const magnitude = negative ? -scaled : scaled;
  const whole = magnitude / UNIT;
  const fraction = magnitude % UNIT;
  const sign = negative ? "-" : "";
  if (fraction === 0n) return `${sign}${whole.toString()}`;
  return `${sign}${whole.toString()}.${fraction.toString().padStart(SCALE, "0").replace(/0+$/, "")}`;
}

/** Drops the trailing zeros of fixed-point text such as the engine prints (`20.520000` -> `20.52`, `-0.0` -> `0`). */
export function canonicalDecimal(fixed: string): string {
  if (!fixed.includes(".")) return fixed === "-0" ? "0" : fixed;
  let end = fixed.length;
  while (fixed.charCodeAt(end - 1) === 48) end--;
  if (fixed.charCodeAt(end - 1) === 46) end--;
  const text = fixed.slice(0, end);
  return text === "-0" ? "0" : text;
}

/**
 * `a / b` for scaled operands, rounded half to even at 18 decimals; undefined when b is 0, or so small beside a that
 * the quotient has more digits than a decimal holds.
 */
export function divideDecimal(a: bigint, b: bigint): bigint | undefined {
  if (b === 0n) return undefined;
  const quotient = divideRounded(a * UNIT, b);
  return quotient > LIMIT || -quotient > LIMIT ? undefined : quotient;
}

/** Integer division rounded half to even (IEEE 754 roundTiesToEven). */
export function divideRounded(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const n = numerator < 0n ? -numerator : numerator;
  const d = denominator < 0n ? -denominator : denominator;
  let quotient = n / d;
  const twice = (n % d) * 2n;
  if (twice > d || (twice === d && quotient % 2n === 1n)) quotient += 1n;
  return negative ? -quotient : quotient;
}

/** The exact sum of decimal strings, canonical. */
export function sumDecimals(values: Iterable<string>): string {
  let total = 0n;
  for (const value of values) total += wideDecimal(value);
  return formatDecimal(total);
}

/** Rounds decimal text half to even to `places` decimals and keeps the trailing zeros (`1.5`, 2 -> `1.50`). */
export function roundDecimal(value: string, places: number): string {
  const unit = 10n ** BigInt(SCALE - places);
  const rounded = divideRounded(wideDecimal(value), unit);
  const digits = (rounded < 0n ? -rounded : rounded).toString().padStart(places + 1, "0");
  const sign = rounded < 0n ? "-" : "";
  if (places === 0) return sign + digits;
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** Orders two decimal strings by value: negative, zero or positive, as Array.sort wants it. */
export function compareDecimals(a: string, b: string): number {
  const difference = wideDecimal(a) - wideDecimal(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Change from `before` to `now`: the absolute difference, and percent of |before| (undefined when before is 0, or next to it). */
export function changeBetween(
  before: string,
  now: string,
): { absolute: string; percent: string | undefined } {
  const from = wideDecimal(before);
  const to = wideDecimal(now);
  const magnitude = from < 0n ? -from : from;
  const ratio = divideDecimal((to - from) * 100n, magnitude);
  return {
    absolute: formatDecimal(to - from),
    percent: ratio === undefined ? undefined : roundCanonical(ratio, 4),
  };
}

function roundCanonical(scaled: bigint, places: number): string {
  return canonicalDecimal(roundDecimal(formatDecimal(scaled), places));
}
