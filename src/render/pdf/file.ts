import { setImmediate } from "node:timers/promises";
import { deflateSync } from "node:zlib";
import PDFDocument from "pdfkit";
import { type FileInfo, metadataXml } from "./metadata.ts";
import type { FontProgram } from "./program.ts";

/** An indirect object of PDFKit's: `data` is its dictionary, `end` writes it. */
export interface Ref {
  readonly id: number;
  data: Record<string, unknown>;
  end(chunk?: Uint8Array): void;
}

/** A font that PDFKit will embed: the glyphs of its subset, with their widths and characters. */
export interface EmbeddedFont {
  readonly id: string;
  subset: { includeGlyph(glyph: number): number };
  widths: number[];
  unicode: number[][];
  ref(): Ref;
}

export interface EmbeddedImage {
  width: number;
  height: number;
  label: string;
  obj: Ref | null;
  embed(document: unknown): void;
}

/**
 * PDFKit below its drawing API: object numbering, output buffer, font subsetting, images, metadata. Its pages, text and
 * structure tree are not used, since they keep in memory what is written here as soon as it is made.
 */
interface Kit {
  ref(data: Record<string, unknown>): Ref;
  font(source: FontProgram): unknown;
  openImage(source: string): EmbeddedImage;
  appendXML(xml: string): void;
  read(): Buffer | null;
  push(chunk: null): boolean;
  end(): void;
  destroy(): void;
  readonly readableLength: number;
  _font: EmbeddedFont;
  /** Where each object is, by id - 1: its byte offset, or what `packedAt` makes of its place in an object stream. */
  _offsets: (number | null)[];
  _offset: number;
  _write(data: Uint8Array): void;
  _root: Ref & { data: { Pages: Ref & { data: { Count: number; Kids: Ref[] } } } };
  _info: Ref;
  _id: Uint8Array;
  _addInfo(): void;
  _finalize(): void;
}

interface Packed {
  id: number;
  body: string;
}

/** Objects in one object stream (ISO 32000-1, 7.5.7); more of them compress no better. */
const PACK = 400;
const packedAt = (stream: number, place: number): number => -(stream * PACK + place + 1);

/**
 * A PDF 1.7 file being written, to PDF/A-2a and PDF/UA-1. Small objects are packed into compressed object streams and
 * the cross-reference is a stream, which PDFKit itself cannot do: a table's structure tree shrinks to a tenth.
 */
export class PdfFile {
  readonly #kit: Kit;
  /** The root of the structure tree; written at the end. */
  readonly structure: Ref;
  #pack: Packed[] = [];
  readonly #images: Ref[] = [];
  #finished: (() => void) | undefined;
  readonly #whole: Promise<void>;

  constructor(info: FileInfo) {
    this.#kit = new PDFDocument({
      autoFirstPage: false,
      pdfVersion: "1.7",
      subset: "PDF/A-2a",
      lang: info.language,
      displayTitle: true,
      font: "",
      info: {
        Title: info.title,
        Author: info.author,
        Subject: info.subject,
        Creator: info.creator,
        Producer: info.creator,
        CreationDate: info.created,
      },
    }) as unknown as Kit;
    // PDFKit writes the title into the XMP packet unescaped: "R&D" would make it malformed.
    this.#kit._addInfo = () => this.#kit.appendXML(metadataXml(info));
    this.#whole = new Promise((resolve) => (this.#finished = resolve));
    this.#kit._finalize = () => this.#finish();
    // PDFKit ends these two itself.
    this.catalog["MarkInfo"] = this.ref({ Marked: true });
    this.structure = this.ref({ Type: "StructTreeRoot" });
    this.catalog["StructTreeRoot"] = this.structure;
  }

  get catalog(): Record<string, unknown> {
    return this.#kit._root.data;
  }

  get pages(): Ref {
    return this.#kit._root.data.Pages;
  }

  /** Adds a page, written already or later, to the end of the document. */
  addPage(page: Ref): void {
    const pages = this.#kit._root.data.Pages.data;
    pages.Kids.push(page);
    pages.Count++;
  }

  ref(data: Record<string, unknown> = {}): Ref {
    return this.#kit.ref(data);
  }

  /** An object number, to be written later with `packed`. */
  reserve(): number {
    return this.#kit._offsets.push(0);
  }

  /** A reference, for a dictionary of PDFKit's, to an object that is written elsewhere; it is only good for that. */
  pointer(id: number): Ref {
    return Object.create(Object.getPrototypeOf(this.#kit._root) as object, {
      id: { value: id },
      gen: { value: 0 },
    }) as Ref;
  }

  embedFont(program: FontProgram): EmbeddedFont {
    this.#kit.font(program);
    const font = this.#kit._font;
    font.ref();
    return font;
  }

  /** @throws unknown whatever PDFKit throws on bytes that are no image it knows */
  embedImage(dataUrl: string): EmbeddedImage {
    const image = this.#kit.openImage(dataUrl);
    if (image.obj === null) image.embed(this.#kit);
    if (image.obj !== null) this.#images.push(image.obj);
    return image;
  }

  /**
   * Resolves when the images so far are in the file. PDFKit unpacks those with transparency in another thread: without
   * this it would be chance where in the file they are.
   */
  async imagesWritten(): Promise<void> {
    while (this.#images.some(({ id }) => this.#kit._offsets[id - 1] === null)) await setImmediate();
  }

  /** Writes the object `id` (from `reserve`) into the open object stream. `body` is Latin-1 PDF syntax. */
  packed(id: number, body: string): void {
    this.#pack.push({ id, body });
    if (this.#pack.length === PACK) this.#flushPack();
  }

  #flushPack(): void {
    if (this.#pack.length === 0) return;
    let index = "";
    let bodies = "";
    // Said at once: PDFKit decides when an object is made whether to compress it.
    const stream = this.ref({ Filter: "FlateDecode" });
    this.#pack.forEach(({ id, body }, place) => {
      index += `${id} ${bodies.length} `;
      bodies += `${body}\n`;
      this.#kit._offsets[id - 1] = packedAt(stream.id, place);
    });
    stream.data = { Type: "ObjStm", N: this.#pack.length, First: index.length, Filter: "FlateDecode" };
    stream.end(deflateSync(Buffer.from(index + bodies, "latin1"), { level: 3 }));
    this.#pack = [];
  }

  /** Bytes waiting to be read. */
  get waiting(): number {
    return this.#kit.readableLength;
  }

  /** What was written since the last call. */
  take(): Uint8Array | null {
    return this.#kit.read();
  }

  /** Writes fonts, catalog and cross-reference. Resolves when every image has been written too. */
  async end(): Promise<void> {
    this.#flushPack();
    this.#kit.end();
    await this.#whole;
  }

  /** Frees what was not read. */
  destroy(): void {
    this.#kit.destroy();
  }

  /** The cross-reference stream (ISO 32000-1, 7.5.8), in place of PDFKit's table. */
  #finish(): void {
    const kit = this.#kit;
    const at = kit._offset;
    const id = kit._offsets.push(at);
    const entries = Buffer.alloc((id + 1) * 8);
    entries.writeUInt16BE(0xffff, 6);
    kit._offsets.forEach((offset, i) => writeEntry(entries, (i + 1) * 8, offset ?? 0));
    const data = deflateSync(entries, { level: 6 });
    const hex = Buffer.from(kit._id).toString("hex");
    const head =
      `${id} 0 obj\n<</Type/XRef/Size ${id + 1}/W[1 5 2]/Root ${kit._root.id} 0 R/Info ${kit._info.id} 0 R` +
      `/ID[<${hex}><${hex}>]/Filter/FlateDecode/Length ${data.length}>>\nstream\n`;
    const tail = `\nendstream\nendobj\nstartxref\n${at}\n%%EOF\n`;
    kit._write(Buffer.concat([Buffer.from(head, "latin1"), data, Buffer.from(tail, "latin1")]));
    kit.push(null);
    this.#finished?.();
  }
}

/** One entry of 8 bytes: kind, then offset and generation, or object stream and place in it. */
function writeEntry(entries: Buffer, at: number, offset: number): void {
  const packed = offset < 0;
  const where = packed ? Math.floor((-offset - 1) / PACK) : offset;
  const place = packed ? (-offset - 1) % PACK : 0;
  entries[at] = packed ? 2 : 1;
  entries[at + 1] = Math.floor(where / 0x1_0000_0000);
  entries[at + 2] = (where >>> 24) & 255;
  entries[at + 3] = (where >>> 16) & 255;
  entries[at + 4] = (where >>> 8) & 255;
  entries[at + 5] = where & 255;
  entries[at + 6] = place >> 8;
  entries[at + 7] = place & 255;
}
