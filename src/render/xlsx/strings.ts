import { ByteWriter } from "../shared/bytes.ts";
import { textElement, XML_HEAD } from "./xml.ts";

/** Characters of all shared strings together; beyond, texts are written into their cells. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** The workbook's shared strings, bounded: what repeats is written once, what would fill the memory is not shared. */
export class SharedStrings {
  readonly #index = new Map<string, number>();
  readonly #texts: string[] = [];
  #characters = 0;

  /** @returns undefined when the text is not shared */
  add(text: string): number | undefined {
    const known = this.#index.get(text);
    if (known !== undefined) return known;
    if (this.#characters + text.length > MAX_CHARACTERS) return undefined;
    this.#characters += text.length;
    const index = this.#texts.push(text) - 1;
    this.#index.set(text, index);
    return index;
  }

  /** The part `xl/sharedStrings.xml`. */
  // eslint-disable-next-line @typescript-eslint/require-await -- parts are async streams, this one has nothing to wait for
  async *xml(): AsyncGenerator<Uint8Array, void, undefined> {
    const out = new ByteWriter(256 * 1024);
    out.text(
      `${XML_HEAD}<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" uniqueCount="${this.#texts.length}">`,
    );
    for (const text of this.#texts) {
      out.text(`<si>${textElement(text)}</si>`);
      if (out.full) yield out.take();
    }
    out.text("</sst>");
    yield out.take();
  }
}
