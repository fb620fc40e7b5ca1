import type { FileReader } from "./read-files.ts";
import { type ReaderLimits, ReaderProcess } from "./reader-process.ts";

export interface ReaderOptions {
  /** The program that reads; see {@link ReaderProcess}. */
  program: URL;
  limits?: Partial<ReaderLimits>;
  /** Processes at once; further loads wait for their turn. */
  most?: number;
  /** Milliseconds after which a process that has nothing to do ends. */
  idleMs?: number;
}

/** Files that do not fit are hostile or broken: everything that reads them does so in parts. */
const LIMITS: ReaderLimits = { heapMb: 768, processMb: 2_000, graceMs: 2_000 };
const MOST = 2;
const IDLE_MS = 30_000;

/**
 * The processes that read foreign files for this one. What a file does to its reader, an abort, a loop, a lack of memory,
 * ends that process and fails that import; nobody else notices. They are started when they are needed and kept for a
 * while.
 */
export class Readers {
  readonly #options: Required<Omit<ReaderOptions, "limits">> & { limits: ReaderLimits };
  readonly #idle: { reader: ReaderProcess; timer: NodeJS.Timeout }[] = [];
  readonly #busy = new Set<ReaderProcess>();
  readonly #waiting: (() => void)[] = [];
  #closed = false;

  constructor({ program, limits = {}, most = MOST, idleMs = IDLE_MS }: ReaderOptions) {
    this.#options = { program, limits: { ...LIMITS, ...limits }, most, idleMs };
  }

  /** Reads files in one of the processes. */
  readonly read: FileReader = async (load, folder, options) => {
    const reader = await this.#take(options.signal);
    try {
      return await reader.read(load, folder, options);
    } finally {
      this.#giveBack(reader);
    }
  };

  async #take(signal: AbortSignal | undefined): Promise<ReaderProcess> {
    while (this.#busy.size >= this.#options.most) await this.#turn(signal);
    if (signal?.aborted === true) {
      this.#waiting.shift()?.();
      throw signal.reason;
    }
    if (this.#closed) throw new Error("the readers are closed");
    const reader = this.#idleReader() ?? new ReaderProcess(this.#options.program, this.#options.limits);
    this.#busy.add(reader);
    return reader;
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(signal?.reason as Error);
      };
      this.#waiting.push(go);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  #idleReader(): ReaderProcess | undefined {
    for (let entry = this.#idle.pop(); entry !== undefined; entry = this.#idle.pop()) {
      clearTimeout(entry.timer);
      if (entry.reader.usable) return entry.reader;
    }
    return undefined;
  }

  #giveBack(reader: ReaderProcess): void {
    this.#busy.delete(reader);
    this.#waiting.shift()?.();
    if (this.#closed || !reader.usable) {
      void reader.end();
      return;
    }
    const timer = setTimeout(() => {
      this.#idle.splice(
        this.#idle.findIndex((entry) => entry.reader === reader),
        1,
      );
      void reader.end();
    }, this.#options.idleMs);
    timer.unref();
    this.#idle.push({ reader, timer });
  }

  /** Ends all processes; loads under way fail. */
  async close(): Promise<void> {
    this.#closed = true;
    const readers = [...this.#busy, ...this.#idle.map(({ reader }) => reader)];
    for (const { timer } of this.#idle.splice(0)) clearTimeout(timer);
    await Promise.all(readers.map((reader) => reader.end()));
  }
}
