import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "fontkit";
import { hasRightToLeft, visualRuns } from "./bidi.ts";
import { FontSubset, type Glyph } from "./font-subset.ts";
import type { PdfFile } from "./file.ts";
import type { ContentStream } from "./content-stream.ts";
import type { FontProgram } from "./program.ts";

export type Weight = "regular" | "semibold";

/** A piece of a line in one font, as content-stream operators without the font itself. */
export interface Segment {
  font: string;
  show: string;
  /** Raised above the baseline, 1/1000 em: a mark on its letter. */
  rise: number;
  /** The text of the piece, where its glyphs alone do not give it: replaced characters, right-to-left text. */
  actual?: string;
}

/** A line of text ready to draw at any size. */
export interface Shaped {
  /** 1/1000 em. */
  width: number;
  segments: readonly Segment[];
}

/** Shown for a character that no embedded font has; U+FFFD itself is in few fonts. */
const REPLACEMENT = 0x25a1;
/** Joiners, variation selectors, bidi controls, byte-order marks, skin tones: they have no picture of their own. */
const INVISIBLE =
  /[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFE00-\uFE0F\uFEFF\u{1F3FB}-\u{1F3FF}\u{E0000}-\u{E0FFF}]/u;

const UNPRINTABLE = /[\u0000-\u001F\u007F-\u009F\uD800-\uDFFF\uFFFE\uFFFF]/u;
const MARK = /\p{M}/u;

const FILES = {
  regular: "Inter-Regular.ttf",
  semibold: "Inter-SemiBold.ttf",
  arabic: "NotoSansArabic-Regular.ttf",
  hebrew: "NotoSansHebrew-Regular.ttf",
} as const;
type FontName = keyof typeof FILES;

/** Lays text out in the report's fonts and collects the characters that none of them has. One per file. */
export class TextShaper {
  readonly #file: PdfFile;
  readonly #folder: string;
  readonly #fonts = new Map<FontName, FontSubset>();
  readonly #missing = new Set<number>();

  /** @param folder of the font files */
  constructor(file: PdfFile, folder: string) {
    this.#file = file;
    this.#folder = folder;
  }

  /** The fonts opened so far, for the resource dictionary. */
  fonts(): Record<string, unknown> {
    return Object.fromEntries([...this.#fonts.values()].map((font) => [font.name, font.ref]));
  }

  /** The resource name of a weight's font. */
  fontName(weight: Weight): string {
    return this.#font(weight).name;
  }

  #font(name: FontName): FontSubset {
    return this.#fonts.get(name) ?? this.#open(name);
  }

  #open(name: FontName): FontSubset {
    const bytes = readFileSync(join(this.#folder, FILES[name]));
    const font = new FontSubset(this.#file, create(bytes) as FontProgram);
    this.#fonts.set(name, font);
    return font;
  }

  /** A sentence about characters that were replaced; undefined when all could be shown. */
  missingNote(): string | undefined {
    const count = this.#missing.size;
    if (count === 0) return undefined;
    const names = [...this.#missing]
      .slice(0, 8)
      .map((c) => `U+${c.toString(16).toUpperCase().padStart(4, "0")}`);
    const what = count === 1 ? "1 character" : `${count} different characters`;
    return (
      `${what} could not be shown in this report's fonts and ${count === 1 ? "appears" : "appear"} as □ ` +
      `(${names.join(", ")}${count > names.length ? ", …" : ""}); copied text and the other formats have them.`
    );
  }

  /** Width of a line at `size`, in points. */
  width(text: string, size: number, weight: Weight = "regular"): number {
    return (this.shape(text, weight).width * size) / 1000;
  }

  /** Lays one line out. Line feeds and tabs are drawn as spaces. */
  shape(text: string, weight: Weight = "regular"): Shaped {
    const font = this.#font(weight);
    let out = "";
    let width = 0;
    let kerned = false;
    let previous: Glyph | undefined;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      // Anything that joins, combines, runs to the left or takes two code units goes the careful way.
      const glyph =
        code >= 0x20 && code < 0x300 ? font.glyph(code) : simple(code) ? font.glyph(code) : undefined;
      if (glyph === undefined) return this.#careful(text, weight);
      if (previous?.kerned === true) {
        const kern = font.kern(previous, glyph);
        if (kern !== 0) {
          out += `)${-kern}(`;
          width += kern;
          kerned = true;
        }
      }
      out += glyph.code;
      width += glyph.advance;
      previous = glyph;
    }
    return { width, segments: [{ font: font.name, show: kerned ? `[(${out})]TJ` : `(${out})Tj`, rise: 0 }] };
  }

  /**
   * Width in em/1000 of a line of {@link simple} characters in one font; -1 for any other, which `shape` must lay out.
   * With `showPlain`, the short way for texts that are drawn once: nothing is built that must be kept.
   */
  plainWidth(text: string, weight: Weight, kerning: boolean): number {
    const font = this.#font(weight);
    let width = 0;
    let previous: Glyph | undefined;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      const glyph = simple(code) ? font.glyph(code) : undefined;
      if (glyph === undefined) return -1;
      if (kerning && previous?.kerned === true) width += font.kern(previous, glyph);
      width += glyph.advance;
      previous = glyph;
    }
    return width;
  }

  /** Writes the operator that shows a line that `plainWidth` could measure. */
  showPlain(content: ContentStream, text: string, weight: Weight, kerning: boolean): void {
    const font = this.#font(weight);
    let previous: Glyph | undefined;
    content.text(kerning ? "[(" : "(");
    for (let i = 0; i < text.length; i++) {
      const glyph = font.glyph(text.charCodeAt(i));
      if (glyph === undefined) continue;
      if (kerning && previous?.kerned === true) {
        const kern = font.kern(previous, glyph);
        if (kern !== 0) content.text(`)${-kern}(`);
      }
      content.glyph(glyph.place);
      previous = glyph;
    }
    content.text(kerning ? ")]TJ\n" : ")Tj\n");
  }

  #careful(raw: string, weight: Weight): Shaped {
    const text = raw.normalize("NFC").replace(/\r\n?|\n|\t/g, " ");
    const runs = hasRightToLeft(text) ? visualRuns(text) : [{ text, rtl: false }];
    const segments: Segment[] = [];
    let width = 0;
    for (const run of runs) {
      const pieces = this.#pieces(run.text, weight);
      for (const piece of run.rtl ? pieces.toReversed() : pieces) {
        const { segments: made, width: advance } = this.#drawPiece(piece, run.rtl);
        segments.push(...made);
        width += advance;
      }
    }
    return { width, segments };
  }

  /** Splits a run where the font changes. */
  #pieces(text: string, weight: Weight): Piece[] {
    const pieces: Piece[] = [];
    for (const char of text) {
      if (INVISIBLE.test(char) && char !== "\u200C" && char !== "\u200D") continue;
      const last = pieces.at(-1);
      const name = this.#fontOf(char, weight, last?.font);
      if (name === undefined && /[\u200C\u200D]/.test(char)) continue;
      const font = name ?? weight;
      const missing = name === undefined;
      if (missing) this.#missing.add(char.codePointAt(0) ?? 0);
      if (last?.font === font && last.missing === missing) last.text += char;
      else pieces.push({ font, text: char, missing });
    }
    return pieces;
  }

  /** The font for a character; spaces and marks stay in the font of what they follow. */
  #fontOf(char: string, weight: Weight, before: FontName | undefined): FontName | undefined {
    const code = char.codePointAt(0) ?? 0;
    if (UNPRINTABLE.test(char)) return undefined;
    if (before !== undefined && before !== weight && this.#font(before).glyph(code) !== undefined)
      return before;
    if (this.#font(weight).glyph(code) !== undefined) return weight;
    const script = /\p{Script=Hebrew}/u.test(char)
      ? "hebrew"
      : /\p{Script=Arabic}/u.test(char)
        ? "arabic"
        : undefined;
    return script !== undefined && this.#font(script).glyph(code) !== undefined ? script : undefined;
  }

  #drawPiece(piece: Piece, rtl: boolean): { segments: Segment[]; width: number } {
    const font = this.#font(piece.font);
    if (piece.missing) {
      const box = font.glyph(REPLACEMENT) ?? font.glyph(0x3f);
      const count = Array.from(piece.text).length;
      const show = `(${(box?.code ?? "").repeat(count)})Tj`;
      const actual = piece.text.replace(new RegExp(UNPRINTABLE, "gu"), "\uFFFD");
      return { segments: [{ font: font.name, show, rise: 0, actual }], width: (box?.advance ?? 0) * count };
    }
    const segments: Segment[] = [];
    let width = 0;
    let open: { rise: number; show: string } | undefined;
    const shaped = font.shape(piece.text, rtl);
    const close = (): void => {
      if (open !== undefined) segments.push({ font: font.name, show: `[${open.show}]TJ`, rise: open.rise });
      open = undefined;
    };
    for (const { glyph, advance, dx, dy } of shaped) {
      if (open?.rise !== dy) close();
      open ??= { rise: dy, show: "" };
      const after = Math.round(glyph.advance - advance + dx);
      open.show += `${dx === 0 ? "" : Math.round(-dx)}(${glyph.code})${after === 0 ? "" : after}`;
      width += advance;
    }
    close();
    if (rtl && segments[0] !== undefined) segments[0].actual = piece.text;
    return { segments, width };
  }

  /** The text, shortened with an ellipsis so that it fits `width` points: for running headers, never for data. */
  fit(text: string, width: number, size: number, weight: Weight = "regular"): string {
    if (this.width(text, size, weight) <= width) return text;
    let letters = clusters(text);
    while (letters.length > 0 && this.width(`${letters.join("")}…`, size, weight) > width)
      letters = letters.slice(0, -1);
    return `${letters.join("").trimEnd()}…`;
  }

  /**
   * Breaks text into lines of at most `width` points: at line feeds, at spaces, within words too long for a line after
   * punctuation, and at last between any two letters. Every character is on some line.
   */
  wrap(text: string, width: number, size: number, weight: Weight = "regular"): string[] {
    const most = (width * 1000) / size + 0.5;
    const lines: string[] = [];
    for (const paragraph of text.includes("\n") || text.includes("\r") ? text.split(/\r\n|\n|\r/) : [text]) {
      if (this.shape(paragraph, weight).width <= most) lines.push(paragraph);
      else this.#breakParagraph(paragraph, most, weight, lines);
    }
    return lines;
  }

  #breakParagraph(text: string, most: number, weight: Weight, lines: string[]): void {
    let line = "";
    let used = 0;
    const flush = (): void => {
      if (line !== "") lines.push(withoutEndBlanks(line));
      line = "";
      used = 0;
    };
    const place = (part: string, width: number): void => {
      if (used + width > most) flush();
      line += part;
      used += width;
    };
    for (const word of text.match(/[^ \t]+[ \t]*|[ \t]+/g) ?? []) {
      const full = this.shape(word, weight).width;
      const bare = this.shape(withoutEndBlanks(word), weight).width;
      if (bare <= most) {
        if (used + bare > most) flush();
        line += word;
        used += full;
        continue;
      }
      for (const part of word.match(/[^/\-_:.,;@=&|?]+[/\-_:.,;@=&|?]*|[/\-_:.,;@=&|?]+/g) ?? []) {
        const partWidth = this.shape(part, weight).width;
        if (partWidth <= most) place(part, partWidth);
        else for (const letter of clusters(part)) place(letter, this.shape(letter, weight).width);
      }
    }
    flush();
  }
}

/** Only what lines break at is dropped at their ends: a no-break or an ideographic space is text. */
function withoutEndBlanks(text: string): string {
  return text.replace(/[ \t]+$/, "");
}

interface Piece {
  font: FontName;
  text: string;
  missing: boolean;
}

/** Latin, Greek, Cyrillic, punctuation and symbols: a character is a glyph, with nothing to join or to combine. */
const simple = (code: number): boolean =>
  (code >= 0x20 && code < 0x300 && code !== 0xad && (code < 0x7f || code >= 0xa0)) ||
  (code >= 0x370 &&
    (code < 0x483 ||
      (code >= 0x48a && code < 0x530) ||
      (code >= 0x1e00 && code < 0x2000) ||
      (code >= 0x2010 && code < 0x2028) ||
      (code >= 0x2030 && code < 0x205f) ||
      (code >= 0x20a0 && code < 0x20d0) ||
      (code >= 0x2100 && code < 0x2600)));

/** Letters with the marks that belong to them. */
function clusters(text: string): string[] {
  const found: string[] = [];
  let open = "";
  for (const char of text) {
    if (open !== "" && !MARK.test(char) && !INVISIBLE.test(char)) {
      found.push(open);
      open = "";
    }
    open += char;
  }
  if (open !== "") found.push(open);
  return found;
}

/** Text as a PDF hexadecimal string in UTF-16BE with its byte-order mark. */
export function textString(text: string): string {
  let hex = "FEFF";
  for (let i = 0; i < text.length; i++) hex += text.charCodeAt(i).toString(16).toUpperCase().padStart(4, "0");
  return `<${hex}>`;
}

/** Operators that show a line inside a text object; they leave the font of the line's end selected. */
export function showText(shaped: Shaped, size: number): string {
  let out = "";
  let font = "";
  let rise = 0;
  for (const segment of shaped.segments) {
    if (segment.font !== font) out += `/${segment.font} ${size} Tf `;
    font = segment.font;
    if (segment.rise !== rise) out += `${Math.round(segment.rise * size) / 1000} Ts `;
    rise = segment.rise;
    if (segment.actual === undefined) out += `${segment.show}\n`;
    else out += `/Span<</ActualText${textString(segment.actual)}>>BDC ${segment.show} EMC\n`;
  }
  return rise === 0 ? out : `${out}0 Ts\n`;
}
