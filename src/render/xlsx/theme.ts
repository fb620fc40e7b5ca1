import { OTHERS_COLOR, seriesColors } from "../../core/charts/palette.ts";
import { XML_HEAD } from "./xml.ts";

const ACCENTS = ["1", "2", "3", "4", "5", "6"];

/**
 * The part `xl/theme/theme1.xml`: what a reader adds to the workbook (charts, tables, shapes) comes in the tenant's
 * colours too. Every list has the three entries that the schema asks for (ECMA-376 part 1, 20.1.4.1.14).
 */
export function themeXml(brand: string): string {
  const colors = seriesColors(ACCENTS, brand);
  const accents = ACCENTS.map((n, i) => color(`accent${n}`, colors[i] ?? OTHERS_COLOR));
  const fill = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>';
  const lineOf = (width: number): string => `<a:ln w="${width}">${fill}<a:prstDash val="solid"/></a:ln>`;
  const effect = "<a:effectStyle><a:effectLst/></a:effectStyle>";
  const font = (name: string): string =>
    `<a:${name}><a:latin typeface="Calibri"/><a:ea typeface=""/><a:cs typeface=""/></a:${name}>`;
  return (
    `${XML_HEAD}<a:theme xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" name="Report"><a:themeElements>` +
    `<a:clrScheme name="Report"><a:dk1><a:sysClr val="windowText" lastClr="000000"/></a:dk1><a:lt1><a:sysClr val="window" lastClr="FFFFFF"/></a:lt1>` +
    `${color("dk2", "#1e293b")}${color("lt2", "#f1f5f9")}${accents.join("")}${color("hlink", "#1d4ed8")}${color("folHlink", "#6d28d9")}</a:clrScheme>` +
    `<a:fontScheme name="Report">${font("majorFont")}${font("minorFont")}</a:fontScheme>` +
    `<a:fmtScheme name="Report"><a:fillStyleLst>${fill.repeat(3)}</a:fillStyleLst>` +
    `<a:lnStyleLst>${lineOf(6_350)}${lineOf(12_700)}${lineOf(19_050)}</a:lnStyleLst>` +
    `<a:effectStyleLst>${effect.repeat(3)}</a:effectStyleLst><a:bgFillStyleLst>${fill.repeat(3)}</a:bgFillStyleLst></a:fmtScheme>` +
    `</a:themeElements></a:theme>`
  );
}

function color(name: string, hex: string): string {
  return `<a:${name}><a:srgbClr val="${hex.slice(1).toUpperCase()}"/></a:${name}>`;
}
