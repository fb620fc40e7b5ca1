import { SCALE, tryParseDecimal } from "../../../core/money/decimal.ts";
import type { FileColumn } from "./table-columns.ts";

const FLOAT = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;
/** More zeros than any amount has before or after its point. */
const FAR = 40;

/**
 * A decimal as a column has it, scaled by 10^18: exact, or of binary floating point rounded to 18 places, half away
 * from zero.
 * @returns undefined when it is no number or too large
 */
export function readAmount(text: string, column: FileColumn): bigint | undefined {
  const exact = tryParseDecimal(text);
  if (exact !== undefined || !column.float) return exact;
  const match = FLOAT.exec(text);
  if (match === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const power = Number(exponent) - fraction.length + SCALE;
  // With places left or far above the range it has been read exactly or cannot be.
  if (power >= 0) return undefined;
  if (power < -(whole.length + fraction.length + FAR)) return 0n;
  const unit = 10n ** BigInt(-power);
  const rounded = (BigInt(whole + fraction) * 2n + unit) / (unit * 2n);
  return tryParseDecimal(`${sign}${rounded}e-${SCALE}`);
}
