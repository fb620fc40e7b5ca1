/** The middle value; the mean of the two middle ones of an even count. @throws Error of no values */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * The value below which a share of the values lie, interpolated between neighbours (Hyndman and Fan 1996, type 7).
 * @throws Error of no values: what is made of none is not known, and is not NaN
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  if (low === undefined || high === undefined) throw new Error("there is no quantile of no values");
  return low + (high - low) * (at - Math.floor(at));
}

/** For normally distributed values the median absolute deviation is this many times smaller than their deviation. */
const NORMAL = 1.4826;

/** Spread by the median absolute deviation, scaled to a standard deviation: a few outliers do not move it. */
export function robustSpread(values: readonly number[], center = median(values)): number {
  return NORMAL * median(values.map((value) => Math.abs(value - center)));
}

/** @throws Error of no values */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new Error("there is no mean of no values");
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
