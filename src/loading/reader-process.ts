import { type ChildProcess, fork } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { errorOfPlain } from "../core/errors/plain.ts";
import type { FileLoad } from "../ports/loader.ts";
import type { LoadOptions } from "../ports/metric-store.ts";
import { type Answer, type Command, plainLoad } from "./messages.ts";
import { outOfMemory, readerFailed } from "./reader-errors.ts";
import type { ReadFiles } from "./read-files.ts";

export interface ReaderLimits {
  /** Of the JavaScript heap, in MB. */
  heapMb: number;
  /** Of the whole process, in MB; watched on systems that tell it (Linux). */
  processMb: number;
  /** What a process that was told to stop may still take, in milliseconds. */
  graceMs: number;
}

/** One that holds more is not kept: what a large load took is given back to the system by its end alone. */
const KEPT_MB = 300;
const PAGE_BYTES = 4096;
const WATCH_MS = 250;
/** Of what it writes to its standard error, for the log. */
const KEPT_TEXT = 2_000;
/**
 * It reads strangers' files: it gets none of this process's secrets. On Lambda the engine comes from a layer that NODE_PATH
 * names, and LD_LIBRARY_PATH names the runtime's own libraries.
 */
const PASSED_ON = [
  "PATH",
  "NODE_PATH",
  "LD_LIBRARY_PATH",
  "HOME",
  "TMPDIR",
  "TEMP",
  "TMP",
  "SystemRoot",
  "LANG",
  "TZ",
];

/** A process that reads files for this one, one load at a time. */
export class ReaderProcess {
  readonly #child: ChildProcess;
  readonly #limits: ReaderLimits;
  readonly #exited: Promise<void>;
  #errors = "";
  #tookTooMuch = false;
  #gone = false;
  #residentMb = 0;

  /** @param program what it runs: JavaScript, or in a checkout TypeScript */
  constructor(program: URL, limits: ReaderLimits) {
    this.#limits = limits;
    const loader = program.pathname.endsWith(".ts") ? ["--import", "tsx"] : [];
    this.#child = fork(fileURLToPath(program), [], {
      execArgv: [`--max-old-space-size=${limits.heapMb}`, ...loader],
      env: Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]])),
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.stderr?.on("data", (data: Buffer) => {
      this.#errors = (this.#errors + data.toString()).slice(-KEPT_TEXT);
    });
    this.#exited = new Promise((resolve) => {
      const gone = (): void => {
        this.#gone = true;
        resolve();
      };
      this.#child.once("exit", gone);
      this.#child.once("error", (error) => {
        this.#errors += error.message;
        gone();
      });
    });
    this.rest();
  }

  /** Whether it can take another load. */
  get usable(): boolean {
    return !this.#gone && !this.#child.killed && this.#child.connected && this.#residentMb < KEPT_MB;
  }

  /** Keeps this process alive only while there is work. */
  rest(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }

  /**
   * @param folder where it may write
   * @throws DomainError what reading throws; `import.out-of-memory` and `import.reader-failed` when the process died of
   *   it; the signal's reason when aborted
   */
  async read(load: FileLoad, folder: string, { signal, onProgress }: LoadOptions): Promise<ReadFiles> {
    signal?.throwIfAborted();
    this.#child.ref();
    this.#child.channel?.ref();
    const watch = setInterval(() => void this.#watchMemory(), WATCH_MS);
    let grace: NodeJS.Timeout | undefined;
    const abort = (): void => {
      this.#tell({ kind: "abort" });
      grace = setTimeout(() => this.#child.kill("SIGKILL"), this.#limits.graceMs);
    };
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const answered = this.#answer(onProgress);
      this.#tell({ kind: "read", load: plainLoad(load), folder });
      const result = await answered;
      signal?.throwIfAborted();
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      clearInterval(watch);
      clearTimeout(grace);
      signal?.removeEventListener("abort", abort);
      this.rest();
    }
  }

  #tell(command: Command): void {
    // A process that has gone is told of by its end.
    if (this.#child.connected) this.#child.send(command, () => undefined);
  }

  async #answer(onProgress: LoadOptions["onProgress"]): Promise<ReadFiles> {
    let onMessage: ((answer: Answer) => void) | undefined;
    const answered = new Promise<ReadFiles>((resolve, reject) => {
      onMessage = (answer) => {
        if (answer.kind === "progress") onProgress?.(answer.progress);
        else if (answer.kind === "done") resolve(answer.result);
        else if (answer.kind === "failed") reject(errorOfPlain(answer.error));
      };
      this.#child.on("message", onMessage);
    });
    const died = this.#exited.then(() => {
      throw this.#causeOfDeath();
    });
    try {
      return await Promise.race([answered, died]);
    } finally {
      if (onMessage !== undefined) this.#child.off("message", onMessage);
      // Whichever lost the race has nothing more to say.
      answered.catch(() => undefined);
      died.catch(() => undefined);
    }
  }

  #causeOfDeath(): Error {
    const { exitCode, signalCode } = this.#child;
    const cause = new Error(`the reading process ended with ${signalCode ?? exitCode}: ${this.#errors}`);
    // Nobody but the system kills it when memory runs out.
    const memory = this.#tookTooMuch || signalCode === "SIGKILL" || /out of memory/i.test(this.#errors);
    return memory ? outOfMemory(cause) : readerFailed(cause);
  }

  async #watchMemory(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined || this.#gone) return;
    const text = await readFile(`/proc/${pid}/statm`, "utf8").catch(() => "");
    this.#residentMb = (Number(text.split(" ")[1] ?? 0) * PAGE_BYTES) / 1e6;
    if (this.#residentMb <= this.#limits.processMb) return;
    this.#tookTooMuch = true;
    this.#child.kill("SIGKILL");
  }

  async end(): Promise<void> {
    // Nothing else may be left that keeps this process alive until the other one is gone.
    this.#child.ref();
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}
