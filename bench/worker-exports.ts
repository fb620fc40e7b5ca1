/**
 * The largest exports that the packaged worker writes at the size it has by default (1,769 MB, 900 s), with the emulated
 * Lambda, DynamoDB and S3 beside it on this machine: a month of one tenant, every charge a row of its own, in growing
 * ranges. Rows and totals of each file are checked by its manifest.
 *
 *     npx tsx bench/worker-exports.ts [--rows N] [--json]
 */
import { admin, OPERATOR } from "../test/runtimes/seed.ts";
import { ask, type HttpTarget } from "../test/runtimes/target.ts";
import { functionTarget } from "../test/cloud/function-target.ts";
import { buildPackages, FUNCTION_SECRET, type RunningFunction, runFunction } from "../test/cloud/packaged.ts";
import { jobNow, lastReport, makeMonth, makeParts, startImport, workerCpuSeconds } from "./lib/worker.ts";

const TENANT = "tenant-0";
const ACCOUNTS = Array.from({ length: 200 }, (_, i) => String(i).padStart(12, "0"));
/** The last day of each range, from the first of the month. */
const ENDS = ["2024-09-04", "2024-09-11", "2024-09-21", "2024-10-01"];
const FORMATS = ["csv", "xlsx", "pdf"] as const;

interface Export {
  id: string;
  status: string;
  rowsTotal: number | null;
  bytes: number | null;
  error: { code: string; message: string } | null;
  manifest: { rowsWritten: number; complete: boolean } | null;
}

const rows = Number(/--rows (\d+)/.exec(process.argv.join(" "))?.[1] ?? 1_200_000);

async function addMonth(http: HttpTarget, running: RunningFunction): Promise<void> {
  const body = { id: TENANT, name: "Tenant", accounts: ACCOUNTS, zone: "UTC" };
  const { status, bytes } = await ask(http, "POST /v1/tenants", { as: OPERATOR, body });
  if (status !== 201) throw new Error(`the tenant was not added: ${bytes.toString()}`);
  const { csv, expected } = makeMonth(rows);
  const job = await startImport(http, await makeParts(csv, rows, "parquet"));
  await running.lambda.idle();
  const { result, error } = await jobNow(http, job);
  if (result?.rowsAccepted !== expected.rows) throw new Error(`not all was loaded: ${JSON.stringify(error)}`);
}

/** Writes one file. What the worker's memory or time cannot do ends with its error. */
async function exportRange(
  http: HttpTarget,
  running: RunningFunction,
  format: (typeof FORMATS)[number],
  to: string,
): Promise<object> {
  const query = {
    dataset: "cost",
    range: { from: "2024-09-01", to },
    groupBy: ["day", "account", "service", "region", "resource"],
    measures: ["billed_cost", "effective_cost"],
  };
  const cpuBefore = workerCpuSeconds();
  const body = { format, query, delivery: "job" };
  const started = await ask(http, "POST /v1/analytics/export", { as: admin(TENANT), body });
  if (started.status !== 202) throw new Error(started.bytes.toString());
  await running.lambda.idle();
  const { id } = started.json as Export;
  const { json } = await ask(http, `GET /v1/exports/${id}`, { as: admin(TENANT) });
  const { status, error, bytes, manifest, rowsTotal } = json as Export;
  if (status === "done" && (manifest?.complete !== true || manifest.rowsWritten !== rowsTotal)) {
    throw new Error(`the file is not complete: ${JSON.stringify(json)}`);
  }
  const { seconds, memoryMb } = lastReport(running);
  return {
    format,
    status,
    ...(error !== null && { error: error.code }),
    rows: rowsTotal,
    megabytes: Math.round((bytes ?? 0) / 1e6),
    seconds: Math.round(seconds),
    cpuSeconds: Math.round(workerCpuSeconds() - cpuBefore),
    peakMemoryMb: memoryMb,
  };
}

const packages = await buildPackages();
try {
  const running = await runFunction(packages);
  const secret = new TextEncoder().encode(FUNCTION_SECRET);
  const http = functionTarget(running.lambda, "2.0", secret, () => running.close());
  try {
    await addMonth(http, running);
    const results: object[] = [];
    for (const to of ENDS) {
      for (const format of FORMATS) {
        const result = await exportRange(http, running, format, to);
        console.error(JSON.stringify(result));
        results.push(result);
        // Peak memory is that of the process; the next file gets one of its own.
        await running.worker.recycle();
      }
    }
    console.log(JSON.stringify(results, null, process.argv.includes("--json") ? 0 : 2));
  } finally {
    await http.close();
  }
} finally {
  await packages.remove();
}
