import { mixColors, readable, STATUS_TEXT, textOn } from "../../core/charts/palette.ts";
import type { Branding } from "../../core/tenants/tenant.ts";
import type { Style } from "./styles.ts";

const DEFAULT_BRAND = "#0f766e";
const MUTED = "#64748b";
const HAIRLINE = "#e5e9f0";

/** The workbook's cell styles by role, in the tenant's colour. */
export interface Look {
  brand: string;
  header: Style;
  body: Style;
  others: Style;
  total: Style;
  note: Style;
  link: Style;
  title: Style;
  subtitle: Style;
  heading: Style;
  text: Style;
  demo: Style;
  cardLabel: Style;
  cardValue: Style;
  cardNote: Style;
}

export function lookOf(branding: Branding): Look {
  const brand = (branding.color ?? DEFAULT_BRAND).toLowerCase();
  const ink = readable(brand);
  const tint = mixColors("#ffffff", brand, 0.07);
  const body: Style = { border: "hair", borderColor: HAIRLINE };
  const card: Style = { fill: tint, align: "left", indent: 1 };
  return {
    brand,
    header: { bold: true, color: textOn(brand), fill: brand },
    body,
    others: { ...body, italic: true, color: MUTED },
    total: { bold: true, border: "above", borderColor: brand, fill: tint },
    note: { italic: true, color: MUTED },
    link: { color: "#1d4ed8", underline: true },
    title: { bold: true, size: 22, color: ink },
    subtitle: { color: MUTED, border: "strong", borderColor: brand },
    heading: { bold: true, size: 14, color: ink },
    text: { wrap: true, vertical: "top" },
    demo: { bold: true, color: STATUS_TEXT.warning, fill: "#fef3c7", align: "left", indent: 1 },
    cardLabel: { ...card, color: MUTED, size: 10 },
    cardValue: { ...card, bold: true, size: 18 },
    cardNote: { ...card, size: 10, color: MUTED },
  };
}
