import type { Row } from "../../core/query/query.ts";

/** A cursor over batches of rows: where a sheet is full in the middle of a batch, the next sheet takes the rest of it. */
export class RowCursor {
  readonly #batches: AsyncIterator<readonly Row[]>;
  #batch: readonly Row[] = [];
  #at = 0;
  #ended = false;

  constructor(rows: AsyncIterable<readonly Row[]>) {
    this.#batches = rows[Symbol.asyncIterator]();
  }

  /** The rows that were read and not taken yet, at least one; undefined at the end. Reads the next batch when needed. */
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

  /** Takes the first `count` of the rows that `peek` returned. */
  take(count: number): void {
    this.#at += count;
  }

  /** Closes the underlying stream. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#batches.return?.();
  }
}
