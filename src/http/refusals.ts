const WINDOW_MS = 60_000;
/** Refusals of one log that are written down in a window. */
const MOST = 30;
/** Logs that are remembered. */
const MOST_LOGS = 10_000;

interface Window {
  began: number;
  written: number;
  unwritten: number;
}

/**
 * Bounds how many refusals are written down: they cost a caller nothing, and each is a write. What is left out is
 * counted, and told with the next one that is written.
 */
export class Refusals {
  readonly #elapsed: () => number;
  readonly #windows = new Map<string, Window>();

  /** @param elapsed milliseconds of a clock that only runs forward */
  constructor(elapsed: () => number = () => performance.now()) {
    this.#elapsed = elapsed;
  }

  /** @returns how many were left out since the last that was written; undefined when this one is, too */
  take(log: string): number | undefined {
    const now = this.#elapsed();
    const seen = this.#windows.get(log);
    if (seen === undefined && this.#windows.size >= MOST_LOGS) this.#windows.clear();
    const window = seen ?? { began: now, written: 0, unwritten: 0 };
    this.#windows.set(log, window);
    if (now - window.began >= WINDOW_MS) {
      window.began = now;
      window.written = 0;
    }
    if (window.written >= MOST) {
      window.unwritten += 1;
      return undefined;
    }
    const { unwritten } = window;
    window.written += 1;
    window.unwritten = 0;
    return unwritten;
  }
}
