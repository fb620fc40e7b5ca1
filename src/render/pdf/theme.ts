import { mixColors, readable } from "../../core/charts/palette.ts";
import type { Branding } from "../../core/tenants/tenant.ts";
import type { ChartTheme } from "../charts/surface.ts";

/** Colours of a report: neutral greys and the tenant's own. */
export interface Theme extends ChartTheme {
  /** The brand, dark enough for text on white. */
  brandText: string;
  /** The brand as a tint behind text. */
  tint: string;
  /** Table header background. */
  header: string;
  zebra: string;
  line: string;
  white: string;
}

/** Used where a tenant has chosen no colour. */
export const DEFAULT_BRAND = "#1f4e8c";

export function themeOf(branding: Branding): Theme {
  const brand = branding.color ?? DEFAULT_BRAND;
  return {
    brand,
    brandText: readable(brand),
    tint: mixColors(brand, "#ffffff", 0.94),
    header: mixColors(brand, "#ffffff", 0.9),
    zebra: "#f8fafc",
    ink: "#0f172a",
    muted: "#5b6b80",
    grid: "#e6ebf1",
    line: "#dbe2ea",
    white: "#ffffff",
  };
}

/** Point sizes of text by role. */
export const TEXT = {
  title: 24,
  heading: 14,
  subheading: 11,
  body: 9.5,
  small: 8,
  tiny: 7,
} as const;

/** Points of white on each side of a page, and what header and footer take within it. */
export const MARGIN = { x: 40, top: 52, bottom: 48 } as const;
