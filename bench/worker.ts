/**
 * A month of a FOCUS export on the packaged worker, at the size it has by default (1,769 MB, 900 s), with the emulated
 * Lambda, DynamoDB and S3 beside it on this machine: sent to presigned addresses in several parts, loaded by a job, its
 * totals checked to the last digit. Then the worker is killed in the middle of a second load.
 *
 *     npx tsx bench/worker.ts [--rows N] [--json]
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { admin, OPERATOR } from "../test/runtimes/seed.ts";
import { ask, type HttpTarget } from "../test/runtimes/target.ts";
import { functionTarget } from "../test/cloud/function-target.ts";
import { buildPackages, FUNCTION_SECRET, type RunningFunction, runFunction } from "../test/cloud/packaged.ts";

const cache = join(import.meta.dirname, ".cache");
const PARTS = 5;
const TENANTS = 50;
const ACCOUNTS = 200;
const LIMIT_SECONDS = 900;
/** What the emulator starts a function of the worker's memory with. */
const WORKER_HEAP = "--max-old-space-size=1592";

interface Expected {
  rows: number;
  billed: string;
}

interface Job {
  id: string;
  status: string;
  rows: number | null;
  phase: string | null;
  error: { code: string; message: string } | null;
  result: { rowsAccepted: number; totals: { loaded: { billed: string } }[] } | null;
}

const rows = Number(/--rows (\d+)/.exec(process.argv.join(" "))?.[1] ?? 5_000_000);
const round = (value: number): number => Math.round(value * 10) / 10;

/** The month as CSV, made once; see bench/import-jobs.ts. */
function makeMonth(): { csv: string; expected: Expected } {
  mkdirSync(cache, { recursive: true });
  const csv = join(cache, `focus-${rows}.csv`);
  if (!existsSync(`${csv}.json`)) {
    const program = join(import.meta.dirname, "import-jobs.ts");
    const made = spawnSync("npx", ["tsx", program, "generate", csv, "", String(rows)], { stdio: "inherit" });
    if (made.status !== 0) throw new Error("the month could not be made");
  }
  return { csv, expected: JSON.parse(readFileSync(`${csv}.json`, "utf8")) as Expected };
}

/** The month in parts, as exports deliver it. */
async function makeParts(csv: string, kind: "csv.gz" | "parquet"): Promise<string[]> {
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

/** Fifty tenants with four accounts each. */
async function addTenants(http: HttpTarget): Promise<void> {
  for (let i = 0; i < TENANTS; i++) {
    const accounts = Array.from({ length: ACCOUNTS / TENANTS }, (_, k) =>
      String(i + k * TENANTS).padStart(12, "0"),
    );
    const zone = i % 2 === 0 ? "UTC" : "America/New_York";
    const body = { id: `tenant-${i}`, name: `Tenant ${i}`, accounts, zone };
    const { status, bytes } = await ask(http, "POST /v1/tenants", { as: OPERATOR, body });
    if (status !== 201) throw new Error(`tenant ${i} was not added: ${bytes.toString()}`);
  }
}

async function startImport(http: HttpTarget, paths: readonly string[]): Promise<Job> {
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

const jobNow = async (http: HttpTarget, { id }: Job): Promise<Job> =>
  (await ask(http, `GET /v1/jobs/${id}`, { as: OPERATOR })).json as Job;

async function until(http: HttpTarget, job: Job, reached: (now: Job) => boolean): Promise<Job> {
  for (;;) {
    const now = await jobNow(http, job);
    if (reached(now)) return now;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function check(job: Job, expected: Expected): void {
  const { rowsAccepted, totals } = job.result ?? { rowsAccepted: 0, totals: [] };
  if (rowsAccepted === expected.rows && totals[0]?.loaded.billed === expected.billed) return;
  throw new Error(
    `the job ended ${job.status}: ${JSON.stringify(job.error)}, ${rowsAccepted} rows, ${JSON.stringify(totals)}`,
  );
}

async function billedBy(http: HttpTarget, tenant: string): Promise<string> {
  const body = {
    dataset: "cost",
    range: { from: "2024-09-01", to: "2024-10-01" },
    measures: ["billed_cost"],
  };
  const { json } = await ask(http, "POST /v1/analytics/query", { as: admin(tenant), body });
  return (json as { rows: string[][] }).rows[0]?.[0] ?? "";
}

async function load(
  packages: Awaited<ReturnType<typeof buildPackages>>,
  kind: "csv.gz" | "parquet",
  month: { csv: string; expected: Expected },
): Promise<object> {
  const paths = await makeParts(month.csv, kind);
  const running = await runFunction(packages);
  const secret = new TextEncoder().encode(FUNCTION_SECRET);
  const http = functionTarget(running.lambda, "2.0", secret, () => running.close());
  try {
    await addTenants(http);
    const job = await startImport(http, paths);
    await running.lambda.idle();
    check(await jobNow(http, job), month.expected);
    const { seconds, memoryMb } = lastReport(running);
    const cpuSeconds = workerCpuSeconds();
    const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0);
    const result = {
      parts: paths.length,
      megabytes: Math.round(bytes / 1e6),
      seconds: round(seconds),
      cpuSeconds: round(cpuSeconds),
      peakMemoryMb: memoryMb,
      /** Of one CPU, which is what 1,769 MB of memory bring. */
      rowsIn900Seconds: Math.round((rows / cpuSeconds) * LIMIT_SECONDS),
    };
    return kind === "parquet"
      ? result
      : { ...result, killed: await killMidway(http, running, paths, month.expected) };
  } finally {
    await http.close();
  }
}

/** Kills the worker while it stores a second load of the month. */
async function killMidway(
  http: HttpTarget,
  running: RunningFunction,
  paths: readonly string[],
  expected: Expected,
): Promise<object> {
  const before = await billedBy(http, "tenant-7");
  const job = await startImport(http, paths);
  await until(http, job, ({ phase, status }) => phase === "Storing" || status !== "running");
  await running.worker.recycle();
  await running.lambda.idle();
  const stands = (await billedBy(http, "tenant-7")) === before;
  // Its lease has to run out before anybody else may have it.
  await new Promise((resolve) => setTimeout(resolve, 61_000));
  await running.lambda.invoke({ action: "jobs" });
  await running.lambda.idle();
  const now = await jobNow(http, job);
  check(now, expected);
  return {
    oldMonthStood: stands,
    jobThen: now.status,
    sameTotal: (await billedBy(http, "tenant-7")) === before,
  };
}

/**
 * Seconds of CPU that the worker and its reading process have used. The emulated DynamoDB is a program of its own on the
 * same machine and takes longer than the worker does, so that the seconds of the clock say little.
 */
function workerCpuSeconds(): number {
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

function lastReport({ worker }: RunningFunction): { seconds: number; memoryMb: number } {
  const line = worker.logs.findLast((text) => text.startsWith("REPORT")) ?? "";
  return {
    seconds: Number(/Duration: ([\d.]+) ms/.exec(line)?.[1]) / 1000,
    memoryMb: Number(/Max Memory Used: (\d+)/.exec(line)?.[1]),
  };
}

const packages = await buildPackages();
try {
  const month = makeMonth();
  const results: Record<string, unknown> = { rows };
  for (const kind of ["csv.gz", "parquet"] as const) results[kind] = await load(packages, kind, month);
  console.log(JSON.stringify(results, null, process.argv.includes("--json") ? 0 : 2));
} finally {
  await packages.remove();
}
