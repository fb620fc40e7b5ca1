import { formatMoney, formatPercent, formatQuantity } from "../money/format.ts";
import { tryParseDecimal } from "../money/decimal.ts";

const STEPS: readonly [number, string][] = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "k"],
];

/**
 * A number short enough for an axis: `950`, `1.2k`, `3.4M`, `-2B`; three significant digits.
 */
export function abbreviate(value: number): string {
  const magnitude = Math.abs(value);
  for (const [size, letter] of STEPS) {
    // 999,950 would read "1000k", so the next letter starts where rounding reaches it.
    if (magnitude >= size * 0.9995) return `${short(value / size)}${letter}`;
  }
  return short(value);
}

function short(value: number): string {
  if (value === 0) return "0";
  const text = Number(value.toPrecision(3));
  return Math.abs(text) < 1e-6 ? text.toExponential() : String(text);
}

/** How a chart's values are to be read. */
export interface ValueFormat {
  type: "money" | "quantity" | "integer" | "percent";
  /** ISO 4217 code or unit; null when the values share none. */
  unit: string | null;
}

/** A tick of a value axis with its unit: `$1.2k`, `30%`, `1.5k`. The unit of a quantity belongs to the axis title. */
export function axisLabel(value: number, format: ValueFormat): string {
  if (format.type === "percent") return `${short(value)}%`;
  if (format.type !== "money" || format.unit === null) return abbreviate(value);
  const symbol = formatMoney("0", format.unit).replace(/[\d.,]+$/, "");
  return `${value < 0 ? "-" : ""}${symbol}${abbreviate(Math.abs(value))}`;
}

/** A value in full, for legends, tables and alternative text: `$1,234.50`, `12.5%`, `1,024 GB`. */
export function valueLabel(value: string | null, format: ValueFormat, withUnit = true): string {
  if (value === null) return "not available";
  if (tryParseDecimal(value) === undefined) return value;
  if (format.type === "percent") return formatPercent(value);
  if (format.type === "money") {
    return format.unit === null ? formatQuantity(value) : formatMoney(value, format.unit);
  }
  const number = formatQuantity(value, format.type === "integer" ? 0 : 2);
  return withUnit && format.unit !== null && !COUNTED.has(format.unit) ? `${number} ${format.unit}` : number;
}

/**
 * A change with its sign, for cards: `+8.1%`; `-11.1 points` where the value is a percentage itself; the amount where
 * there was nothing before that could be a hundred percent.
 */
export function changeLabel(
  change: { absolute: string; percent?: string | undefined },
  format: ValueFormat,
): string {
  const sign = /^(?:-|0*\.?0*$)/.test(change.absolute) ? "" : "+";
  if (format.type === "percent") return `${sign}${formatQuantity(change.absolute, 1)} points`;
  if (change.percent !== undefined) return formatPercent(change.percent, true);
  return `${sign}${valueLabel(change.absolute, format)}`;
}

/** Units that repeat the measure's name and add nothing beside a number. */
const COUNTED = new Set(["findings", "results", "1", "Count"]);
