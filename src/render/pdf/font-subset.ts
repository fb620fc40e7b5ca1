import type { EmbeddedFont, PdfFile } from "./file.ts";
import type { FontGlyph, FontProgram, GlyphRun } from "./program.ts";

/** A character ready to draw. */
export interface Glyph {
  readonly id: number;
  /** Its number in the embedded subset. */
  readonly place: number;
  /** That number's bytes in a content stream's string. */
  readonly code: string;
  /** 1/1000 em. */
  readonly advance: number;
  /** Whether any pair that starts with it is kerned. */
  readonly kerned: boolean;
}

/** The byte pair of a glyph number, with what a literal string must escape (ISO 32000-1, 7.3.4.2). */
function stringBytes(id: number): string {
  return String.fromCharCode(id >> 8, id & 255).replace(/[\\()\r]/g, (c) => (c === "\r" ? "\\r" : `\\${c}`));
}

/** Code points below this are Latin, Greek and Cyrillic. */
const DENSE = 0x530;

/** The embedded subset of a font: maps characters to its glyphs, and knows their kerning. */
export class FontSubset {
  /** Its name in the page's resources. */
  readonly name: string;
  readonly #program: FontProgram;
  readonly #font: EmbeddedFont;
  readonly #scale: number;
  /** Glyphs of the alphabets by code point, null where there is none; a dense array is the fastest map there is. */
  readonly #alphabet: (Glyph | null | undefined)[] = Array.from({ length: DENSE });
  readonly #others = new Map<number, Glyph | null>();
  readonly #kerning: Kerning;
  readonly #pairs = new Map<number, number>();

  constructor(file: PdfFile, program: FontProgram) {
    this.#program = program;
    this.#font = file.embedFont(program);
    this.name = this.#font.id;
    this.#font.unicode[0] = [0xfffd];
    this.#scale = 1000 / program.unitsPerEm;
    this.#kerning = readKerning(program);
  }

  /** The font's object, for the resource dictionary. */
  get ref(): unknown {
    return this.#font.ref();
  }

  /** The glyph of a code point; undefined when the font has none. */
  glyph(codePoint: number): Glyph | undefined {
    const known = codePoint < DENSE ? this.#alphabet[codePoint] : this.#others.get(codePoint);
    return known === undefined ? this.#find(codePoint) : (known ?? undefined);
  }

  #find(codePoint: number): Glyph | undefined {
    const found = this.#program.hasGlyphForCodePoint(codePoint)
      ? this.#include(this.#program.glyphForCodePoint(codePoint), [codePoint])
      : undefined;
    if (codePoint < DENSE) this.#alphabet[codePoint] = found ?? null;
    else this.#others.set(codePoint, found ?? null);
    return found;
  }

  #include(glyph: FontGlyph, codePoints: number[]): Glyph {
    const id = this.#font.subset.includeGlyph(glyph.id);
    const advance = glyph.advanceWidth * this.#scale;
    this.#font.widths[id] ??= advance;
    // A glyph that stands for no character of its own must still say something, and PDF/A forbids 0.
    this.#font.unicode[id] ??= codePoints.length > 0 ? codePoints : [0xfffd];
    return {
      id: glyph.id,
      place: id,
      code: stringBytes(id),
      advance,
      kerned: this.#kerning.starts(glyph.id),
    };
  }

  /** The kerning between two glyphs in 1/1000 em, whole, negative when they move together. */
  kern(left: Glyph, right: Glyph): number {
    const pair = left.id * 65536 + right.id;
    let value = this.#pairs.get(pair);
    if (value === undefined) {
      value = Math.round(this.#kerning.of(left.id, right.id) * this.#scale);
      this.#pairs.set(pair, value);
    }
    return value;
  }

  /** Glyphs of a run that needs shaping (joined letters, marks), in the order they are drawn; offsets in 1/1000 em. */
  shape(text: string, rightToLeft: boolean): { glyph: Glyph; advance: number; dx: number; dy: number }[] {
    const run = this.#layout(text, rightToLeft);
    return run.glyphs.map((glyph, i) => {
      const at = run.positions[i] ?? { xAdvance: glyph.advanceWidth, xOffset: 0, yOffset: 0 };
      return {
        glyph: this.#include(glyph, glyph.codePoints),
        advance: at.xAdvance * this.#scale,
        dx: at.xOffset * this.#scale,
        dy: at.yOffset * this.#scale,
      };
    });
  }

  /**
   * fontkit throws on some marks and letters with marks (U+0615, U+06A2): it takes an anchor that a font leaves out for
   * one that is there. Their marks are then not placed; the letters are joined all the same.
   */
  #layout(text: string, rightToLeft: boolean): GlyphRun {
    const direction = rightToLeft ? "rtl" : undefined;
    try {
      return this.#program.layout(text, undefined, undefined, undefined, direction);
    } catch {
      const unplaced = { mark: false, mkmk: false };
      return this.#program.layout(text, unplaced, undefined, undefined, direction);
    }
  }
}

interface Kerning {
  starts(left: number): boolean;
  of(left: number, right: number): number;
}

const NO_KERNING: Kerning = { starts: () => false, of: () => 0 };

/**
 * The pairs of a `kern` table, format 0, searched in place: fontkit would make objects of all of them, 27 ms a font.
 * Layout: table header 4 bytes, subtable header 6, nPairs and search fields 8, then left, right, value of 2 bytes each.
 */
function readKerning(program: FontProgram): Kerning {
  const entry = program.directory.tables["kern"];
  if (entry === undefined) return NO_KERNING;
  const bytes = program.stream.buffer;
  const view = new DataView(bytes.buffer, bytes.byteOffset + entry.offset, entry.length);
  const count = view.getUint16(10);
  const base = 18;
  const find = (key: number): number => {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (view.getUint32(base + middle * 6) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    starts: (left) => {
      const at = find(left * 65536);
      return at < count && view.getUint16(base + at * 6) === left;
    },
    of: (left, right) => {
      const key = left * 65536 + right;
      const at = find(key);
      return at < count && view.getUint32(base + at * 6) === key ? view.getInt16(base + at * 6 + 4) : 0;
    },
  };
}
