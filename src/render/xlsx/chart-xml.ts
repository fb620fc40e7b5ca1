import type { BoundCells } from "./chart-sheet.ts";
import { attribute, content, XML_HEAD } from "./xml.ts";

/** Pieces of DrawingML charts (ECMA-376 part 1, 21.2), each with its elements in the order of the schema. */

const MUTED = "64748B";
const INK = "1E293B";
const GRIDLINE = "E2E8F0";

export const hex = (color: string): string => color.slice(1).toUpperCase();

export function solid(color: string): string {
  return `<a:solidFill><a:srgbClr val="${hex(color)}"/></a:solidFill>`;
}

/** @param width in points */
export function line(color: string, width: number, dash?: string): string {
  const dashed = dash === undefined ? "" : `<a:prstDash val="${dash}"/>`;
  return `<a:ln w="${Math.round(width * 12_700)}" cap="rnd">${solid(color)}${dashed}<a:round/></a:ln>`;
}

export const NO_LINE = "<a:ln><a:noFill/></a:ln>";

export function shape(inner: string): string {
  return `<c:spPr>${inner}</c:spPr>`;
}

/** Text properties. @param size in points */
export function textLook(size: number, color = MUTED, bold = false): string {
  return (
    `<c:txPr><a:bodyPr/><a:lstStyle/><a:p><a:pPr><a:defRPr sz="${size * 100}" b="${bold ? 1 : 0}">` +
    `<a:solidFill><a:srgbClr val="${color}"/></a:solidFill></a:defRPr></a:pPr><a:endParaRPr lang="en-US"/></a:p></c:txPr>`
  );
}

function title(text: string): string {
  return (
    `<c:title><c:tx><c:rich><a:bodyPr/><a:lstStyle/><a:p><a:pPr><a:defRPr sz="1200" b="1"/></a:pPr>` +
    `<a:r><a:rPr lang="en-US" sz="1200" b="1"><a:solidFill><a:srgbClr val="${INK}"/></a:solidFill></a:rPr>` +
    `<a:t>${content(text)}</a:t></a:r></a:p></c:rich></c:tx><c:overlay val="0"/></c:title>`
  );
}

/** The series' name, bound to its heading. */
export function seriesName(name: BoundCells): string {
  return `<c:tx><c:strRef><c:f>${content(name.ref)}</c:f>${stringCache(name.values)}</c:strRef></c:tx>`;
}

export function categories(cells: BoundCells): string {
  return `<c:cat>${reference(cells)}</c:cat>`;
}

export function values(cells: BoundCells): string {
  return `<c:val>${reference(cells)}</c:val>`;
}

function reference({ ref, values: cached, format }: BoundCells): string {
  const formula = `<c:f>${content(ref)}</c:f>`;
  if (format === undefined) return `<c:strRef>${formula}${stringCache(cached)}</c:strRef>`;
  const points = pointsOf(cached);
  return `<c:numRef>${formula}<c:numCache><c:formatCode>${content(format)}</c:formatCode><c:ptCount val="${cached.length}"/>${points}</c:numCache></c:numRef>`;
}

function stringCache(cached: readonly (string | null)[]): string {
  return `<c:strCache><c:ptCount val="${cached.length}"/>${pointsOf(cached)}</c:strCache>`;
}

function pointsOf(cached: readonly (string | null)[]): string {
  return cached
    .map((value, i) => (value === null ? "" : `<c:pt idx="${i}"><c:v>${content(value)}</c:v></c:pt>`))
    .join("");
}

export interface AxisOptions {
  position: "b" | "l" | "t" | "r";
  format?: string;
  /** First category at the top of a chart that runs from left to right. */
  reversed?: boolean;
}

const CATEGORY_AXIS = 111_111_111;
const VALUE_AXIS = 222_222_222;
export const AXIS_IDS = `<c:axId val="${CATEGORY_AXIS}"/><c:axId val="${VALUE_AXIS}"/>`;

export function categoryAxis({ position, format, reversed = false }: AxisOptions): string {
  return (
    `<c:catAx>${axisStart(CATEGORY_AXIS, position, reversed)}${numberFormat(format)}` +
    `<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="low"/>` +
    shape(`<a:ln w="9525"><a:solidFill><a:srgbClr val="CBD5E1"/></a:solidFill></a:ln>`) +
    textLook(9) +
    `<c:crossAx val="${VALUE_AXIS}"/><c:crosses val="autoZero"/><c:auto val="0"/><c:lblAlgn val="ctr"/><c:lblOffset val="100"/><c:noMultiLvlLbl val="1"/></c:catAx>`
  );
}

/** An axis of calendar dates: days without a value keep their place. */
export function dateAxis({ position, format }: AxisOptions, grain: "day" | "week" | "month"): string {
  return (
    `<c:dateAx>${axisStart(CATEGORY_AXIS, position, false)}${numberFormat(format)}` +
    `<c:majorTickMark val="out"/><c:minorTickMark val="none"/><c:tickLblPos val="low"/>` +
    shape(`<a:ln w="9525"><a:solidFill><a:srgbClr val="CBD5E1"/></a:solidFill></a:ln>`) +
    textLook(9) +
    `<c:crossAx val="${VALUE_AXIS}"/><c:crosses val="autoZero"/><c:auto val="0"/><c:lblOffset val="100"/>` +
    `<c:baseTimeUnit val="${grain === "month" ? "months" : "days"}"/></c:dateAx>`
  );
}

export function valueAxis({ position, format, reversed = false }: AxisOptions, between: boolean): string {
  return (
    `<c:valAx>${axisStart(VALUE_AXIS, position, false)}` +
    `<c:majorGridlines>${shape(`<a:ln w="6350"><a:solidFill><a:srgbClr val="${GRIDLINE}"/></a:solidFill></a:ln>`)}</c:majorGridlines>` +
    numberFormat(format) +
    `<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/>` +
    shape(NO_LINE) +
    textLook(9) +
    // With the categories reversed the values would move to the top.
    `<c:crossAx val="${CATEGORY_AXIS}"/><c:crosses val="${reversed ? "max" : "autoZero"}"/><c:crossBetween val="${between ? "between" : "midCat"}"/></c:valAx>`
  );
}

function axisStart(id: number, position: string, reversed: boolean): string {
  return `<c:axId val="${id}"/><c:scaling><c:orientation val="${reversed ? "maxMin" : "minMax"}"/></c:scaling><c:delete val="0"/><c:axPos val="${position}"/>`;
}

function numberFormat(format: string | undefined): string {
  return `<c:numFmt formatCode="${attribute(format ?? "General")}" sourceLinked="0"/>`;
}

export interface ChartFrame {
  title: string;
  /** Chart groups and then axes. */
  plot: string;
  legend: "b" | "r" | undefined;
}

/** A chart part. */
export function chartSpace({ title: text, plot, legend }: ChartFrame): string {
  const key =
    legend === undefined
      ? ""
      : `<c:legend><c:legendPos val="${legend}"/><c:overlay val="0"/>${textLook(9)}</c:legend>`;
  return (
    `${XML_HEAD}<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"` +
    ` xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"` +
    ` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
    `<c:date1904 val="0"/><c:roundedCorners val="0"/>` +
    `<c:chart>${title(text)}<c:autoTitleDeleted val="0"/>` +
    `<c:plotArea><c:layout/>${plot}${shape(`<a:noFill/>${NO_LINE}`)}</c:plotArea>${key}` +
    `<c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart>` +
    shape(
      `<a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill><a:ln w="9525"><a:solidFill><a:srgbClr val="${GRIDLINE}"/></a:solidFill></a:ln>`,
    ) +
    textLook(10) +
    `</c:chartSpace>`
  );
}
