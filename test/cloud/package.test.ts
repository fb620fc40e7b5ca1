import { execFileSync } from "node:child_process";
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { BundledModule } from "../../src/cli/packaging/bundle.ts";
import {
  type Packaged,
  type PackagedFile,
  packageEngine,
  packageFunction,
} from "../../src/cli/packaging/package.ts";
import { zip } from "../../src/cli/packaging/zip.ts";
import { Readers } from "../../src/loading/readers.ts";
import { lambdaNode } from "../../tools/lambda-node.mjs";
import { focusCsv } from "../runtimes/seed.ts";
import { joined, readZip } from "../support/zip.ts";
import { startLambda } from "./lambda-emulator.ts";
import { unpack } from "./lambda-function.ts";

const MEGABYTE = 1024 * 1024;
const root = join(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

describe("securebase package", () => {
  let folder: string;
  let packaged: Packaged;
  let engine: PackagedFile;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "securebase-package-"));
    packaged = await packageFunction(join(folder, "one"), version);
    engine = await packageEngine(join(folder, "one"), "x64");
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("makes the same bytes from the same source, whatever folder it is run in", () => {
    const command = [
      "--import",
      import.meta.resolve("tsx"),
      join(root, "src/cli/bin.ts"),
      "package",
      "--json",
    ];
    const text = execFileSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
    const made = JSON.parse(text) as Packaged & { engine: PackagedFile };
    const inFolder = (name: string): unknown => expect.stringMatching(new RegExp(`dist.cloud.${name}$`));
    expect(made).toEqual({
      function: { ...packaged.function, path: inFolder("function.zip") },
      layer: { ...packaged.layer, path: inFolder("layer.zip") },
      engine: { ...engine, path: inFolder("engine-layer.zip") },
      maps: inFolder("maps"),
    });
  }, 120_000);

  it("makes others for another version", async () => {
    const other = await packageFunction(join(folder, "two"), `${version}-next`);
    expect(other.function.sha256).not.toBe(packaged.function.sha256);
    expect(other.layer.sha256).toBe(packaged.layer.sha256);
  });

  it("says where it cannot write", async () => {
    const file = join(folder, "one", "function.zip");
    await expect(packageFunction(file, "1")).rejects.toMatchObject({ code: "output.unwritable" });
  });

  it("stays small: the function under 1 MB, the layer under the 8.3 MB it replaces", () => {
    const sizes = `function.zip ${packaged.function.bytes} bytes, layer.zip ${packaged.layer.bytes} bytes`;
    console.log(`${sizes}, engine-layer.zip ${engine.bytes} bytes`);
    expect(packaged.function.bytes).toBeLessThan(MEGABYTE);
    expect(packaged.layer.bytes).toBeLessThan(8.3 * MEGABYTE);
    expect(engine.bytes).toBeLessThan(25 * MEGABYTE);
  });

  it("has nothing inside that a function does not need", () => {
    const inputs = [...packaged.inputs.function, ...packaged.inputs.layer];
    expect(inputs.filter((input) => input.includes("src/runtimes/lambda.ts"))).toHaveLength(1);
    const unwanted =
      /node_modules\/@duckdb|src\/adapters\/embedded\/(?!clock|spool)|portal\/|src\/cli\/|src\/demo\/|node_modules\/(commander|esbuild|vitest|typescript|tsx|pino|@hono\/node-server|dynalite|exceljs|react|echarts)\//;
    expect(inputs.filter((input) => unwanted.test(input))).toEqual([]);
    expect(
      packaged.inputs.function.filter((input) => /node_modules\/(pdfkit|fontkit)\//.test(input)),
    ).toEqual([]);
  });

  it("gives the API nothing to load that only the worker needs, DuckDB least of all", () => {
    const ofWorker =
      /@duckdb|src\/(duckdb|loading\/(engine|tables|reader))|src\/runtimes\/(lambda-worker|reader)/;
    const inputs = reachedFrom("index.mjs", packaged.modules);
    expect(inputs).toContain("src/runtimes/lambda.ts");
    expect(inputs.filter((input) => ofWorker.test(input))).toEqual([]);
    for (const program of ["worker.mjs", "reader.mjs"])
      expect(reachedFrom(program, packaged.modules)).toContain("layer:@duckdb/node-api");
  });

  it("puts into the engine's layer what DuckDB is at run time, for Lambda's Linux", () => {
    const files = readZip(readFileSync(engine.path));
    const modules = "nodejs/node_modules/@duckdb";
    expect([...files.keys()]).toEqual([
      `${modules}/node-api/index.js`,
      `${modules}/node-api/package.json`,
      `${modules}/node-bindings-linux-x64/LICENSE`,
      `${modules}/node-bindings-linux-x64/duckdb.node`,
      `${modules}/node-bindings-linux-x64/libduckdb.so`,
    ]);
    const library = files.get(`${modules}/node-bindings-linux-x64/libduckdb.so`) ?? Buffer.alloc(0);
    // Magic number, and x86-64 as the machine (elf(5)).
    expect([library.toString("latin1", 1, 4), library.readUInt16LE(18)]).toEqual(["ELF", 62]);
    // The newest version of glibc that it asks for; Amazon Linux 2023 has 2.34.
    const versions = [...library.toString("latin1").matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) =>
      Number(minor),
    );
    expect(Math.max(...versions)).toBeLessThanOrEqual(34);
  });

  describe("unpacked as on Lambda", () => {
    const worker = (layers: readonly string[]): ReturnType<typeof startLambda> =>
      startLambda({
        functionZip: packaged.function.path,
        layers,
        node: lambdaNode(),
        name: "worker",
        handler: "worker.handler",
        env: { SECUREBASE_ENV: "test", SECUREBASE_ACCOUNT: "000000000000", AWS_REGION: "eu-west-1" },
      });

    it("has a worker that finds the engine in its layer, and nowhere else", async () => {
      const lambda = await worker([engine.path]);
      const { payload } = await lambda.invoke({ action: "engine_check" });
      expect(payload).toEqual({
        statusCode: 200,
        body: { version: expect.stringMatching(/^v1\./) as string, answer: 42 },
      });
      expect((await lambda.invoke({ action: "destroy" })).payload).toMatchObject({
        statusCode: 400,
        body: { code: "action.unknown", allowed: ["job", "engine_check"] },
      });
      await lambda.close();
      const without = await worker([]);
      const { functionError, payload: error } = await without.invoke({ action: "engine_check" });
      expect(functionError).toBe("Unhandled");
      expect(JSON.stringify(error)).toContain("Cannot find module '@duckdb/node-api'");
      await without.close();
    });

    it("has a program that reads files in a process of its own with the layer's engine", async () => {
      const task = join(folder, "task");
      const opt = join(folder, "opt");
      unpack(packaged.function.path, task);
      unpack(engine.path, opt);
      const path = join(folder, "focus.csv");
      writeFileSync(
        path,
        focusCsv([{ account: "111122223333", service: "Amazon S3", day: 3, billed: "1.25" }]),
      );
      vi.stubEnv("NODE_PATH", join(opt, "nodejs/node_modules"));
      const readers = new Readers({ program: pathToFileURL(join(task, "reader.mjs")) });
      try {
        const load = {
          files: [{ name: "focus.csv", path, open: () => createReadStream(path) }],
          format: "auto",
          owners: { kind: "accounts" as const, claims: [], seen: 0 },
          zones: {},
          snapshot: undefined,
          loadedAt: "2024-10-02T00:00:00Z",
          dryRun: true,
        };
        expect(await readers.read(load, mkdtempSync(join(folder, "read-")), {})).toMatchObject({
          format: "focus",
        });
      } finally {
        await readers.close();
        vi.unstubAllEnvs();
      }
    });
  });

  it("keeps source maps apart", () => {
    const names = [...readZip(readFileSync(packaged.function.path)).keys()];
    expect(names).toContain("index.mjs");
    expect(names.filter((name) => name.endsWith(".map"))).toEqual([]);
    expect(readFileSync(join(packaged.maps, "index.mjs.map"), "utf8")).toContain("lambda/handler.ts");
  });
});

/** Every source file that a program loads, at once or later. */
function reachedFrom(program: string, modules: readonly BundledModule[]): string[] {
  const reached = new Set([program]);
  // A set goes through what is added to it meanwhile, too.
  for (const name of reached) {
    const found = modules.find((each) => each.name === name);
    for (const next of [...(found?.imports ?? []), ...(found?.loads ?? [])]) reached.add(next);
  }
  return modules.filter(({ name }) => reached.has(name)).flatMap(({ inputs }) => inputs);
}

describe("zip", () => {
  it("is read back by an independent reader, whatever the order of the files", async () => {
    const entries = [
      { name: "b/ä.txt", bytes: Buffer.from("zwei") },
      { name: "a.txt", bytes: Buffer.alloc(100_000, "x") },
      { name: "empty", bytes: Buffer.alloc(0) },
    ];
    const archive = await joined(zip(entries));
    expect((await joined(zip([...entries].reverse()))).equals(archive)).toBe(true);
    const read = readZip(archive);
    expect([...read.keys()]).toEqual(["a.txt", "b/ä.txt", "empty"]);
    for (const { name, bytes } of entries) expect(read.get(name)?.equals(bytes)).toBe(true);
  });
});
