import type { Row } from "../../core/query/query.ts";

/** Rows in batches, of which a part may be taken: where a sheet is full in the middle of a batch, the next goes on. */
export class RowCursor {
  readonly #batches: AsyncIterator<readonly Row[]>;
  #batch: readonly Row[] = [];
  #at = 0;
  #ended = false;

  constructor(rows: AsyncIterable<readonly Row[]>) {
    this.#batches = rows[Symbol.asyncIterator]();
  }

  /** The rows at hand, at least one; undefined at the end. Reads on only when all rows before were taken. */
  async peek(): Promise<readonly Row[] | undefined> {
    while (this.#at >= this.#batch.length && !this.#ended) {
      const next = await this.#batches.next();
      if (next.done === true) this.#ended = true;
      else {
        this.#batch = next.value;
        this.#at = 0;
      }
    }
    if (this.#at >= this.#batch.length) return undefined;
    return this.#at === 0 ? this.#batch : this.#batch.slice(this.#at);
  }

  /** Takes the first `count` of the rows at hand. */
  take(count: number): void {
    this.#at += count;
  }

  /** Ends the stream behind, read to its end or not. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#batches.return?.();
  }
}
