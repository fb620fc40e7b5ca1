import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DELAY_MS, type FaultPlan } from "./faults.ts";
import { EmulatedFunction, type FunctionOptions, type LambdaFunction } from "./lambda-function.ts";
import { bodyOf } from "./lambda-instance.ts";

export type { FunctionOptions, LambdaFunction } from "./lambda-function.ts";

/** Functions behind one Invoke API; what is said of a function itself is said of the first. */
export interface LambdaEmulator extends LambdaFunction {
  /** Another of the functions. */
  function(name: string): LambdaFunction;
  /** The address of the Invoke API, for functions that call functions. */
  endpoint: string;
  /** Resolves when every asynchronous invocation of any function has ended. */
  idle(): Promise<void>;
  /** Lets requests to the Invoke API go wrong; `invoke` itself is never touched. */
  setFaults(plan: FaultPlan | undefined): void;
  close(): Promise<void>;
}

/**
 * Runs packaged functions as Lambda does: the zip and the layers unpacked, a process of its own with the function's
 * environment and nothing else's, one invocation at a time, frozen in between, with a time and a memory limit.
 */
export async function startLambda(
  first: FunctionOptions,
  ...others: readonly FunctionOptions[]
): Promise<LambdaEmulator> {
  const root = mkdtempSync(join(tmpdir(), "securebase-lambda-"));
  const service: Service = { functions: new Map(), background: new Set(), faults: undefined };
  const api = createServer((request, response) => void answerInvoke(request, response, service));
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  const add = (options: FunctionOptions): EmulatedFunction => {
    const env = { ...options.env, ...options.envOf?.(endpoint) };
    const added = new EmulatedFunction(options, join(root, options.name), env);
    service.functions.set(options.name, added);
    return added;
  };
  const main = add(first);
  for (const options of others) add(options);
  return {
    invoke: (event) => main.invoke(event),
    logs: main.logs,
    recycle: () => main.recycle(),
    setTimeLimit: (milliseconds) => main.setTimeLimit(milliseconds),
    function(name) {
      const found = service.functions.get(name);
      if (found === undefined) throw new Error(`no function ${name}`);
      return found;
    },
    endpoint,
    async idle() {
      while (service.background.size > 0) await Promise.all(service.background);
    },
    setFaults(plan) {
      service.faults = plan;
    },
    async close() {
      await Promise.allSettled(service.background);
      await Promise.all([...service.functions.values()].map((each) => each.recycle()));
      api.closeAllConnections();
      await new Promise((resolve) => api.close(resolve));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

interface Service {
  functions: Map<string, EmulatedFunction>;
  background: Set<Promise<unknown>>;
  faults: FaultPlan | undefined;
}

/** What Lambda does unless it is configured ("Error handling for asynchronous invocation"). */
const EVENT_RETRIES = 2;

/** The Invoke API: `Event` invocations are queued and answered at once. */
async function answerInvoke(
  request: IncomingMessage,
  response: ServerResponse,
  service: Service,
): Promise<void> {
  const event: unknown = JSON.parse((await bodyOf(request)) || "null");
  const fault = service.faults?.({ service: "lambda", operation: "Invoke" });
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
  const name = decodeURIComponent(/\/functions\/([^/]+)\/invocations/.exec(request.url ?? "")?.[1] ?? "");
  const called = service.functions.get(name);
  if (called === undefined) {
    const message = `Function not found: ${name}`;
    response.writeHead(404, { "x-amzn-errortype": "ResourceNotFoundException" });
    response.end(JSON.stringify({ Type: "User", Message: message }));
    return;
  }
  if (request.headers["x-amz-invocation-type"] === "Event") {
    const task = runEvent(called, event).finally(() => service.background.delete(task));
    service.background.add(task);
    if (fault === "lose-answer") request.socket.destroy();
    else setTimeout(() => response.writeHead(202).end(), fault === "delay" ? DELAY_MS : 0);
    return;
  }
  const result = await called.invoke(event);
  const headers = result.functionError === undefined ? {} : { "x-amz-function-error": result.functionError };
  response.writeHead(200, headers).end(JSON.stringify(result.payload));
}

async function runEvent(called: EmulatedFunction, event: unknown): Promise<void> {
  const attempts = 1 + (called.options.retries ?? EVENT_RETRIES);
  for (let attempt = 0; attempt < attempts; attempt++)
    if ((await called.invoke(event)).functionError === undefined) return;
}
