/**
 * A month of a FOCUS export on the packaged worker, at the size it has by default (1,769 MB, 900 s), with the emulated
 * Lambda, DynamoDB and S3 beside it on this machine: sent to presigned addresses in several parts, loaded by a job, its
 * totals checked to the last digit. Then the worker is killed in the middle of a second load.
 *
 *     npx tsx bench/worker.ts [--rows N] [--json]
 */
import { statSync } from "node:fs";
import { admin, OPERATOR } from "../test/runtimes/seed.ts";
import { ask, type HttpTarget } from "../test/runtimes/target.ts";
import { functionTarget } from "../test/cloud/function-target.ts";
import { buildPackages, FUNCTION_SECRET, type RunningFunction, runFunction } from "../test/cloud/packaged.ts";
import {
  type Expected,
  type Job,
  jobNow,
  lastReport,
  makeMonth,
  makeParts,
  startImport,
  until,
  workerCpuSeconds,
} from "./lib/worker.ts";

const TENANTS = 50;
const ACCOUNTS = 200;
const LIMIT_SECONDS = 900;

const rows = Number(/--rows (\d+)/.exec(process.argv.join(" "))?.[1] ?? 5_000_000);
const round = (value: number): number => Math.round(value * 10) / 10;

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
  const paths = await makeParts(month.csv, rows, kind);
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

const packages = await buildPackages();
try {
  const month = makeMonth(rows);
  const results: Record<string, unknown> = { rows };
  for (const kind of ["csv.gz", "parquet"] as const) results[kind] = await load(packages, kind, month);
  console.log(JSON.stringify(results, null, process.argv.includes("--json") ? 0 : 2));
} finally {
  await packages.remove();
}
