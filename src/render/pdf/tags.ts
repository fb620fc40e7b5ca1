import type { PdfFile, Ref } from "./file.ts";
import { textString } from "./text-shaper.ts";

/** A page as the structure tree sees it. */
export interface TaggedPage {
  readonly ref: Ref;
  /** Its key in the parent tree. */
  readonly key: number;
  /** The element that owns each marked-content id. */
  readonly owners: number[];
}

export type ElementType =
  | "Document"
  | "Sect"
  | "H1"
  | "H2"
  | "H3"
  | "P"
  | "L"
  | "LI"
  | "LBody"
  | "Figure"
  | "Table"
  | "THead"
  | "TBody"
  | "TFoot"
  | "TR"
  | "TH"
  | "TD"
  | "TOC"
  | "TOCI"
  | "Reference"
  | "Link";

/** A structure element being built. It is written, and forgotten, when it is closed. */
export interface Element {
  readonly id: number;
  readonly type: ElementType;
  readonly parent: number;
  kids: string;
  attributes: string;
  page: number;
}

/**
 * The structure tree (ISO 32000-1, 14.7), written while the pages are: closed elements go into the file at once, so
 * that memory holds only what is still open.
 */
export class Tags {
  readonly #file: PdfFile;
  readonly document: Element;
  /** The parent tree's entries by key: an array of owners a page, one element a link. */
  readonly #parents: string[] = [];

  constructor(file: PdfFile) {
    this.#file = file;
    this.document = {
      id: file.reserve(),
      type: "Document",
      parent: file.structure.id,
      kids: "",
      attributes: "",
      page: 0,
    };
  }

  /** A new element at the end of `parent`. */
  open(type: ElementType, parent: Element, attributes = ""): Element {
    const id = this.#file.reserve();
    parent.kids += `${id} 0 R `;
    return { id, type, parent: parent.id, kids: "", attributes, page: 0 };
  }

  close(element: Element): void {
    const page = element.page === 0 ? "" : `/Pg ${element.page} 0 R`;
    const body = `<</S/${element.type}/P ${element.parent} 0 R${page}${element.attributes}/K[${element.kids}]>>`;
    this.#file.packed(element.id, body);
  }

  /** Makes the next content on `page` part of `element`: the operator that opens it; `EMC` closes it. */
  mark(element: Element, page: TaggedPage): string {
    const mcid = page.owners.push(element.id) - 1;
    if (element.page === 0) element.page = page.ref.id;
    element.kids +=
      element.page === page.ref.id ? `${mcid} ` : `<</Type/MCR/Pg ${page.ref.id} 0 R/MCID ${mcid}>> `;
    return `/${element.type}<</MCID ${mcid}>>BDC `;
  }

  /** An element without children that owns one piece of content: {@link open}, {@link mark} and {@link close} in one. */
  leaf(type: ElementType, parent: Element, page: TaggedPage, attributes = ""): string {
    const id = this.#file.reserve();
    parent.kids += `${id} 0 R `;
    const mcid = page.owners.push(id) - 1;
    this.#file.packed(id, `<</S/${type}/P ${parent.id} 0 R/Pg ${page.ref.id} 0 R${attributes}/K ${mcid}>>`);
    return `/${type}<</MCID ${mcid}>>BDC `;
  }

  /** A key of the parent tree for a page or an annotation. */
  key(): number {
    return this.#parents.push("null") - 1;
  }

  /** Ties an annotation to the element it belongs to. */
  annotation(element: Element, annotation: Ref, page: TaggedPage, key: number): void {
    element.kids += `<</Type/OBJR/Obj ${annotation.id} 0 R/Pg ${page.ref.id} 0 R>> `;
    this.#parents[key] = `${element.id} 0 R`;
  }

  closePage(page: TaggedPage): void {
    const id = this.#file.reserve();
    this.#file.packed(id, `[${page.owners.map((owner) => `${owner} 0 R`).join(" ")}]`);
    this.#parents[page.key] = `${id} 0 R`;
  }

  /** Writes the root. Every element must have been closed. */
  end(): void {
    this.close(this.document);
    const numbers = this.#parents.map((value, key) => `${key} ${value}`).join(" ");
    const tree = this.#file.reserve();
    this.#file.packed(tree, `<</Nums[${numbers}]>>`);
    Object.assign(this.#file.structure.data, {
      K: this.#file.pointer(this.document.id),
      ParentTree: this.#file.pointer(tree),
      ParentTreeNextKey: this.#parents.length,
    });
  }
}

export const SCOPE_COLUMN = "/A<</O/Table/Scope/Column>>";
export const SCOPE_ROW = "/A<</O/Table/Scope/Row>>";
export const columnSpan = (columns: number): string => `/A<</O/Table/ColSpan ${columns}>>`;
export const alternative = (text: string): string => `/Alt${textString(text)}`;
/** A figure's extent; PDF/UA wants it of every figure. Corners in page coordinates, y upwards. */
export const boundingBox = (x0: number, y0: number, x1: number, y1: number): string =>
  `/A<</O/Layout/Placement/Block/BBox[${[x0, y0, x1, y1].map((v) => Math.round(v * 10) / 10).join(" ")}]>>`;
