/** What is used of a font opened by fontkit. */
export interface FontProgram {
  readonly unitsPerEm: number;
  readonly ascent: number;
  readonly descent: number;
  readonly stream: { buffer: Uint8Array };
  readonly directory: { tables: Readonly<Record<string, { offset: number; length: number } | undefined>> };
  hasGlyphForCodePoint(codePoint: number): boolean;
  glyphForCodePoint(codePoint: number): FontGlyph;
  layout(
    text: string,
    features?: Readonly<Record<string, boolean>>,
    script?: undefined,
    language?: undefined,
    direction?: "rtl",
  ): GlyphRun;
}

export interface FontGlyph {
  readonly id: number;
  readonly advanceWidth: number;
  readonly codePoints: number[];
}

export interface GlyphRun {
  readonly glyphs: readonly FontGlyph[];
  readonly positions: readonly { xAdvance: number; xOffset: number; yOffset: number }[];
}
