import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** How an invocation ended, as the Invoke API tells it. */
export interface Invoked {
  payload: unknown;
  /** `Unhandled` when the handler threw, timed out, ran out of memory or exited. */
  functionError: "Unhandled" | undefined;
  durationMs: number;
  coldStart: boolean;
  /** Milliseconds from the start of the process to its first question for work. */
  initMs: number | undefined;
  /** Most memory that the process and those it started have held so far, in MB. */
  maxMemoryMb: number;
}

/** What an instance of a function is made from. */
export interface InstanceOptions {
  name: string;
  /** Path of the Node.js binary. */
  node: string;
  handler: string;
  /** Folder of the function's code, and of its layers. */
  task: string;
  opt: string;
  /** Its own `/tmp`. */
  temporary: string;
  env: Readonly<Record<string, string>>;
  memoryMb: number;
  logs: string[];
}

type Result = Pick<Invoked, "payload" | "functionError">;

interface Invocation {
  id: string;
  done: (result: Result) => void;
}

const INIT_LIMIT_MS = 10_000;
/** The largest answer a function may give (Lambda quotas). */
const MAX_RESPONSE = 6 * 1024 * 1024;

/** One process of a function, and those it starts: a process group. */
export class Instance {
  busy = true;
  dead = false;
  readonly #options: InstanceOptions;
  #child: ChildProcess | undefined;
  #server: Server | undefined;
  /** The open question for work. */
  #next: ServerResponse | undefined;
  #ready = (): void => undefined;
  #current: Invocation | undefined;
  #initMs: number | undefined;
  #initError: unknown;
  #maxMemory = 0;
  #watch: NodeJS.Timeout | undefined;

  constructor(options: InstanceOptions) {
    this.#options = options;
  }

  /** Resolves when the process has asked for work, or has failed to. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const started = performance.now();
    const ready = new Promise<void>((resolve) => (this.#ready = resolve));
    this.#child = this.#spawn((server.address() as AddressInfo).port);
    this.#watch = setInterval(() => this.#checkMemory(), 20);
    const limit = setTimeout(() => this.#ready(), INIT_LIMIT_MS);
    await ready;
    clearTimeout(limit);
    this.#initMs = performance.now() - started;
  }

  #spawn(port: number): ChildProcess {
    const { name, node, handler, task, opt, temporary, env, memoryMb, logs } = this.#options;
    mkdirSync(temporary, { recursive: true });
    const child = spawn(
      node,
      // As the managed runtime does, the heap is held below the memory of the instance.
      [`--max-old-space-size=${Math.floor(memoryMb * 0.9)}`, join(import.meta.dirname, "bootstrap.mjs")],
      {
        cwd: task,
        env: {
          TZ: ":UTC",
          LANG: "en_US.UTF-8",
          PATH: "/usr/local/bin:/usr/bin:/bin",
          NODE_PATH: `${opt}/nodejs/node_modules`,
          TMPDIR: temporary,
          LAMBDA_TASK_ROOT: task,
          AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
          AWS_LAMBDA_FUNCTION_NAME: name,
          AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
          _HANDLER: handler,
          ...env,
        },
        stdio: ["ignore", "pipe", "pipe"],
        // A group of its own: what the process starts is frozen and ended with it.
        detached: true,
      },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => logs.push(...text.trimEnd().split("\n")));
    }
    child.on("exit", (code, signal) => {
      // Lambda does not keep what a runtime that has exited leaves running.
      this.#kill();
      this.#ready();
      const how = signal === null ? `exit status ${code}` : `signal: ${SIGNALS[signal] ?? signal}`;
      this.#finish("Runtime.ExitError", `Runtime exited with error: ${how}`);
    });
    return child;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    if (path.endsWith("/invocation/next")) {
      this.#next = response;
      this.#ready();
      return;
    }
    const body = await bodyOf(request);
    response.writeHead(202).end();
    if (path.endsWith("/init/error")) {
      this.#initError = JSON.parse(body);
      return;
    }
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    if (path.endsWith("/error")) current.done({ payload: JSON.parse(body), functionError: "Unhandled" });
    else if (Buffer.byteLength(body) > MAX_RESPONSE) {
      const errorMessage = `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE} bytes).`;
      const payload = { errorType: "Function.ResponseSizeTooLarge", errorMessage };
      current.done({ payload, functionError: "Unhandled" });
    } else current.done({ payload: JSON.parse(body), functionError: undefined });
  }

  async run(event: string, coldStart: boolean, timeoutMs: number): Promise<Invoked> {
    const { logs } = this.#options;
    const id = randomUUID();
    const started = performance.now();
    logs.push(`START RequestId: ${id}`);
    const result = await new Promise<Result>((done) => {
      if (this.dead) {
        const payload = this.#initError ?? { errorType: "Runtime.ExitError", errorMessage: "Runtime exited" };
        done({ payload, functionError: "Unhandled" });
        return;
      }
      const timer = setTimeout(() => {
        this.#finish("Sandbox.Timedout", `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`);
        this.#kill();
      }, timeoutMs);
      this.#current = {
        id,
        done: (value) => {
          clearTimeout(timer);
          done(value);
        },
      };
      this.#give(id, event, Date.now() + timeoutMs);
    });
    const durationMs = performance.now() - started;
    this.#checkMemory();
    // An instance is frozen as soon as it has answered: what it left running does not go on.
    if (!this.dead) await this.#frozen();
    logs.push(`END RequestId: ${id}`);
    const memory = Math.round(this.#maxMemory);
    logs.push(
      `REPORT RequestId: ${id} Duration: ${durationMs.toFixed(2)} ms Max Memory Used: ${memory} MB${statusOf(result)}`,
    );
    const initMs = coldStart ? this.#initMs : undefined;
    return { ...result, durationMs, coldStart, initMs, maxMemoryMb: this.#maxMemory };
  }

  #give(id: string, event: string, deadline: number): void {
    this.#signal("SIGCONT");
    const headers = {
      "content-type": "application/json",
      "lambda-runtime-aws-request-id": id,
      "lambda-runtime-deadline-ms": String(deadline),
      "lambda-runtime-invoked-function-arn": `arn:aws:lambda:us-east-1:000000000000:function:${this.#options.name}`,
    };
    this.#next?.writeHead(200, headers).end(event);
    this.#next = undefined;
  }

  /** Waits until the process asks for work again, and stops it there. */
  async #frozen(): Promise<void> {
    while (this.#next === undefined && !this.dead) await new Promise((resolve) => setTimeout(resolve, 1));
    this.#signal("SIGSTOP");
  }

  #finish(errorType: string, errorMessage: string): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    const message = `RequestId: ${current.id} Error: ${errorMessage}`;
    this.#options.logs.push(message);
    current.done({ payload: { errorType, errorMessage: message }, functionError: "Unhandled" });
  }

  /**
   * Notes the largest resident set so far, and kills a process over the limit as the platform does. What its own processes
   * take is noted, and no reason to kill it: on Lambda the system ends those first that offer themselves (oom_score_adj).
   */
  #checkMemory(): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.dead) return;
    const own = megabytes(pid, "VmHWM");
    const children = childrenOf(pid).reduce((sum, child) => sum + megabytes(child, "VmRSS"), 0);
    this.#maxMemory = Math.max(this.#maxMemory, own, megabytes(pid, "VmRSS") + children);
    if (own <= this.#options.memoryMb) return;
    this.#finish("Runtime.OutOfMemory", "Runtime exited with error: signal: killed");
    this.#kill();
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // All of the group has gone.
    }
  }

  #kill(): void {
    this.dead = true;
    this.#signal("SIGKILL");
    clearInterval(this.#watch);
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  /** Ends the process, whatever it is doing. */
  async stop(): Promise<void> {
    const child = this.#child;
    const exited = new Promise<void>((resolve) => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) resolve();
      else child.once("exit", () => resolve());
    });
    this.#kill();
    await exited;
  }
}

/** As Lambda writes them. */
const SIGNALS: Partial<Record<NodeJS.Signals, string>> = { SIGKILL: "killed", SIGTERM: "terminated" };

function statusOf({ payload, functionError }: Result): string {
  if (functionError === undefined) return "";
  const { errorType } = payload as { errorType: string };
  return errorType === "Sandbox.Timedout" ? " Status: timeout" : ` Status: error Error Type: ${errorType}`;
}

/** From proc(5); 0 for a process that has gone. */
function megabytes(pid: number, field: "VmHWM" | "VmRSS"): number {
  const status = readProc(`${pid}/status`);
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
}

function childrenOf(pid: number): number[] {
  return readProc(`${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return "";
  }
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString();
}
