import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Packaged, packageFunction } from "../../src/cli/cloud/package.ts";
import { zip } from "../../src/cli/cloud/zip.ts";
import { lambdaNode } from "../../tools/lambda-node.mjs";
import { readZip } from "../support/zip.ts";
import { type FunctionOptions, startLambda } from "./lambda-emulator.ts";

const MEGABYTE = 1024 * 1024;

describe("securebase package", () => {
  let folder: string;
  let packaged: Packaged;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "securebase-package-"));
    packaged = await packageFunction(join(folder, "one"), "1.2.3");
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("makes the same bytes from the same source", async () => {
    const again = await packageFunction(join(folder, "two"), "1.2.3");
    expect([again.function.sha256, again.layer.sha256]).toEqual([
      packaged.function.sha256,
      packaged.layer.sha256,
    ]);
    expect((await packageFunction(join(folder, "two"), "1.2.4")).function.sha256).not.toBe(
      packaged.function.sha256,
    );
  });

  it("makes them whatever folder it is run in", async () => {
    const root = join(import.meta.dirname, "../..");
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    const command = [
      "--import",
      import.meta.resolve("tsx"),
      join(root, "src/cli/bin.ts"),
      "package",
      "--json",
    ];
    const text = execFileSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
    const elsewhere = JSON.parse(text) as Packaged;
    expect(elsewhere.function.path).toMatch(/dist.cloud.function\.zip$/);
    const here = await packageFunction(join(folder, "two"), version);
    expect(elsewhere.function.sha256).toBe(here.function.sha256);
  }, 60_000);

  it("says where it cannot write", async () => {
    const file = join(folder, "one", "function.zip");
    await expect(packageFunction(file, "1")).rejects.toMatchObject({ code: "output.unwritable" });
  });

  it("stays small: the function under 1 MB, the layer under the 8.3 MB it replaces", () => {
    console.log(`function.zip ${packaged.function.bytes} bytes, layer.zip ${packaged.layer.bytes} bytes`);
    expect(packaged.function.bytes).toBeLessThan(MEGABYTE);
    expect(packaged.layer.bytes).toBeLessThan(8.3 * MEGABYTE);
  });

  it("has nothing inside that a function does not need", () => {
    const inputs = [...packaged.inputs.function, ...packaged.inputs.layer];
    expect(inputs.filter((input) => input.includes("src/runtimes/lambda.ts"))).toHaveLength(1);
    const unwanted =
      /@duckdb|src\/adapters\/embedded\/(?!clock|spool)|portal\/|src\/cli\/|src\/demo\/|node_modules\/(commander|esbuild|vitest|typescript|tsx|pino|@hono\/node-server|dynalite|exceljs|react|echarts)\//;
    expect(inputs.filter((input) => unwanted.test(input))).toEqual([]);
    expect(
      packaged.inputs.function.filter((input) => /node_modules\/(pdfkit|fontkit)\//.test(input)),
    ).toEqual([]);
  });

  it("keeps source maps apart", () => {
    const names = [...readZip(readFileSync(packaged.function.path)).keys()];
    expect(names).toContain("index.mjs");
    expect(names.filter((name) => name.endsWith(".map"))).toEqual([]);
    expect(readFileSync(join(packaged.maps, "index.mjs.map"), "utf8")).toContain("lambda/handler.ts");
  });
});

describe("zip", () => {
  it("is read back by an independent reader, whatever the order of the files", () => {
    const entries = [
      { name: "b/ä.txt", bytes: Buffer.from("zwei") },
      { name: "a.txt", bytes: Buffer.alloc(100_000, "x") },
      { name: "empty", bytes: Buffer.alloc(0) },
    ];
    const archive = zip(entries);
    expect(zip([...entries].reverse()).equals(archive)).toBe(true);
    const read = readZip(archive);
    expect([...read.keys()]).toEqual(["a.txt", "b/ä.txt", "empty"]);
    for (const { name, bytes } of entries) expect(read.get(name)?.equals(bytes)).toBe(true);
  });
});

describe("the Lambda emulator", () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "securebase-emulator-"))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const source = `
    let count = 0;
    export async function handler(event, context) {
      count++;
      if (event.do === "throw") throw new RangeError("as asked");
      if (event.do === "hang") { await new Promise(() => setInterval(() => {}, 1000)); }
      if (event.do === "exit") process.exit(3);
      if (event.do === "memory") { globalThis.held = []; for (;;) { held.push(Buffer.alloc(8 << 20, 1)); await new Promise((r) => setTimeout(r, 1)); } }
      if (event.do === "large") return "x".repeat(7 << 20);
      console.log("hello " + context.awsRequestId);
      return { count, pid: process.pid, env: process.env, left: context.getRemainingTimeInMillis() };
    }`;

  async function run(options: Partial<FunctionOptions> = {}): ReturnType<typeof startLambda> {
    const functionZip = join(folder, "function.zip");
    writeFileSync(functionZip, zip([{ name: "index.mjs", bytes: Buffer.from(source) }]));
    return startLambda({
      functionZip,
      node: lambdaNode(),
      name: "tester",
      env: { MARK: "here" },
      ...options,
    });
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
});
