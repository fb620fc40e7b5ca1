import type { SchemaNode } from "../../../core/parquet/footer.ts";
import { damaged } from "./problem.ts";
import type { Page, PageReader } from "./pages.ts";

/** The values of one leaf in some rows. */
export interface LeafValues {
  /** Null where the value is not there. */
  texts: (string | null)[];
  /** Of leaves within lists, maps and structs: how much of the path to each value is there. */
  definitions: number[];
  /** Which list on the path each value goes on; 0 begins a row. */
  repetitions: number[];
  /** Where each row begins; as long as the rows and one more. */
  starts: number[];
}

/** Reads a leaf's values row by row, whatever the pages they are in. */
export class LeafReader {
  readonly #pages: PageReader;
  readonly #leaf: SchemaNode;
  readonly #flat: boolean;
  #page: Page | undefined;
  /** In the page: the next value, and the next one that is there. */
  #at = 0;
  #there = 0;

  /** @param flat the leaf is a column itself: only texts are wanted */
  constructor(pages: PageReader, leaf: SchemaNode, flat: boolean) {
    this.#pages = pages;
    this.#leaf = leaf;
    this.#flat = flat;
  }

  /** @throws ParquetProblem when there are fewer rows */
  async take(rows: number): Promise<LeafValues> {
    const out: LeafValues = { texts: [], definitions: [], repetitions: [], starts: [] };
    let begun = 0;
    for (;;) {
      const page = await this.#current();
      if (page === undefined) break;
      begun = this.#flat ? this.#copyFlat(page, rows, begun, out) : this.#copy(page, rows, begun, out);
      if (this.#at < page.count) break;
      if (this.#flat && begun === rows) break;
    }
    if (begun < rows) throw damaged(`the column ${this.#leaf.name} has fewer rows than the file says`);
    out.starts.push(out.texts.length);
    return out;
  }

  /** Whether all of the chunk's values were taken. */
  async isDone(): Promise<boolean> {
    return (await this.#current()) === undefined;
  }

  async #current(): Promise<Page | undefined> {
    while (this.#page === undefined || this.#at >= this.#page.count) {
      this.#page = await this.#pages.next();
      this.#at = 0;
      this.#there = 0;
      if (this.#page === undefined) return undefined;
    }
    return this.#page;
  }

  #copyFlat(page: Page, rows: number, begun: number, out: LeafValues): number {
    const { definitions, text } = page;
    const most = this.#leaf.maxDefinition;
    const end = Math.min(page.count, this.#at + rows - begun);
    const taken = end - this.#at;
    for (; this.#at < end; this.#at++)
      out.texts.push(
        definitions === undefined || definitions[this.#at] === most ? text(this.#there++) : null,
      );
    return begun + taken;
  }

  /** @returns how many rows have begun so far; stops before the one after the last */
  #copy(page: Page, rows: number, begun: number, out: LeafValues): number {
    const { definitions, repetitions, text } = page;
    const most = this.#leaf.maxDefinition;
    for (; this.#at < page.count; this.#at++) {
      const repetition = repetitions?.[this.#at] ?? 0;
      if (repetition === 0) {
        if (begun === rows) return begun;
        begun++;
        out.starts.push(out.texts.length);
      } else if (begun === 0) throw damaged(`the column ${this.#leaf.name} begins within a row`);
      const definition = definitions?.[this.#at] ?? most;
      out.definitions.push(definition);
      out.repetitions.push(repetition);
      out.texts.push(definition === most ? text(this.#there++) : null);
    }
    return begun;
  }
}
