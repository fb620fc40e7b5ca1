import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { HttpTarget } from "../runtimes/target.ts";

const ROOT = join(import.meta.dirname, "../..");
const CLOCK = join(import.meta.dirname, "clock.mjs");
export const SECRET = "a secret for the campaign, over 32 bytes";
const START_TIMEOUT = 60_000;
const MEGABYTE = 1_000_000;

/** How the program is started: as it is built, or from its source. */
const PROGRAM = {
  built: [join(ROOT, "dist/cli/bin.js")],
  source: ["--import", "tsx", join(ROOT, "src/cli/bin.ts")],
} as const;

/** A server on a data folder of its own that is killed, starved of disk and moved in time. */
export class Server {
  readonly directory: string;
  readonly #program: readonly string[];
  #child: ChildProcess | undefined;
  #url = "";
  /** Whether it is meant to be running: it may be starting or ending otherwise. */
  up = false;
  /** Ends that nobody asked for, with what it wrote last. */
  readonly crashes: string[] = [];
  restarts = 0;
  peakMemoryMb = 0;
  #errors = "";
  /** What it has logged as errors, the latest last. */
  #log: string[] = [];

  constructor(directory: string, program: keyof typeof PROGRAM) {
    this.directory = directory;
    this.#program = PROGRAM[program];
  }

  /** Where it is now; it changes with every start. */
  get target(): HttpTarget {
    return {
      fetch: (request) => fetch(request),
      baseUrl: this.#url,
      secret: new TextEncoder().encode(SECRET),
      close: () => Promise.resolve(),
    };
  }

  async start(): Promise<void> {
    const args = ["--import", CLOCK, ...this.#program, "serve", "--port", "0", "--data", this.directory];
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { PATH: process.env["PATH"], SECUREBASE_JWT_SECRET: SECRET, SECUREBASE_LOG: "error" },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#child = child;
    this.#errors = "";
    child.stderr?.on("data", (data: Buffer) => {
      this.#errors = (this.#errors + data.toString()).slice(-4_000);
      this.#log = [...this.#log, ...data.toString().split("\n")].slice(-500);
    });
    this.#url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`the server did not start: ${this.#errors}`)),
        START_TIMEOUT,
      );
      let said = "";
      child.stdout?.on("data", (data: Buffer) => {
        said = (said + data.toString()).slice(-4_000);
        const url = /listens on (\S+)/.exec(said)?.[1];
        if (url === undefined) return;
        clearTimeout(timer);
        resolve(url);
      });
      child.once("exit", (code) => {
        clearTimeout(timer);
        reject(new Error(`the server ended with ${String(code)} as it started: ${this.#errors}`));
      });
    });
    child.once("exit", (code, signal) => {
      if (this.up) this.crashes.push(`ended by itself (${String(code ?? signal)}): ${this.#errors}`);
      this.up = false;
    });
    this.up = true;
  }

  /** Kills it at once, as the kernel or a power cut does. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Asks it to end, as an operator does. */
  terminate(): Promise<void> {
    return this.#end("SIGTERM");
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.up = false;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  }

  async restart(): Promise<void> {
    await this.start();
    this.restarts += 1;
  }

  /** Whether it is still the one that it was after so many restarts. */
  isUpSince(restarts: number): boolean {
    return this.up && this.restarts === restarts;
  }

  /** What it has logged about a request; empty when nothing. */
  async logOf(requestId: string): Promise<string> {
    // The log is written a moment after the answer.
    await delay(200);
    return this.#log.filter((line) => requestId !== "" && line.includes(requestId)).join("\n");
  }

  /** Moves its wall clock. @param milliseconds forwards, or backwards when negative */
  moveClock(milliseconds: number): void {
    if (this.#child?.connected === true) this.#child.send({ clock: milliseconds }, () => undefined);
  }

  /**
   * Lets no file grow further than its largest is now, as a full disk does: writes beyond fail with an error.
   * @returns a way to give it room again
   */
  fillDisk(): () => void {
    const pid = this.#child?.pid;
    if (pid === undefined) return () => undefined;
    const size = statSync(join(this.directory, "securebase.duckdb"), { throwIfNoEntry: false })?.size ?? 0;
    limitFileSize(pid, String(size));
    return () => limitFileSize(pid, "unlimited");
  }

  /** Looks at how much memory it takes. */
  watchMemory(): void {
    const pid = this.#child?.pid;
    if (pid === undefined || !this.up) return;
    try {
      const [, kilobytes = "0"] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
      this.peakMemoryMb = Math.max(this.peakMemoryMb, Math.round((Number(kilobytes) * 1_024) / MEGABYTE));
    } catch {
      // It has ended meanwhile, or this is no Linux.
    }
  }
}

function limitFileSize(pid: number, bytes: string): void {
  const done = spawnSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:`], { encoding: "utf8" });
  if (done.error !== undefined)
    throw new Error(`prlimit (util-linux) is needed to fill a disk: ${done.error.message}`);
}
