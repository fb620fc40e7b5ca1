/**
 * The colours of charts, the same in portal, PDF and spreadsheet. All are `#rrggbb`. The series colours stay apart for
 * the common kinds of colour blindness and reach 3:1 against white (WCAG 2.2, 1.4.11).
 */
export const SERIES_COLORS = [
  "#2563eb",
  "#0d9488",
  "#c2710c",
  "#7c3aed",
  "#db2777",
  "#4d7c0f",
  "#1e3a8a",
  "#854d0e",
  "#0284c7",
] as const;

/** For what was added up into "others", and for values without a name. */
export const OTHERS_COLOR = "#94a3b8";

/** Good, warning and bad, as fills. */
export const STATUS_COLORS = { good: "#16a34a", warning: "#f59e0b", bad: "#dc2626" } as const;
/** The same for text, 4.5:1 against white. */
export const STATUS_TEXT = {
  good: "#15803d",
  warning: "#b45309",
  bad: "#b91c1c",
  neutral: "#475569",
} as const;

/** Severities, worst first, as ASFF and OCSF name them. */
export const SEVERITIES = ["critical", "high", "medium", "low", "informational"] as const;
const SEVERITY_COLORS: Readonly<Record<string, string>> = {
  critical: "#991b1b",
  high: "#dc2626",
  medium: "#ea580c",
  low: "#ca8a04",
  informational: "#64748b",
};

const STATES: Readonly<Record<string, string>> = {
  passed: STATUS_COLORS.good,
  pass: STATUS_COLORS.good,
  failed: STATUS_COLORS.bad,
  fail: STATUS_COLORS.bad,
  warning: STATUS_COLORS.warning,
  manual: STATUS_COLORS.warning,
};

/** The rank of a severity, 0 the worst; unknown names come last. */
export function severityRank(name: string): number {
  const index = SEVERITIES.findIndex((severity) => severity === name.toLowerCase());
  return index < 0 ? SEVERITIES.length : index;
}

/** The fixed colour of a value that carries a meaning (a severity, passed, failed); undefined for all others. */
export function meaningColor(name: string): string | undefined {
  const key = name.toLowerCase();
  return SEVERITY_COLORS[key] ?? STATES[key];
}

/** A gauge's colour: green from 90, amber from 70, red below. */
export function gaugeStatus(percent: number): keyof typeof STATUS_COLORS {
  return percent >= 90 ? "good" : percent >= 70 ? "warning" : "bad";
}

/**
 * Colours for `names`: what carries a meaning keeps its colour, the others take the palette in order, `brand` first.
 * @param brand the tenant's colour; a palette colour close to it is left out, so that two series never look alike
 */
export function seriesColors(names: readonly string[], brand?: string): string[] {
  const palette = brand === undefined ? [...SERIES_COLORS] : withBrand(brand);
  let next = 0;
  return names.map((name) => {
    const meaning = meaningColor(name);
    if (meaning !== undefined) return meaning;
    const color = palette[next % palette.length] ?? OTHERS_COLOR;
    next++;
    return color;
  });
}

/** Colours nearer than this look alike, in steps of 0 to 255 a channel; no two of the palette are. */
const ALIKE = 58;

function withBrand(brand: string): string[] {
  return [brand, ...SERIES_COLORS.filter((color) => distance(color, brand) > ALIKE)];
}

type Rgb = readonly [number, number, number];

/** Red, green and blue, 0 to 255, of `#rrggbb`; black for anything else. */
export function rgbOf(hex: string): Rgb {
  const value = /^#[0-9a-f]{6}$/i.test(hex) ? Number.parseInt(hex.slice(1), 16) : 0;
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function hexOf([r, g, b]: Rgb): string {
  return `#${((r << 16) | (g << 8) | b).toString(16).padStart(6, "0")}`;
}

function distance(a: string, b: string): number {
  const [r1, g1, b1] = rgbOf(a);
  const [r2, g2, b2] = rgbOf(b);
  return Math.hypot(r1 - r2, g1 - g2, b1 - b2);
}

/** The colour `share` (0 to 1) of the way from one to the other. */
export function mixColors(from: string, to: string, share: number): string {
  const a = rgbOf(from);
  const b = rgbOf(to);
  const at = (i: 0 | 1 | 2): number => Math.round(a[i] + (b[i] - a[i]) * Math.min(1, Math.max(0, share)));
  return hexOf([at(0), at(1), at(2)]);
}

/** WCAG 2 relative luminance, 0 (black) to 1 (white). */
export function luminance(hex: string): number {
  const linear = (channel: number): number => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  const [r, g, b] = rgbOf(hex);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

/** WCAG 2 contrast ratio of two colours, 1 to 21. */
export function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/** Ink or white, whichever reads better on `background`. */
export function textOn(background: string): string {
  return contrast(background, "#ffffff") >= contrast(background, "#0f172a") ? "#ffffff" : "#0f172a";
}

/** `color`, darkened as far as text on white needs (4.5:1). */
export function readable(color: string): string {
  let shown = color;
  for (let share = 0.1; contrast(shown, "#ffffff") < 4.5 && share <= 1; share += 0.1) {
    shown = mixColors(color, "#000000", share);
  }
  return shown;
}

/** The fill of a heatmap cell for a share of the greatest value, from almost white to the full colour. */
export function heatColor(share: number, color: string = STATUS_COLORS.bad): string {
  return mixColors("#fdf6f5", color, share <= 0 ? 0 : 0.12 + 0.88 * Math.sqrt(Math.min(1, share)));
}
