import { deflateSync } from "node:zlib";
import { PdfFile, type Ref } from "./file.ts";
import { ContentStream } from "./content-stream.ts";
import type { FileInfo } from "./metadata.ts";
import { Canvas } from "./canvas.ts";
import { type Element, Tags, type TaggedPage } from "./tags.ts";
import { MARGIN, TEXT, type Theme } from "./theme.ts";
import { showText, TextShaper, textString } from "./text-shaper.ts";

/**
 * Level 3 takes a little more than half the time of 6, for a seventh more bytes. On the spot: handing a page of 12 KB
 * to another thread costs more than compressing it.
 */
const LEVEL = 3;

export interface PageSize {
  width: number;
  height: number;
}

/** A page under construction. */
export interface Page extends TaggedPage, PageSize {
  readonly number: number;
  readonly canvas: Canvas;
  /** The y, from the top, where the next block goes. */
  y: number;
  readonly content: ContentStream;
  readonly links: Ref[];
}

/** The running header and footer of every page. */
export interface Running {
  left: string;
  right: string;
  footer: string;
  demo: boolean;
}

interface OutlineItem extends Target {
  title: string;
  level: number;
}

/** Writes the pages of a PDF file: page objects, running header and footer, links, outline. */
export class PdfWriter {
  readonly file: PdfFile;
  readonly shaper: TextShaper;
  readonly tags: Tags;
  readonly theme: Theme;
  readonly #running: Running;
  readonly #resources: Ref;
  readonly #xobjects: Record<string, unknown> = {};
  readonly #total: Ref;
  readonly #outline: OutlineItem[] = [];
  #pages = 0;
  #current: Page;
  readonly #held = new Set<Page>();

  /** @param fonts folder of the font files */
  constructor(info: FileInfo, theme: Theme, running: Running, size: PageSize, fonts: string) {
    this.file = new PdfFile(info);
    this.shaper = new TextShaper(this.file, fonts);
    this.tags = new Tags(this.file);
    this.theme = theme;
    this.#running = running;
    this.#resources = this.file.ref();
    this.#total = this.file.ref();
    this.#xobjects["Total"] = this.#total;
    this.#current = this.#open(size);
  }

  /** The page that blocks are drawn on. */
  get page(): Page {
    return this.#current;
  }

  /** Points left on the page above the bottom margin. */
  get room(): number {
    return this.#current.height - MARGIN.bottom - this.#current.y;
  }

  get width(): number {
    return this.#current.width - 2 * MARGIN.x;
  }

  #open(size: PageSize): Page {
    const ref = this.file.ref();
    this.file.addPage(ref);
    const base = {
      width: size.width,
      height: size.height,
      ref,
      key: this.tags.key(),
      owners: [] as number[],
      content: new ContentStream(),
    };
    const canvas = new Canvas(base, this.shaper, this.tags);
    return { ...base, links: [], number: ++this.#pages, y: MARGIN.top, canvas };
  }

  /** Keeps the current page open until it is released, for content that is only known at the end. */
  hold(): Page {
    this.#held.add(this.#current);
    return this.#current;
  }

  release(page: Page): void {
    if (this.#held.delete(page) && page !== this.#current) this.#close(page);
  }

  /** Closes the current page, unless it is held, and opens the next. */
  next(size: PageSize = this.#current): Page {
    if (!this.#held.has(this.#current)) this.#close(this.#current);
    this.#current = this.#open(size);
    if (this.#current.number > 1) this.#header(this.#current);
    return this.#current;
  }

  #header(page: Page): void {
    const { canvas } = page;
    const y = 28;
    const right = page.width - MARGIN.x;
    canvas.artifact(() => {
      const half = (right - MARGIN.x) / 2;
      canvas.text(this.shaper.fit(this.#running.left, half, TEXT.tiny, "semibold"), MARGIN.x, y, {
        size: TEXT.tiny,
        color: this.theme.brandText,
        bold: true,
      });
      canvas.text(this.#running.right, right, y, {
        size: TEXT.tiny,
        color: this.theme.muted,
        align: "right",
      });
      canvas.line(MARGIN.x, y + 7, right, y + 7, { color: this.theme.line, width: 0.5 });
    }, "Pagination");
  }

  /** "Page x of y": y is a form XObject shared by all pages, written at the end, when the number is known. */
  #footer(page: Page): void {
    const { canvas } = page;
    const y = page.height - 24;
    const right = page.width - MARGIN.x;
    const style = { size: TEXT.tiny, color: this.theme.muted };
    canvas.artifact(() => {
      const label = `Page ${page.number} of`;
      canvas.line(MARGIN.x, y - 12, right, y - 12, { color: this.theme.line, width: 0.5 });
      canvas.text(label, MARGIN.x, y, style);
      canvas.form("Total", MARGIN.x + canvas.textWidth(label, TEXT.tiny), y);
      canvas.text(this.#running.footer, right, y, { ...style, align: "right" });
      if (this.#running.demo) this.#demoLabel(canvas, page.width / 2, y);
    }, "Pagination");
  }

  #demoLabel(canvas: Canvas, x: number, y: number): void {
    const width = canvas.textWidth("DEMO DATA", 6.5, true) + 12;
    canvas.rect(x - width / 2, y - 8.5, width, 12, "#fef3c7", 3);
    canvas.text("DEMO DATA", x, y, { size: 6.5, bold: true, color: "#92400e", align: "center" });
  }

  /** Adds the footer and writes the page. */
  #close(page: Page): void {
    this.#footer(page);
    this.tags.closePage(page);
    page.ref.data = {
      Type: "Page",
      Parent: this.file.pages,
      MediaBox: [0, 0, page.width, page.height],
      Resources: this.#resources,
      StructParents: page.key,
      Tabs: "S",
      ...(page.links.length > 0 && { Annots: page.links }),
    };
    const contents = this.file.ref({ Filter: "FlateDecode" });
    page.ref.data["Contents"] = contents;
    contents.end(deflateSync(page.content.view(), { level: LEVEL }));
    page.ref.end();
  }

  /** A link on `page` to a place; coordinates from the top left of the page. */
  link(
    page: Page,
    element: Element,
    box: readonly [number, number, number, number],
    target: Target,
    label: string,
  ): void {
    const key = this.tags.key();
    const annotation = this.file.ref({
      Type: "Annot",
      Subtype: "Link",
      Rect: [box[0], page.height - box[3], box[2], page.height - box[1]],
      Border: [0, 0, 0],
      F: 4,
      Contents: Object(label) as string,
      Dest: [target.page, "XYZ", 0, target.top, 0],
      StructParent: key,
    });
    annotation.end();
    page.links.push(annotation);
    this.tags.annotation(element, annotation, page, key);
  }

  /** Adds a bookmark to the current place; level 1 is the outermost. */
  bookmark(title: string, level: number): Target {
    const { ref: page, number, height, y } = this.#current;
    this.#outline.push({ title, level, page, number, top: height - y + 6 });
    return { page, number, top: height - y + 6 };
  }

  /** Embeds an image and makes it known to the pages. @returns its resource name and size in pixels */
  image(dataUrl: string): { name: string; width: number; height: number } {
    const image = this.file.embedImage(dataUrl);
    this.#xobjects[image.label] = image.obj;
    return { name: image.label, width: image.width, height: image.height };
  }

  /** Writes everything that is only known at the end, and ends the file. */
  async end(): Promise<void> {
    this.#close(this.#current);
    const label = this.shaper.shape(` ${this.#pages}`);
    const style = `BT 0.357 0.42 0.502 rg ${showText(label, TEXT.tiny)}ET`;
    const width = (label.width * TEXT.tiny) / 1000;
    this.#total.data = {
      Type: "XObject",
      Subtype: "Form",
      BBox: [0, -3, width + 1, TEXT.tiny + 2],
      Resources: { Font: this.shaper.fonts() },
    };
    this.#total.end(Buffer.from(style, "latin1"));
    this.#resources.data = { Font: this.shaper.fonts(), XObject: this.#xobjects };
    this.#resources.end();
    this.#writeOutline();
    this.tags.end();
    await this.file.end();
  }

  /** Frees what an unfinished file holds; does nothing to a finished one. */
  abandon(): void {
    this.file.destroy();
  }

  /** The outline tree (ISO 32000-1, 12.3.3) from the flat list of bookmarks. */
  #writeOutline(): void {
    if (this.#outline.length === 0) return;
    const root = this.file.reserve();
    const ids = this.#outline.map(() => this.file.reserve());
    const level = (i: number): number => this.#outline[i]?.level ?? 0;
    const children = (parent: number): number[] => {
      const found: number[] = [];
      const inside = parent < 0 ? 0 : level(parent);
      for (let i = parent + 1; i < ids.length && (parent < 0 || level(i) > inside); i++) {
        if (this.#parentOf(i) === parent) found.push(i);
      }
      return found;
    };
    const id = (i: number | undefined): string => `${i === undefined || i < 0 ? root : (ids[i] ?? root)} 0 R`;
    this.#outline.forEach((item, i) => {
      const siblings = children(this.#parentOf(i));
      const at = siblings.indexOf(i);
      const own = children(i);
      const links = [
        at > 0 ? `/Prev ${id(siblings[at - 1])}` : "",
        at < siblings.length - 1 ? `/Next ${id(siblings[at + 1])}` : "",
        own.length > 0 ? `/First ${id(own[0])}/Last ${id(own.at(-1))}/Count ${own.length}` : "",
      ].join("");
      const dest = `/Dest[${item.page.id} 0 R/XYZ 0 ${Math.round(item.top)} 0]`;
      this.file.packed(
        ids[i] ?? root,
        `<</Title${textString(item.title)}/Parent ${id(this.#parentOf(i))}${dest}${links}>>`,
      );
    });
    const top = children(-1);
    this.file.packed(
      root,
      `<</Type/Outlines/First ${id(top[0])}/Last ${id(top.at(-1))}/Count ${ids.length}>>`,
    );
    this.file.catalog["Outlines"] = this.file.pointer(root);
    this.file.catalog["PageMode"] = "UseOutlines";
  }

  #parentOf(i: number): number {
    const own = this.#outline[i]?.level ?? 0;
    for (let at = i - 1; at >= 0; at--) if ((this.#outline[at]?.level ?? 0) < own) return at;
    return -1;
  }
}

/** The target of a link. */
export interface Target {
  page: Ref;
  top: number;
  number: number;
}
