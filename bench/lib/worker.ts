import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { RunningFunction } from "../../test/cloud/packaged.ts";
import { OPERATOR } from "../../test/runtimes/seed.ts";
import { ask, type HttpTarget } from "../../test/runtimes/target.ts";

const cache = join(import.meta.dirname, "..", ".cache");
const PARTS = 5;
/** What the emulator starts a function of the worker's memory with. */
const WORKER_HEAP = "--max-old-space-size=1592";

export interface Expected {
  rows: number;
  billed: string;
}

export interface Job {
  id: string;
  status: string;
  rows: number | null;
  phase: string | null;
  error: { code: string; message: string } | null;
  result: { rowsAccepted: number; totals: { loaded: { billed: string } }[] } | null;
}

/** The month as CSV, made once; see bench/import-jobs.ts. */
export function makeMonth(rows: number): { csv: string; expected: Expected } {
  mkdirSync(cache, { recursive: true });
  const csv = join(cache, `focus-${rows}.csv`);
  if (!existsSync(`${csv}.json`)) {
    const program = join(import.meta.dirname, "..", "import-jobs.ts");
    const made = spawnSync("npx", ["tsx", program, "generate", csv, "", String(rows)], { stdio: "inherit" });
    if (made.status !== 0) throw new Error("the month could not be made");
  }
  return { csv, expected: JSON.parse(readFileSync(`${csv}.json`, "utf8")) as Expected };
}

/** The month in parts, as exports deliver it. */
export async function makeParts(csv: string, rows: number, kind: "csv.gz" | "parquet"): Promise<string[]> {
  const folder = join(cache, `focus-${rows}-${kind}`);
  if (!existsSync(folder)) {
    mkdirSync(folder);
    const instance = await DuckDBInstance.create(":memory:", {
      memory_limit: "2GB",
      temp_directory: join(cache, "spill"),
    });
    const connection = await instance.connect();
    const format = kind === "parquet" ? "FORMAT parquet, COMPRESSION snappy" : "HEADER, COMPRESSION gzip";
    await connection.run(
      `CREATE TABLE month AS SELECT *, row_number() OVER () AS n FROM read_csv('${csv}', all_varchar = true)`,
    );
    for (let part = 0; part < PARTS; part++) {
      const some = `SELECT * EXCLUDE (n) FROM month WHERE n % ${PARTS} = ${part}`;
      await connection.run(`COPY (${some}) TO '${join(folder, `part-${part}.${kind}`)}' (${format})`);
    }
    connection.disconnectSync();
    instance.closeSync();
  }
  return readdirSync(folder).map((name) => join(folder, name));
}

export async function startImport(http: HttpTarget, paths: readonly string[]): Promise<Job> {
  const files = paths.map((path) => ({ name: path.split("/").at(-1) ?? "", size: statSync(path).size }));
  const opened = await ask(http, "POST /v1/uploads", { as: OPERATOR, body: { files } });
  const upload = opened.json as { id: string; files: { url: string; headers: Record<string, string> }[] };
  for (const [i, { url, headers }] of upload.files.entries()) {
    const sent = await fetch(url, { method: "PUT", body: readFileSync(paths[i] ?? ""), headers });
    if (!sent.ok) throw new Error(`part ${i} was not taken: ${sent.status}`);
  }
  const started = await ask(http, "POST /v1/imports", { as: OPERATOR, query: { upload: upload.id } });
  if (started.status === 202) return started.json as Job;
  const { json } = await ask(http, "GET /v1/jobs", { as: OPERATOR, query: { limit: "1" } });
  const [job] = (json as { items: Job[] }).items;
  if (started.status !== 200 || job === undefined) throw new Error(started.bytes.toString());
  return job;
}

export const jobNow = async (http: HttpTarget, { id }: Job): Promise<Job> =>
  (await ask(http, `GET /v1/jobs/${id}`, { as: OPERATOR })).json as Job;

export async function until(http: HttpTarget, job: Job, reached: (now: Job) => boolean): Promise<Job> {
  for (;;) {
    const now = await jobNow(http, job);
    if (reached(now)) return now;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/**
 * Seconds of CPU that the worker and its reading process have used. The emulated DynamoDB is a program of its own on the
 * same machine and takes longer than the worker does, so that the seconds of the clock say little.
 */
export function workerCpuSeconds(): number {
  let ticks = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (!command.includes(WORKER_HEAP) && !command.includes("reader.mjs")) continue;
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      // utime, stime and those of children that have ended; proc(5).
      for (const at of [11, 12, 13, 14]) ticks += Number(fields[at]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks / 100;
}

export function lastReport({ worker }: RunningFunction): { seconds: number; memoryMb: number } {
  const line = worker.logs.findLast((text) => text.startsWith("REPORT")) ?? "";
  return {
    seconds: Number(/Duration: ([\d.]+) ms/.exec(line)?.[1]) / 1000,
    memoryMb: Number(/Max Memory Used: (\d+)/.exec(line)?.[1]),
  };
}
