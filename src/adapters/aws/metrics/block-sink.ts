import { type Dynamo, type Item, MAX_BATCH_WRITE } from "../dynamo.ts";

const BATCHES_AT_ONCE = 4;

/** Puts items in batches, a few at a time. `put` waits while all are under way, so that a fast reader cannot run ahead. */
export class BlockSink {
  readonly #dynamo: Dynamo;
  readonly #table: string;
  readonly #signal: AbortSignal | undefined;
  #waiting: Item[] = [];
  readonly #running = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;

  constructor(dynamo: Dynamo, table: string, signal?: AbortSignal) {
    this.#dynamo = dynamo;
    this.#table = table;
    this.#signal = signal;
  }

  /** @throws what an earlier batch failed with */
  async put(item: Item): Promise<void> {
    this.#check();
    this.#waiting.push(item);
    if (this.#waiting.length < MAX_BATCH_WRITE) return;
    this.#send();
    while (this.#running.size >= BATCHES_AT_ONCE) await Promise.race(this.#running);
    this.#check();
  }

  /** Resolves when everything is written. @throws what a batch failed with */
  async flush(): Promise<void> {
    this.#send();
    await Promise.all(this.#running);
    this.#check();
  }

  #send(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    const task = this.#dynamo
      .batchPut(this.#table, batch, this.#signal)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
