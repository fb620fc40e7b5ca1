import type { ReportDocument } from "../../core/reports/document.ts";
import { cutText, wellFormed } from "../shared/text.ts";
import { attribute, content, quotedSheet, XML_HEAD } from "./xml.ts";

const MAX_NAME = 31;
/** Excel keeps this name for itself. */
const RESERVED = "history";

/** A sheet of the workbook; `number` names its part and its relationship. */
export interface SheetEntry {
  name: string;
  number: number;
  /** `A1:J1001`, when the sheet has filter buttons. */
  filter?: string;
  /** Repeats row 1 on every printed page. */
  repeatHeader?: boolean;
}

/** The sheets in the order of their tabs, and what else the package has to list. */
export class Workbook {
  readonly #front: SheetEntry[] = [];
  readonly #back: SheetEntry[] = [];
  readonly #names = new Set<string>([RESERVED]);
  #numbers = 0;

  /**
   * A sheet with a name that Excel takes: at most 31 characters, none of `[]:*?/\`, no apostrophe at its ends, unlike
   * every other whatever the case.
   * @param place `back`: behind all sheets that are added to the front, before or after
   */
  add(wanted: string, place: "front" | "back" = "front"): SheetEntry {
    const entry: SheetEntry = { name: this.#uniqueName(wanted), number: ++this.#numbers };
    (place === "front" ? this.#front : this.#back).push(entry);
    return entry;
  }

  get sheets(): readonly SheetEntry[] {
    return [...this.#front, ...this.#back];
  }

  #uniqueName(wanted: string): string {
    const clean = wellFormed(wanted)
      .replace(/[[\]:*?/\\\x00-\x1f\ufffe\uffff]/g, " ")
      .replace(/\s+/g, " ");
    for (let i = 1; ; i++) {
      const suffix = i === 1 ? "" : ` (${i})`;
      const stem = cutText(clean.trim().replace(/^'+|'+$/g, "") || "Sheet", MAX_NAME - suffix.length);
      const name = stem.replace(/['\s]+$/, "") + suffix;
      if (this.#names.has(name.toLowerCase())) continue;
      this.#names.add(name.toLowerCase());
      return name;
    }
  }

  /** The part `xl/workbook.xml`. */
  xml(): string {
    const sheets = this.sheets.map(
      (sheet) =>
        `<sheet name="${attribute(sheet.name)}" sheetId="${sheet.number}" r:id="rId${sheet.number}"/>`,
    );
    const names = this.sheets.flatMap(definedNames).sort(byName);
    return (
      `${XML_HEAD}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"` +
      ` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
      `<workbookPr defaultThemeVersion="124226"/>` +
      `<bookViews><workbookView xWindow="0" yWindow="0" windowWidth="28800" windowHeight="17000" activeTab="0"/></bookViews>` +
      `<sheets>${sheets.join("")}</sheets>` +
      (names.length === 0 ? "" : `<definedNames>${names.map((n) => n.xml).join("")}</definedNames>`) +
      `<calcPr calcId="191029"/></workbook>`
    );
  }

  /** The relationships of the workbook: its sheets, then styles, theme and shared strings. */
  relationships(): string {
    const sheets = this.sheets.map((sheet) =>
      relationship(`rId${sheet.number}`, "worksheet", `worksheets/sheet${sheet.number}.xml`),
    );
    const others = ["styles", "theme", "sharedStrings"].map((type, i) =>
      relationship(
        `rId${this.sheets.length + i + 1}`,
        type,
        type === "theme" ? "theme/theme1.xml" : `${type}.xml`,
      ),
    );
    return relationships([...sheets, ...others]);
  }
}

function definedNames(sheet: SheetEntry, index: number): { name: string; xml: string }[] {
  const define = (name: string, ref: string, hidden: boolean): { name: string; xml: string } => ({
    name,
    xml: `<definedName name="${name}" localSheetId="${index}"${hidden ? ' hidden="1"' : ""}>${content(`${quotedSheet(sheet.name)}!${ref}`)}</definedName>`,
  });
  const absolute = sheet.filter?.replace(/([A-Z]+)(\d+)/g, "$$$1$$$2");
  return [
    ...(absolute === undefined ? [] : [define("_xlnm._FilterDatabase", absolute, true)]),
    ...(sheet.repeatHeader === true ? [define("_xlnm.Print_Titles", "$1:$1", false)] : []),
  ];
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/** One relationship element; `type` is the last segment of an office document relationship, or a whole URI. */
export function relationship(id: string, type: string, target: string): string {
  const uri = type.includes(":") ? type : `${OFFICE}/${type}`;
  return `<Relationship Id="${id}" Type="${uri}" Target="${attribute(target)}"/>`;
}

export function relationships(items: readonly string[]): string {
  return `${XML_HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${items.join("")}</Relationships>`;
}

/** The package's own relationships. */
export function packageRelationships(): string {
  return relationships([
    relationship("rId1", "officeDocument", "xl/workbook.xml"),
    relationship(
      "rId2",
      "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties",
      "docProps/core.xml",
    ),
    relationship("rId3", "extended-properties", "docProps/app.xml"),
  ]);
}

/** The part `docProps/core.xml`: title, tenant and time as file managers and search show them. */
export function coreProperties(document: ReportDocument): string {
  const { title, description, tenant, range, generatedAt, language } = document;
  const instant = generatedAt.replace(/\.\d+Z$/, "Z");
  return (
    `${XML_HEAD}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"` +
    ` xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"` +
    ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
    `<dc:title>${content(title)}</dc:title>` +
    `<dc:subject>${content(`${tenant.name}, ${range.from} to ${range.to} (${range.zone})`)}</dc:subject>` +
    `<dc:creator>SecureBase Analytics</dc:creator>` +
    `<dc:description>${content(description)}</dc:description>` +
    `<dc:language>${content(language)}</dc:language>` +
    `<dcterms:created xsi:type="dcterms:W3CDTF">${content(instant)}</dcterms:created>` +
    `<dcterms:modified xsi:type="dcterms:W3CDTF">${content(instant)}</dcterms:modified>` +
    `</cp:coreProperties>`
  );
}

/** The part `docProps/app.xml`. */
export function appProperties(document: ReportDocument): string {
  return (
    `${XML_HEAD}<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">` +
    `<Application>Microsoft Excel</Application><Company>${content(document.tenant.name)}</Company>` +
    `<AppVersion>16.0300</AppVersion></Properties>`
  );
}
