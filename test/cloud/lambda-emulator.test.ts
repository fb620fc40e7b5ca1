import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { zip } from "../../src/cli/packaging/zip.ts";
import { lambdaNode } from "../../tools/lambda-node.mjs";
import { joined } from "../support/zip.ts";
import { type FunctionOptions, startLambda } from "./lambda-emulator.ts";

describe("the Lambda emulator", () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "securebase-emulator-"))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const source = `
    import { spawn } from "node:child_process";
    let count = 0;
    export async function handler(event, context) {
      count++;
      if (event.do === "invoke") {
        const url = process.env.LAMBDA + "/2015-03-31/functions/" + event.name + "/invocations";
        const headers = { "x-amz-invocation-type": event.type };
        const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(event.event ?? null) });
        return { status: answer.status, text: await answer.text() };
      }
      if (event.do === "leave") {
        const child = spawn("sleep", ["1000"], { stdio: "ignore" });
        if (event.exit) { console.log("left " + child.pid); await new Promise((r) => setTimeout(r, 50)); process.exit(1); }
        return child.pid;
      }
      if (event.do === "throw") throw new RangeError("as asked");
      if (event.do === "hang") { await new Promise(() => setInterval(() => {}, 1000)); }
      if (event.do === "exit") process.exit(3);
      if (event.do === "memory") { globalThis.held = []; for (;;) { held.push(Buffer.alloc(8 << 20, 1)); await new Promise((r) => setTimeout(r, 1)); } }
      if (event.do === "large") return "x".repeat(7 << 20);
      console.log("hello " + context.awsRequestId);
      return { count, pid: process.pid, env: process.env, left: context.getRemainingTimeInMillis() };
    }`;

  async function run(
    options: Partial<FunctionOptions> = {},
    ...others: (Partial<FunctionOptions> & { name: string })[]
  ): ReturnType<typeof startLambda> {
    const functionZip = join(folder, "function.zip");
    writeFileSync(functionZip, await joined(zip([{ name: "index.mjs", bytes: Buffer.from(source) }])));
    const envOf = (endpoint: string): Record<string, string> => ({ LAMBDA: endpoint });
    const shared = { functionZip, node: lambdaNode(), name: "tester", env: { MARK: "here" }, envOf };
    return startLambda({ ...shared, ...options }, ...others.map((other) => ({ ...shared, ...other })));
  }

  it("runs the handler in a process with the function's environment only, keeps it warm and frozen", async () => {
    process.env.SECUREBASE_LEAK = "1";
    const lambda = await run();
    const first = await lambda.invoke({});
    // Stopped (T), so that nothing it left running goes on (proc(5)).
    const { pid } = first.payload as { pid: number };
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "utf8"), { timeout: 10_000 }).toMatch(/\) T /);
    const second = await lambda.invoke({});
    delete process.env.SECUREBASE_LEAK;
    expect([first.coldStart, second.coldStart]).toEqual([true, false]);
    const { env, count, left } = second.payload as {
      env: Record<string, string>;
      count: number;
      left: number;
    };
    expect([env.MARK, env.SECUREBASE_LEAK, env.AWS_LAMBDA_FUNCTION_NAME, count]).toEqual([
      "here",
      undefined,
      "tester",
      2,
    ]);
    expect(left).toBeGreaterThan(25_000);
    expect(lambda.logs.some((line) => line.startsWith("hello "))).toBe(true);
    expect(lambda.logs.some((line) => line.startsWith("REPORT RequestId"))).toBe(true);
    await lambda.close();
  });

  it("tells what was thrown, an exit, a time-out and too large an answer, and starts anew after it", async () => {
    const lambda = await run({ timeoutMs: 1_500 });
    const type = async (what: string): Promise<unknown> => {
      const { functionError, payload } = await lambda.invoke({ do: what });
      expect(functionError).toBe("Unhandled");
      return (payload as { errorType: string }).errorType;
    };
    expect(await type("throw")).toBe("RangeError");
    expect(await type("large")).toBe("Function.ResponseSizeTooLarge");
    expect(await type("hang")).toBe("Sandbox.Timedout");
    expect(await type("exit")).toBe("Runtime.ExitError");
    expect((await lambda.invoke({})).coldStart).toBe(true);
    expect(lambda.logs.some((line) => line.includes("Task timed out after 1.50 seconds"))).toBe(true);
    await lambda.close();
  });

  it("kills a process that takes more memory than the function has", async () => {
    const lambda = await run({ memoryMb: 128 });
    const { payload } = await lambda.invoke({ do: "memory" });
    expect((payload as { errorType: string }).errorType).toBe("Runtime.OutOfMemory");
    await lambda.close();
  });

  it("runs on a Node.js that Lambda has", () => {
    const version = execFileSync(lambdaNode(), ["--version"]).toString();
    expect(Number(/v(\d+)/.exec(version)?.[1])).toBeGreaterThanOrEqual(22);
  });

  describe("with two functions", () => {
    const invoke = (name: string, type: "Event" | "RequestResponse", event: unknown = {}): object => ({
      ...{ do: "invoke", name, type, event },
    });

    it("hands an invocation to the function that it names, in an environment of its own", async () => {
      const lambda = await run({}, { name: "other", env: { MARK: "there" }, memoryMb: 1_000 });
      const { payload } = await lambda.invoke(invoke("other", "RequestResponse"));
      const { status, text } = payload as { status: number; text: string };
      const { env } = JSON.parse(text) as { env: Record<string, string> };
      expect([status, env.AWS_LAMBDA_FUNCTION_NAME, env.MARK]).toEqual([200, "other", "there"]);
      expect(env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE).toBe("1000");
      expect((await lambda.invoke(invoke("nobody", "Event"))).payload).toMatchObject({ status: 404 });
      await lambda.close();
    });

    it("invokes a failed event again as often as the function says", async () => {
      const lambda = await run({}, { name: "once", retries: 0 }, { name: "thrice" });
      for (const name of ["once", "thrice"]) {
        const { payload } = await lambda.invoke(invoke(name, "Event", { do: "throw" }));
        expect(payload).toMatchObject({ status: 202 });
      }
      await lambda.idle();
      const starts = (name: string): number =>
        lambda.function(name).logs.filter((line) => line.startsWith("START")).length;
      expect([starts("once"), starts("thrice")]).toEqual([1, 3]);
      await lambda.close();
    });

    it("tells of an event whose time was over, and of one that was killed at work", async () => {
      const lambda = await run({}, { name: "worker", retries: 0, timeoutMs: 1_000 });
      const worker = lambda.function("worker");
      await lambda.invoke(invoke("worker", "Event", { do: "hang" }));
      await lambda.idle();
      expect(worker.logs).toContainEqual(expect.stringMatching(/^REPORT .* Status: timeout$/));
      worker.setTimeLimit(60_000);
      await lambda.invoke(invoke("worker", "Event", { do: "hang" }));
      await expect.poll(() => worker.logs.filter((line) => line.startsWith("START"))).toHaveLength(2);
      await worker.recycle();
      await lambda.idle();
      expect(worker.logs).toContainEqual(
        expect.stringContaining("Runtime exited with error: signal: killed"),
      );
      expect(worker.logs).toContainEqual(
        expect.stringMatching(/^REPORT .* Status: error Error Type: Runtime.ExitError$/),
      );
      await lambda.close();
    });
  });

  it("freezes and ends what a function has started together with it", async () => {
    const state = (pid: unknown): string | undefined => {
      try {
        return /\) (\w) /.exec(readFileSync(`/proc/${String(pid)}/stat`, "utf8"))?.[1];
      } catch {
        return undefined;
      }
    };
    const lambda = await run();
    const { payload: frozen, maxMemoryMb } = await lambda.invoke({ do: "leave" });
    await expect.poll(() => state(frozen)).toBe("T");
    expect(maxMemoryMb).toBeGreaterThan(0);
    await lambda.invoke({ do: "leave", exit: true });
    const left = /left (\d+)/.exec(lambda.logs.join("\n"))?.[1];
    expect(left).toBeDefined();
    // The machine's first process may be one that never asks how its adopted children ended.
    for (const pid of [frozen, left]) await expect.poll(() => state(pid) ?? "Z").toBe("Z");
    await lambda.close();
  });
});
