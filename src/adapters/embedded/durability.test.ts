import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ask, deliver } from "../../../test/conformance/lib/facts.ts";
import { openEmbeddedStore } from "./store.ts";

const REMOVING_CHILD = join(import.meta.dirname, "../../../test/conformance/lib/removing-child.ts");
const CHILD = join(import.meta.dirname, "../../../test/conformance/lib/embedded-child.ts");
const FULL_DISK_CHILD = join(import.meta.dirname, "../../../test/conformance/lib/full-disk-child.ts");
const FACTS = 8_000;
const RANGE = { from: "2024-08-01", to: "2024-10-01" };

describe("the data folder", () => {
  let directory: string;
  let child: ChildProcessWithoutNullStreams | undefined;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "securebase-test-"));
  });
  afterEach(() => {
    child?.kill("SIGKILL");
    child = undefined;
    rmSync(directory, { recursive: true, force: true });
  });

  /** Starts a loader and kills it as soon as it has said a line, and some milliseconds more. @returns what it said */
  async function loadAndKill(generation: number, facts: number, line?: string, after = 0): Promise<string[]> {
    const started = spawn(process.execPath, [
      "--import",
      "tsx",
      CHILD,
      directory,
      `${generation}`,
      `${facts}`,
    ]);
    child = started;
    let said = "";
    let errors = "";
    started.stderr.on("data", (data: Buffer) => (errors += data.toString()));
    const exited = new Promise<number | null>((resolve) => started.once("exit", resolve));
    started.stdout.on("data", (data: Buffer) => {
      const before = said;
      said += data.toString();
      if (line === undefined || before.includes(line) || !said.includes(line)) return;
      setTimeout(() => started.kill("SIGKILL"), after);
    });
    const code = await exited;
    expect(errors).toBe("");
    if (line === undefined) expect(code).toBe(0);
    return said.split("\n").filter((text) => text !== "");
  }

  async function generationHeld(): Promise<number> {
    const store = await openEmbeddedStore(directory);
    try {
      const answer = await ask(store.metrics, { range: RANGE, groupBy: ["resource"], limit: 1 });
      expect([answer.facts, answer.groups]).toEqual([FACTS, FACTS]);
      const generation = Number(answer.totals[0]?.[0]?.value) / FACTS;
      const split = await ask(store.metrics, { range: RANGE, groupBy: ["month"] });
      expect(split.rows.map((row) => row[1])).toEqual(Array(2).fill(String((generation * FACTS) / 2)));
      const findings = await ask(store.metrics, { dataset: "findings", range: RANGE, groupBy: ["check"] });
      expect(findings.rows).toEqual([[String(generation), String(FACTS)]]);
      const rows = (await store.metrics.loads()).map((load) => load.rows).sort((a, b) => a - b);
      expect(rows).toEqual([FACTS / 2, FACTS / 2, FACTS]);
      return generation;
    } finally {
      store.close();
    }
  }

  it(
    "holds the old load or the new one, whole and of both datasets, wherever a load is killed",
    { timeout: 120_000 },
    async () => {
      await loadAndKill(1, FACTS);
      expect(await generationHeld()).toBe(1);
      const points: [line: string, after: number][] = [
        ["open", 0],
        ["reading 12000", 0],
        ["storing", 0],
        ["storing", 40],
        ["storing", 100],
        ["done", 0],
      ];
      let held = 1;
      for (const [i, [line, after]] of points.entries()) {
        const generation = i + 2;
        const said = await loadAndKill(generation, FACTS, line, after);
        const now = await generationHeld();
        expect([held, generation]).toContain(now);
        if (said.includes("done")) expect(now).toBe(generation);
        if (!said.includes("storing")) expect(now).toBe(held);
        held = now;
      }
    },
  );

  it(
    "holds a snapshot and its controls, or neither, wherever their removal is killed",
    { timeout: 120_000 },
    async () => {
      const held = async (): Promise<[findings: number, controls: number, loads: number]> => {
        const store = await openEmbeddedStore(directory);
        try {
          const of = async (dataset: "findings" | "controls"): Promise<number> =>
            (await ask(store.metrics, { dataset, range: RANGE })).facts;
          return [await of("findings"), await of("controls"), (await store.metrics.loads()).length];
        } finally {
          store.close();
        }
      };
      const outcomes = new Set<boolean>();
      for (const after of [0, 2, 5, 10, 20, 40, undefined]) {
        const store = await openEmbeddedStore(directory);
        const at = { tenant: "acme", source: "asff:1", period: "2024-09-20", day: "2024-09-20" };
        const facts = Array.from({ length: FACTS }, (_, i) => [
          { ...at, dataset: "findings" as const, values: { finding_id: `f${i}` } },
          { ...at, dataset: "controls" as const, values: { control_id: `c${i}` } },
        ]).flat();
        await deliver(store.metrics, facts);
        store.close();
        const removing = spawn(process.execPath, ["--import", "tsx", REMOVING_CHILD, directory]);
        child = removing;
        let said = "";
        removing.stdout.on("data", (data: Buffer) => {
          said += data.toString();
          if (data.includes("removing") && after !== undefined)
            setTimeout(() => removing.kill("SIGKILL"), after);
        });
        await new Promise((resolve) => removing.once("exit", resolve));
        const now = await held();
        expect([
          [FACTS, FACTS, 2],
          [0, 0, 0],
        ]).toContainEqual(now);
        if (said.includes("done")) expect(now[2]).toBe(0);
        outcomes.add(now[2] === 0);
      }
      expect(outcomes).toEqual(new Set([false, true]));
    },
  );

  // `prlimit` is part of util-linux: a limit on the size of files stands for a disk that is full, and can be raised.
  it.skipIf(process.platform !== "linux")(
    "takes writes again when a full disk has room, without a restart",
    async () => {
      const limited = [
        "--fsize=8000000:unlimited",
        process.execPath,
        "--import",
        "tsx",
        FULL_DISK_CHILD,
        directory,
      ];
      const started = spawn("prlimit", limited);
      child = started;
      let said = "";
      let errors = "";
      started.stderr.on("data", (data: Buffer) => (errors += data.toString()));
      started.stdout.on("data", (data: Buffer) => {
        const before = said;
        said += data.toString();
        if (before.includes("full\n") || !said.includes("full\n")) return;
        execFileSync("prlimit", ["--pid", String(started.pid), "--fsize=unlimited"]);
        started.stdin.write("room\n");
      });
      const code = await new Promise((resolve) => started.once("exit", resolve));
      expect([errors, code]).toEqual(["", 0]);
      const full = Array(3).fill(["write: store.unavailable", "read: 0"]).flat() as string[];
      const little = ["write: store.unavailable", "read: true"];
      expect(said.trim().split("\n")).toEqual([...full, ...little, "full", "write: done", "read: true"]);
    },
  );

  it("is refused while another process has it open, with its number, and free once that has died", async () => {
    const started = spawn(process.execPath, ["--import", "tsx", CHILD, directory]);
    child = started;
    await new Promise<void>((resolve, reject) => {
      started.stdout.once("data", () => resolve());
      started.once("exit", (code) => reject(new Error(`the other process ended early (${String(code)})`)));
    });
    await expect(openEmbeddedStore(directory)).rejects.toMatchObject({
      code: "store.in-use",
      kind: "conflict",
      message: expect.stringContaining(String(started.pid)) as string,
      fix: expect.stringContaining("--data") as string,
    });
    const exited = new Promise((resolve) => started.once("exit", resolve));
    started.kill("SIGKILL");
    await exited;
    (await openEmbeddedStore(directory)).close();
  });

  it("is refused while this process has it open", async () => {
    const store = await openEmbeddedStore(directory);
    await expect(openEmbeddedStore(directory)).rejects.toMatchObject({ code: "store.in-use" });
    await expect(openEmbeddedStore(directory, { memoryLimit: "300MB" })).rejects.toMatchObject({
      code: "store.in-use",
    });
    await store.check();
    store.close();
    (await openEmbeddedStore(directory)).close();
  });
});
