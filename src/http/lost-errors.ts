import { AsyncLocalStorage } from "node:async_hooks";

interface Work {
  id: string;
  fail(error: Error): void;
}

/** Leads errors that nobody handled back to the work they belong to: a request, or an invocation of a function. */
export class LostErrors {
  readonly #current = new AsyncLocalStorage<Work>();

  /**
   * Does some work. It fails with the first error that gets lost in it, rather than wait for what may never come.
   * @param id of the work in the log
   */
  async run<T>(id: string, work: () => Promise<T>): Promise<T> {
    let fail: Work["fail"] = () => undefined;
    const lost = new Promise<never>((_, reject) => (fail = reject));
    return this.#current.run({ id, fail }, () => Promise.race([work(), lost]));
  }

  /**
   * To be called where the process hears of an error that nobody handled: fails its work, unless that is over.
   * @returns the work's id; undefined when the error belongs to none
   */
  fail(error: unknown): string | undefined {
    const work = this.#current.getStore();
    work?.fail(error instanceof Error ? error : new Error(String(error)));
    return work?.id;
  }
}
