/**
 * Splits a whole into integer parts in proportion to weights, so that the parts add up exactly: each gets the floor
 * of its due, and what is left goes one by one to the largest remainders (Hamilton's method; ties to the first).
 * @param whole what is split, in the smallest unit that is not split further
 * @param weights of the parts; negative ones only where all parts are shares of their own sum, see `percentShares`
 * @returns undefined when the weights add up to 0, so that there is no proportion
 */
export function splitExactly(whole: bigint, weights: readonly bigint[]): bigint[] | undefined {
  const sum = weights.reduce((total, weight) => total + weight, 0n);
  if (sum === 0n) return undefined;
  const dues = weights.map((weight, index) => {
    const product = whole * weight;
    const part = floorDivide(product, sum);
    return { index, part, left: abs(product - part * sum) };
  });
  let missing = whole - dues.reduce((total, due) => total + due.part, 0n);
  const parts = dues.map((due) => due.part);
  for (const due of [...dues].sort((a, b) => compare(b.left, a.left) || a.index - b.index)) {
    if (missing === 0n) break;
    parts[due.index] = due.part + 1n;
    missing -= 1n;
  }
  return parts;
}

/** A million percent, in hundredths. */
const MOST = 100_000_000n;

/**
 * Shares of a sum in hundredths of a percent that add up to exactly 100 %. An amount below zero, such as a credit, has
 * a share below zero; the others then have more than 100 % together.
 * @returns undefined when the sum is 0, or so small beside its parts that a share would be beyond a million percent:
 *   where charges and credits cancel out, the rest is not a meaningful whole
 */
export function percentShares(amounts: readonly bigint[]): bigint[] | undefined {
  const shares = splitExactly(10_000n, amounts);
  return shares?.some((share) => share > MOST || -share > MOST) === true ? undefined : shares;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value);
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
