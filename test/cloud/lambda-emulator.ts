import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readZip } from "../support/zip.ts";
import { DELAY_MS, type FaultPlan } from "./faults.ts";

export interface FunctionOptions {
  functionZip: string;
  layerZip?: string;
  /** Path of the Node.js binary. */
  node: string;
  name: string;
  handler?: string;
  env: Readonly<Record<string, string>>;
  /** More environment, made from the address of the Invoke API. */
  envOf?: (endpoint: string) => Readonly<Record<string, string>>;
  memoryMb?: number;
  timeoutMs?: number;
  /** Instances that may run side by side; more invocations wait. */
  concurrency?: number;
}

/** How an invocation ended, as the Invoke API tells it. */
export interface Invoked {
  payload: unknown;
  /** `Unhandled` when the handler threw, timed out, ran out of memory or exited. */
  functionError: "Unhandled" | undefined;
  durationMs: number;
  coldStart: boolean;
  /** Milliseconds from the start of the process to its first question for work. */
  initMs: number | undefined;
  /** Most memory the process has held so far, in MB. */
  maxMemoryMb: number;
}

export interface LambdaEmulator {
  invoke(event: unknown): Promise<Invoked>;
  /** The address of the Invoke API, for functions that call functions. */
  endpoint: string;
  /** All lines the function wrote, and the platform's own START, END and REPORT. */
  logs: string[];
  /** Ends all instances, so that the next invocation is a cold start. */
  recycle(): Promise<void>;
  /** Resolves when every asynchronous invocation has ended. */
  idle(): Promise<void>;
  /** Changes the time limit of invocations from now on. */
  setTimeLimit(milliseconds: number): void;
  /** Lets requests to the Invoke API go wrong; `invoke` itself is never touched. */
  setFaults(plan: FaultPlan | undefined): void;
  close(): Promise<void>;
}

interface Invocation {
  id: string;
  event: string;
  started: number;
  done: (result: Omit<Invoked, "durationMs" | "coldStart" | "initMs" | "maxMemoryMb">) => void;
}

const INIT_LIMIT_MS = 10_000;
/** The largest answer a function may give (Lambda quotas). */
const MAX_RESPONSE = 6 * 1024 * 1024;

/**
 * Runs a packaged function as Lambda does: the zip and the layer unpacked, a process of its own with the function's
 * environment and nothing else's, one invocation at a time, frozen in between, with a time and a memory limit.
 */
export async function startLambda(options: FunctionOptions): Promise<LambdaEmulator> {
  const root = mkdtempSync(join(tmpdir(), "securebase-lambda-"));
  const task = unpack(options.functionZip, join(root, "task"));
  const opt = options.layerZip === undefined ? root : unpack(options.layerZip, join(root, "opt"));
  const logs: string[] = [];
  const instances = new Set<Instance>();
  const waiting: (() => void)[] = [];
  const background = new Set<Promise<unknown>>();
  const place: Place = { options, task, opt, logs, env: options.env };
  const acquire = async (): Promise<{ instance: Instance; cold: boolean }> => {
    for (;;) {
      for (const instance of instances) if (instance.dead) instances.delete(instance);
      const idle = [...instances].find((instance) => !instance.busy);
      if (idle !== undefined) {
        idle.busy = true;
        return { instance: idle, cold: false };
      }
      if (instances.size < (options.concurrency ?? 2)) {
        const instance = new Instance(place);
        instances.add(instance);
        await instance.start();
        return { instance, cold: true };
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const invoke = async (event: unknown): Promise<Invoked> => {
    const { instance, cold } = await acquire();
    try {
      return await instance.run(JSON.stringify(event), cold);
    } finally {
      instance.busy = false;
      waiting.shift()?.();
    }
  };
  const queue: EventQueue = { invoke, background, faults: undefined };
  const api = createServer((request, response) => void answerInvoke(request, response, queue));
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  place.env = { ...options.env, ...options.envOf?.(endpoint) };
  const recycle = async (): Promise<void> => {
    await Promise.all([...instances].map((instance) => instance.stop()));
    instances.clear();
  };
  return {
    invoke,
    endpoint,
    logs,
    recycle,
    async idle() {
      while (background.size > 0) await Promise.all(background);
    },
    setTimeLimit(milliseconds) {
      place.timeoutMs = milliseconds;
    },
    setFaults(plan) {
      queue.faults = plan;
    },
    async close() {
      await Promise.allSettled(background);
      await recycle();
      api.closeAllConnections();
      await new Promise((resolve) => api.close(resolve));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

interface Place {
  options: FunctionOptions;
  task: string;
  opt: string;
  logs: string[];
  env: Readonly<Record<string, string>>;
  timeoutMs?: number;
}

function unpack(archive: string, folder: string): string {
  for (const [name, bytes] of readZip(readFileSync(archive))) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  return folder;
}

interface EventQueue {
  invoke: (event: unknown) => Promise<Invoked>;
  background: Set<Promise<unknown>>;
  faults: FaultPlan | undefined;
}

/** Times a failed event is invoked again (Lambda Developer Guide, "Error handling for asynchronous invocation"). */
const EVENT_RETRIES = 2;

/** The Invoke API: `Event` invocations are queued and answered at once. */
async function answerInvoke(
  request: IncomingMessage,
  response: ServerResponse,
  queue: EventQueue,
): Promise<void> {
  const event: unknown = JSON.parse((await bodyOf(request)) || "null");
  const fault = queue.faults?.({ service: "lambda", operation: "Invoke" });
  if (fault === "reset") {
    request.socket.destroy();
    return;
  }
  if (fault === "throttle" || fault === "error") {
    const [status, type] =
      fault === "throttle" ? [429, "TooManyRequestsException"] : [500, "ServiceException"];
    response.writeHead(status, { "x-amzn-errortype": type }).end(JSON.stringify({ message: fault }));
    return;
  }
  if (request.headers["x-amz-invocation-type"] === "Event") {
    const task = runEvent(queue, event).finally(() => queue.background.delete(task));
    queue.background.add(task);
    if (fault === "lose-answer") request.socket.destroy();
    else setTimeout(() => response.writeHead(202).end(), fault === "delay" ? DELAY_MS : 0);
    return;
  }
  const result = await queue.invoke(event);
  const headers = result.functionError === undefined ? {} : { "x-amz-function-error": result.functionError };
  response.writeHead(200, headers).end(JSON.stringify(result.payload));
}

async function runEvent({ invoke }: EventQueue, event: unknown): Promise<void> {
  for (let attempt = 0; attempt <= EVENT_RETRIES; attempt++)
    if ((await invoke(event)).functionError === undefined) return;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString();
}

/** One process of the function. */
class Instance {
  busy = true;
  dead = false;
  readonly #place: Place;
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

  constructor(place: Place) {
    this.#place = place;
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
    const { options, task, opt, logs } = this.#place;
    const memory = options.memoryMb ?? 512;
    const child = spawn(
      options.node,
      // As the managed runtime does, the heap is held below the memory of the instance.
      [`--max-old-space-size=${Math.floor(memory * 0.9)}`, join(import.meta.dirname, "bootstrap.mjs")],
      {
        cwd: task,
        env: {
          TZ: ":UTC",
          LANG: "en_US.UTF-8",
          PATH: "/usr/local/bin:/usr/bin:/bin",
          NODE_PATH: `${opt}/nodejs/node_modules`,
          LAMBDA_TASK_ROOT: task,
          AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
          AWS_LAMBDA_FUNCTION_NAME: options.name,
          AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
          _HANDLER: options.handler ?? "index.handler",
          ...this.#place.env,
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => logs.push(...text.trimEnd().split("\n")));
    }
    child.on("exit", (code, signal) => {
      this.dead = true;
      this.#ready();
      this.#finish(
        "Runtime.ExitError",
        `Runtime exited with ${code === null ? String(signal) : `status ${code}`}`,
      );
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

  async run(event: string, coldStart: boolean): Promise<Invoked> {
    const { options, logs } = this.#place;
    const id = randomUUID();
    const started = performance.now();
    logs.push(`START RequestId: ${id}`);
    const timeoutMs = this.#place.timeoutMs ?? options.timeoutMs ?? 30_000;
    const result = await new Promise<Omit<Invoked, "durationMs" | "coldStart" | "initMs" | "maxMemoryMb">>(
      (done) => {
        if (this.dead) {
          const payload = this.#initError ?? {
            errorType: "Runtime.ExitError",
            errorMessage: "Runtime exited",
          };
          done({ payload, functionError: "Unhandled" });
          return;
        }
        this.#current = { id, event, started, done };
        const timer = setTimeout(() => {
          this.#finish("Sandbox.Timedout", `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`);
          this.#kill();
        }, timeoutMs);
        const answered = this.#current.done;
        this.#current.done = (value) => {
          clearTimeout(timer);
          answered(value);
        };
        this.#give(id, event, Date.now() + timeoutMs);
      },
    );
    const durationMs = performance.now() - started;
    this.#checkMemory();
    // An instance is frozen as soon as it has answered: what it left running does not go on.
    if (!this.dead) await this.#frozen();
    logs.push(`END RequestId: ${id}`);
    const memory = Math.round(this.#maxMemory);
    logs.push(`REPORT RequestId: ${id} Duration: ${durationMs.toFixed(2)} ms Max Memory Used: ${memory} MB`);
    return {
      ...{ ...result, durationMs, coldStart, maxMemoryMb: this.#maxMemory },
      initMs: coldStart ? this.#initMs : undefined,
    };
  }

  #give(id: string, event: string, deadline: number): void {
    this.#child?.kill("SIGCONT");
    const { name } = this.#place.options;
    const headers = {
      "content-type": "application/json",
      "lambda-runtime-aws-request-id": id,
      "lambda-runtime-deadline-ms": String(deadline),
      "lambda-runtime-invoked-function-arn": `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
    };
    this.#next?.writeHead(200, headers).end(event);
    this.#next = undefined;
  }

  /** Waits until the process asks for work again, and stops it there. */
  async #frozen(): Promise<void> {
    while (this.#next === undefined && !this.dead) await new Promise((resolve) => setTimeout(resolve, 1));
    this.#child?.kill("SIGSTOP");
  }

  #finish(errorType: string, errorMessage: string): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    const message = `RequestId: ${current.id} Error: ${errorMessage}`;
    this.#place.logs.push(message);
    current.done({ payload: { errorType, errorMessage: message }, functionError: "Unhandled" });
  }

  /** The largest resident set so far; over the limit the platform kills the process. */
  #checkMemory(): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.dead) return;
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      this.#maxMemory = Math.max(this.#maxMemory, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      return;
    }
    if (this.#maxMemory <= (this.#place.options.memoryMb ?? 512)) return;
    this.#finish("Runtime.OutOfMemory", "Runtime exited with error: signal: killed");
    this.#kill();
  }

  #kill(): void {
    this.dead = true;
    this.#child?.kill("SIGKILL");
    clearInterval(this.#watch);
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

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
