import { elements, parseXml, type XmlElement } from "./xml.ts";
import { readZip } from "./zip.ts";

export interface ReadCell {
  /** Text of a string cell, decimal text of a number. */
  value: string | null;
  type: "text" | "number" | "empty";
  style: number;
  formula: string | undefined;
}

export interface ReadSheet {
  name: string;
  root: XmlElement;
  /** By reference, `B2`. */
  cells: Map<string, ReadCell>;
  /** Values by row, from column A on. */
  rows: (string | null)[][];
}

export interface ReadWorkbook {
  files: Map<string, Buffer>;
  /** Every XML part, parsed. */
  parts: Map<string, XmlElement>;
  sheets: ReadSheet[];
}

/** Reads a workbook part by part; throws on anything that is not well-formed, not listed or not there. */
export function readWorkbook(bytes: Buffer): ReadWorkbook {
  const files = readZip(bytes);
  const parts = new Map<string, XmlElement>();
  for (const [name, content] of files)
    if (/\.(xml|rels)$/.test(name)) parts.set(name, parseXml(content.toString()));
  checkPackage(files, parts);
  const strings = elements(part(parts, "xl/sharedStrings.xml"), "si").map(textOf);
  const targets = new Map(
    elements(part(parts, "xl/_rels/workbook.xml.rels"), "Relationship").map(({ attributes }) => [
      attributes["Id"],
      `xl/${attributes["Target"]}`,
    ]),
  );
  const sheets = elements(part(parts, "xl/workbook.xml"), "sheet").map(({ attributes }): ReadSheet => {
    const root = part(parts, targets.get(attributes["r:id"]) ?? "");
    return { name: attributes["name"] ?? "", root, ...cellsOf(root, strings) };
  });
  return { files, parts, sheets };
}

function part(parts: Map<string, XmlElement>, name: string): XmlElement {
  const found = parts.get(name);
  if (found === undefined) throw new Error(`the workbook has no part ${name}`);
  return found;
}

/** Every part has a content type, every listed part and every relationship's target is there. */
function checkPackage(files: Map<string, Buffer>, parts: Map<string, XmlElement>): void {
  const types = part(parts, "[Content_Types].xml");
  const listed = elements(types, "Override").map(({ attributes }) => (attributes["PartName"] ?? "").slice(1));
  const extensions = elements(types, "Default").map(({ attributes }) => attributes["Extension"]);
  for (const name of listed) if (!files.has(name)) throw new Error(`${name} is listed but not there`);
  for (const name of files.keys()) {
    const isXml = name.endsWith(".xml") && name !== "[Content_Types].xml";
    if (isXml && !listed.includes(name)) throw new Error(`${name} has no content type`);
    if (!extensions.includes(name.split(".").at(-1))) throw new Error(`${name}: unknown extension`);
  }
  for (const [name, root] of parts) {
    if (!name.endsWith(".rels")) continue;
    const base = name.replace(/_rels\/[^/]*$/, "");
    for (const { attributes } of elements(root, "Relationship")) {
      const target = new URL(attributes["Target"] ?? "", `file:///${base}`).pathname.slice(1);
      if (!files.has(target)) throw new Error(`${name} points to ${target}, which is not there`);
    }
  }
}

function cellsOf(root: XmlElement, strings: readonly string[]): Pick<ReadSheet, "cells" | "rows"> {
  const cells = new Map<string, ReadCell>();
  const rows: (string | null)[][] = [];
  let last = 0;
  for (const row of elements(root, "row")) {
    const number = Number(row.attributes["r"]);
    if (number <= last) throw new Error(`row ${number} behind row ${last}`);
    last = number;
    const values: (string | null)[] = [];
    for (const cell of row.children) {
      const ref = cell.attributes["r"] ?? "";
      if (!ref.endsWith(String(number)) || cells.has(ref)) throw new Error(`cell ${ref} in row ${number}`);
      const read = readCell(cell, strings);
      cells.set(ref, read);
      values.push(read.value);
    }
    rows.push(values);
  }
  return { cells, rows };
}

function readCell(cell: XmlElement, strings: readonly string[]): ReadCell {
  const child = (name: string): XmlElement | undefined => cell.children.find((c) => c.name === name);
  const style = Number(cell.attributes["s"] ?? 0);
  const formula = child("f")?.text;
  const value = child("v")?.text;
  switch (cell.attributes["t"]) {
    case "s": {
      const text = strings[Number(value)];
      if (text === undefined) throw new Error(`no shared string ${value}`);
      return { value: text, type: "text", style, formula };
    }
    case "inlineStr":
      return { value: textOf(child("is") ?? cell), type: "text", style, formula };
    default:
      if (value === undefined) return { value: null, type: "empty", style, formula };
      if (!/^-?\d+(\.\d+)?$/.test(value)) throw new Error(`${value} is no number`);
      return { value, type: "number", style, formula };
  }
}

/** A string item's text, its escapes resolved (ECMA-376 part 1, 22.4.2.4); spaces count only where they are kept. */
function textOf(item: XmlElement): string {
  return elements(item, "t")
    .map(({ text, attributes }) => (attributes["xml:space"] === "preserve" ? text : text.trim()))
    .join("")
    .replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
