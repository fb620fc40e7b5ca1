import * as zlib from "node:zlib";
import type { ColumnChunk, SchemaNode } from "../../../core/parquet/footer.ts";
import { bitWidth, readHybrid } from "./bits.ts";
import { type ByteSource, Window } from "./byte-source.ts";
import { type Cells, type Encoding, encodingOf, readCells } from "./cells.ts";
import { type Unpack, unpacker } from "./codecs.ts";
import { type PageHeader, readPageHeader } from "./page-header.ts";
import { damaged, unsupported } from "./problem.ts";
import { type TextReader, textReader } from "./texts.ts";

/** Some of a leaf's values, nulls and empty lists included. */
export interface Page {
  count: number;
  /** How much of the path to each value is there; undefined where all of it must be. */
  definitions: Uint8Array | undefined;
  /** Which list on the path each value goes on; undefined where there is none. */
  repetitions: Uint8Array | undefined;
  /** The text of the i-th value that is there. */
  text: (i: number) => string;
}

const HEADER_BYTES = 4 << 10;
/** A header holds the least and the greatest value at most. */
const MAX_HEADER_BYTES = 16 << 20;
/** Larger pages do not fit the memory of a function. */
const MAX_PAGE_BYTES = 1 << 28;
const MAX_PAGE_VALUES = 1 << 26;

/** Not in every version of Node.js that is supported: since 20.15. */
const { crc32 }: { crc32?: (bytes: Uint8Array) => number } = zlib;

/** Reads the pages of one leaf in a row group, one at a time: what they hold is all that is in memory. */
export class PageReader {
  readonly #leaf: SchemaNode;
  readonly #chunk: ColumnChunk;
  readonly #window: Window;
  readonly #toText: TextReader;
  #unpack: Unpack | undefined;
  #dictionary: ((i: number) => string) | undefined;
  #left: number;

  /** @throws ParquetProblem when it cannot be read here */
  constructor(source: ByteSource, leaf: SchemaNode, chunk: ColumnChunk) {
    if (chunk.encrypted) throw unsupported(`the encrypted column ${leaf.name}`);
    if (chunk.elsewhere) throw unsupported(`the column ${leaf.name} in another file`);
    this.#leaf = leaf;
    this.#chunk = chunk;
    this.#window = new Window(source, chunk.offset);
    this.#toText = textReader(leaf);
    this.#left = chunk.values;
  }

  /** @returns undefined after the last */
  async next(): Promise<Page | undefined> {
    while (this.#left > 0) {
      const header = await this.#header();
      const packed = await this.#window.take(header.packed);
      if (header.kind === "other") continue;
      if (header.crc !== undefined && crc32 !== undefined && crc32(packed) !== header.crc)
        throw damaged(`a page of ${this.#leaf.name} does not match its checksum`);
      this.#unpack ??= await unpacker(this.#chunk.codec);
      if (header.kind === "dictionary") {
        const cells = readCells(this.#leaf, "PLAIN", this.#plain(packed, header.size), 0, header.values);
        this.#dictionary = remembered(cells, this.#toText);
        continue;
      }
      if (header.values > this.#left) throw damaged(`${this.#leaf.name} has more values than it says`);
      this.#left -= header.values;
      return header.kind === "data" ? this.#first(header, packed) : this.#second(header, packed);
    }
    return undefined;
  }

  async #header(): Promise<PageHeader> {
    for (let length = HEADER_BYTES; ; length *= 8) {
      const bytes = await this.#window.peek(length);
      try {
        const header = readPageHeader(bytes);
        const { packed, size, values } = header;
        if (packed < 0 || size < 0 || values < 0) throw damaged(`a page of ${this.#leaf.name} has no size`);
        if (size > MAX_PAGE_BYTES || packed > MAX_PAGE_BYTES) throw unsupported(`a page of ${size} bytes`);
        if (values > MAX_PAGE_VALUES) throw unsupported(`a page of ${values} values`);
        this.#window.at += header.length;
        return header;
      } catch (error) {
        if (!(error instanceof RangeError) || bytes.length < length || length > MAX_HEADER_BYTES) throw error;
      }
    }
  }

  #plain(packed: Uint8Array, size: number): Buffer {
    const bytes = this.#unpack?.(packed, size) ?? packed;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Version 1: levels, each with its length, and values are packed together. */
  #first(header: PageHeader, packed: Uint8Array): Page {
    const bytes = this.#plain(packed, header.size);
    const { maxRepetition, maxDefinition } = this.#leaf;
    let at = 0;
    const levels = (most: number): Uint8Array | undefined => {
      if (most === 0) return undefined;
      if (encodingOf(header.levelEncoding) !== "RLE") throw unsupported("levels in the encoding BIT_PACKED");
      const from = at + 4;
      at = from + bytes.readUInt32LE(at);
      return readLevels(bytes, from, at, most, header.values);
    };
    const repetitions = levels(maxRepetition);
    const definitions = levels(maxDefinition);
    return this.#page(header, repetitions, definitions, bytes, at);
  }

  /** Version 2: the header has the levels' lengths, and only values are packed. */
  #second(header: PageHeader, packed: Buffer): Page {
    const { maxRepetition, maxDefinition } = this.#leaf;
    const { values, repetitionBytes, definitionBytes } = header;
    const begin = repetitionBytes + definitionBytes;
    if (repetitionBytes < 0 || definitionBytes < 0 || begin > packed.length)
      throw damaged(`a page of ${this.#leaf.name} has no room for its levels`);
    const repetitions =
      maxRepetition === 0 ? undefined : readLevels(packed, 0, repetitionBytes, maxRepetition, values);
    const definitions =
      maxDefinition === 0 ? undefined : readLevels(packed, repetitionBytes, begin, maxDefinition, values);
    const rest = packed.subarray(begin);
    const bytes = header.isPacked ? this.#plain(rest, header.size - begin) : rest;
    return this.#page(header, repetitions, definitions, bytes, 0);
  }

  #page(
    header: PageHeader,
    repetitions: Uint8Array | undefined,
    definitions: Uint8Array | undefined,
    bytes: Buffer,
    from: number,
  ): Page {
    const encoding = encodingOf(header.encoding);
    const there = countOf(definitions, this.#leaf.maxDefinition) ?? header.values;
    const text =
      encoding === "PLAIN_DICTIONARY" || encoding === "RLE_DICTIONARY"
        ? this.#fromDictionary(bytes, from, there)
        : this.#fromCells(encoding, bytes, from, there);
    return {
      ...{ count: header.values, repetitions, text },
      definitions: there === header.values ? undefined : definitions,
    };
  }

  #fromCells(encoding: Encoding, bytes: Buffer, from: number, count: number): (i: number) => string {
    const cells = readCells(this.#leaf, encoding, bytes, from, count);
    const toText = this.#toText;
    return (i) => toText(cells.bytes, cells.start(i), cells.end(i));
  }

  /** A byte with the indices' width, then the indices. */
  #fromDictionary(bytes: Buffer, from: number, count: number): (i: number) => string {
    const dictionary = this.#dictionary;
    if (dictionary === undefined) throw damaged(`${this.#leaf.name} has no dictionary`);
    if (count === 0) return dictionary;
    const width = bytes.readUInt8(from);
    const indices =
      width <= 8 ? new Uint8Array(count) : width <= 16 ? new Uint16Array(count) : new Uint32Array(count);
    readHybrid(bytes, from + 1, bytes.length, width, indices);
    return (i) => dictionary(indices[i] ?? 0);
  }
}

function readLevels(bytes: Buffer, from: number, end: number, most: number, count: number): Uint8Array {
  if (most > 255) throw unsupported("columns nested more than 255 levels deep");
  const levels = new Uint8Array(count);
  readHybrid(bytes, from, end, bitWidth(most), levels);
  return levels;
}

/** How many levels are the highest. */
function countOf(levels: Uint8Array | undefined, most: number): number | undefined {
  if (levels === undefined) return undefined;
  let count = 0;
  for (const level of levels) if (level === most) count++;
  return count;
}

/** Texts of a dictionary, each made when it is first asked for. */
function remembered(cells: Cells, toText: TextReader): (i: number) => string {
  const texts = new Array<string | undefined>(cells.count);
  return (i) => {
    if (i >= cells.count) throw damaged("a value is not in its dictionary");
    return (texts[i] ??= toText(cells.bytes, cells.start(i), cells.end(i)));
  };
}
