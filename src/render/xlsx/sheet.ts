import { cutText } from "../shared/text.ts";
import { argb } from "./styles.ts";
import { attribute, columnName, quotedSheet, XML_HEAD } from "./xml.ts";

/** Characters of a header or footer, codes included (Excel specifications and limits). */
const MAX_FOOTER = 255;

export interface SheetTop {
  /** Column widths in characters, from column A on. */
  widths: readonly number[];
  /** The first row stays when the sheet is scrolled. */
  frozen?: boolean;
  /** The sheet that is shown when the workbook is opened. */
  selected?: boolean;
  tabColor?: string;
}

export interface SheetLink {
  /** `B4` */
  ref: string;
  sheet: string;
  tooltip?: string;
}

export interface SheetBottom {
  filter?: string;
  merges?: readonly string[];
  /** XML of conditional formats. */
  conditions?: readonly string[];
  links?: readonly SheetLink[];
  /** Relationship id of the drawing. */
  drawing?: string | undefined;
  landscape?: boolean;
  /** Rows behind which a new printed page starts. */
  breaks?: readonly number[];
  /** The area whose digits-only texts (account ids) are meant as text: Excel does not mark them as errors. */
  textArea?: string;
  footer?: string;
}

/** Everything of a worksheet part before its rows, in the order of ECMA-376 part 1, 18.3.1.99. */
export function sheetHead({ widths, frozen = false, selected = false, tabColor }: SheetTop): string {
  const pane = frozen
    ? '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft" activeCell="A2" sqref="A2"/>'
    : '<selection activeCell="A1" sqref="A1"/>';
  const columns = widths.map(
    (width, i) => `<col min="${i + 1}" max="${i + 1}" width="${width}" customWidth="1"/>`,
  );
  return (
    `${XML_HEAD}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"` +
    ` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
    `<sheetPr>${tabColor === undefined ? "" : `<tabColor rgb="${argb(tabColor)}"/>`}<pageSetUpPr fitToPage="1"/></sheetPr>` +
    `<sheetViews><sheetView showGridLines="0"${selected ? ' tabSelected="1"' : ""} workbookViewId="0">${pane}</sheetView></sheetViews>` +
    `<sheetFormatPr defaultRowHeight="15"/>` +
    `<cols>${columns.join("")}</cols><sheetData>`
  );
}

/** Everything behind the rows. */
export function sheetFoot(bottom: SheetBottom): string {
  const {
    filter,
    merges = [],
    conditions = [],
    links = [],
    drawing,
    landscape = true,
    breaks = [],
    textArea,
    footer,
  } = bottom;
  return (
    "</sheetData>" +
    (filter === undefined ? "" : `<autoFilter ref="${filter}"/>`) +
    (merges.length === 0
      ? ""
      : `<mergeCells count="${merges.length}">${merges.map((ref) => `<mergeCell ref="${ref}"/>`).join("")}</mergeCells>`) +
    conditions.join("") +
    (links.length === 0 ? "" : `<hyperlinks>${links.map(linkXml).join("")}</hyperlinks>`) +
    '<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>' +
    `<pageSetup orientation="${landscape ? "landscape" : "portrait"}" fitToHeight="0"/>` +
    (footer === undefined
      ? ""
      : `<headerFooter><oddFooter>${attribute(footerCode(footer))}</oddFooter></headerFooter>`) +
    (breaks.length === 0
      ? ""
      : `<rowBreaks count="${breaks.length}" manualBreakCount="${breaks.length}">${breaks.map((row) => `<brk id="${row}" max="16383" man="1"/>`).join("")}</rowBreaks>`) +
    (textArea === undefined
      ? ""
      : `<ignoredErrors><ignoredError sqref="${textArea}" numberStoredAsText="1"/></ignoredErrors>`) +
    (drawing === undefined ? "" : `<drawing r:id="${drawing}"/>`) +
    "</worksheet>"
  );
}

/** The footer's text with its codes, at most as long as Excel takes. */
function footerCode(text: string): string {
  const [left, right] = ["&L", "&RPage &P of &N"];
  let shown = text;
  while (left.length + shown.replaceAll("&", "&&").length + right.length > MAX_FOOTER) {
    shown = `${cutText(shown, shown.length - 2)}…`;
  }
  return left + shown.replaceAll("&", "&&") + right;
}

function linkXml({ ref, sheet, tooltip }: SheetLink): string {
  const location = attribute(`${quotedSheet(sheet)}!A1`);
  const tip = tooltip === undefined ? "" : ` tooltip="${attribute(tooltip)}"`;
  return `<hyperlink ref="${ref}" location="${location}"${tip} display="${attribute(sheet)}"/>`;
}

/** `A1` for column 0, row 1. */
export function cellRef(column: number, row: number): string {
  return `${columnName(column)}${row}`;
}
