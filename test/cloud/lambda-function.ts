import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readZip } from "../support/zip.ts";
import { Instance, type Invoked } from "./lambda-instance.ts";

export interface FunctionOptions {
  functionZip: string;
  /** Zips, or folders that such a zip was made from; what is the same in several is taken from the last. */
  layers?: readonly string[];
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
  /** Times a failed event is invoked again (`MaximumRetryAttempts`). */
  retries?: number;
}

/** A function of the emulated Lambda. */
export interface LambdaFunction {
  invoke(event: unknown): Promise<Invoked>;
  /** All lines the function wrote, and the platform's own START, END and REPORT. */
  logs: string[];
  /** Ends all instances, those at work too, so that the next invocation is a cold start. */
  recycle(): Promise<void>;
  /** Changes the time limit of invocations from now on. */
  setTimeLimit(milliseconds: number): void;
}

const DEFAULT_MEMORY_MB = 512;
const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_CONCURRENCY = 2;

/** A packaged function and its instances; its zips are unpacked when it is first invoked. */
export class EmulatedFunction implements LambdaFunction {
  readonly logs: string[] = [];
  readonly options: FunctionOptions;
  readonly #root: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #instances = new Set<Instance>();
  readonly #waiting: (() => void)[] = [];
  #started = 0;
  #timeoutMs: number;
  #code: { task: string; opt: string } | undefined;

  /** @param root where it may write */
  constructor(options: FunctionOptions, root: string, env: Readonly<Record<string, string>>) {
    this.options = options;
    this.#root = root;
    this.#env = env;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  async invoke(event: unknown): Promise<Invoked> {
    const { instance, cold } = await this.#acquire();
    try {
      return await instance.run(JSON.stringify(event), cold, this.#timeoutMs);
    } finally {
      instance.busy = false;
      this.#waiting.shift()?.();
    }
  }

  async #acquire(): Promise<{ instance: Instance; cold: boolean }> {
    for (;;) {
      for (const instance of this.#instances) if (instance.dead) this.#instances.delete(instance);
      const idle = [...this.#instances].find((instance) => !instance.busy);
      if (idle !== undefined) {
        idle.busy = true;
        return { instance: idle, cold: false };
      }
      if (this.#instances.size < (this.options.concurrency ?? DEFAULT_CONCURRENCY)) {
        const instance = this.#newInstance();
        this.#instances.add(instance);
        await instance.start();
        return { instance, cold: true };
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #newInstance(): Instance {
    const { name, node, functionZip, layers = [], handler, memoryMb } = this.options;
    if (this.#code === undefined) {
      this.#code = { task: join(this.#root, "task"), opt: join(this.#root, "opt") };
      unpack(functionZip, this.#code.task);
      for (const layer of layers) unpack(layer, this.#code.opt);
    }
    return new Instance({
      ...this.#code,
      name,
      node,
      handler: handler ?? "index.handler",
      temporary: join(this.#root, `tmp-${++this.#started}`),
      env: this.#env,
      memoryMb: memoryMb ?? DEFAULT_MEMORY_MB,
      logs: this.logs,
    });
  }

  async recycle(): Promise<void> {
    await Promise.all([...this.#instances].map((instance) => instance.stop()));
    this.#instances.clear();
  }

  setTimeLimit(milliseconds: number): void {
    this.#timeoutMs = milliseconds;
  }
}

/** Puts into a folder what is in a zip, or in the folder that it is made from. */
export function unpack(from: string, folder: string): void {
  if (statSync(from).isDirectory()) {
    cpSync(from, folder, { recursive: true });
    return;
  }
  for (const [name, bytes] of readZip(readFileSync(from))) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}
