/**
 * The packaged function on a local cloud: how fast it starts, what a dashboard reads and takes, what a large export
 * holds in memory, how fast a pull loads. Run with `npx tsx bench/lambda.ts`; prints a table and, with `--json`, one JSON object.
 */
import { gzipSync } from "node:zlib";
import { SignJWT } from "jose";
import type { AwsStore } from "../src/adapters/aws/store.ts";
import { addDays } from "../src/core/time/dates.ts";
import type { LoadedFact } from "../src/ports/load.ts";
import { startStandIn } from "../test/cloud/aws-stand-in.ts";
import { seededRandom } from "../test/support/random.ts";
import { buildPackages, FUNCTION_SECRET, type RunningFunction, runFunction } from "../test/cloud/packaged.ts";
import { loaderFor } from "../test/support/loading.ts";
import { exportsIn, tenantsIn } from "../test/support/stored.ts";

const FACTS_A_DAY = 2_000;
const FIRST_DAY = "2023-09-01";
const DAYS = 366;
const COLD_STARTS = 15;
const TENANT = "bench";
const PULLED_DAYS = 30;

interface Metric {
  Duration: number;
  ReadCapacity: number;
  items: number;
}

async function main(): Promise<void> {
  const packages = await buildPackages();
  const results: Record<string, unknown> = {
    functionZipBytes: packages.function.bytes,
    layerZipBytes: packages.layer.bytes,
  };
  try {
    results.coldStart = await coldStarts(packages);
    const running = await runFunction(packages, {
      envFrom: (cloud) => ({ AWS_ENDPOINT_URL_DYNAMODB: cloud.dynamo.direct }),
    });
    try {
      results.load = await loadYear(running.cloud.open());
      results.dashboard30 = await dashboard(running, "2024-08-01", "2024-08-31");
      results.dashboard12m = await dashboard(running, FIRST_DAY, "2024-09-01");
      results.export = await largeExport(running);
    } finally {
      await running.close();
    }
    results.pull = await pull(packages);
  } finally {
    await packages.remove();
  }
  console.log(JSON.stringify(results, null, process.argv.includes("--json") ? 0 : 2));
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const round = (value: number): number => Math.round(value * 10) / 10;

/** From the start of the process to its first answer: to a health check of all dependencies, and to an API request. */
async function coldStarts(packages: Awaited<ReturnType<typeof buildPackages>>): Promise<object> {
  const running = await runFunction(packages);
  const measure = async (event: unknown): Promise<object> => {
    const totals: number[] = [];
    const inits: number[] = [];
    for (let i = 0; i < COLD_STARTS; i++) {
      await running.lambda.recycle();
      const { initMs = 0, durationMs, functionError } = await running.lambda.invoke(event);
      if (functionError !== undefined) throw new Error("the function failed");
      totals.push(initMs + durationMs);
      inits.push(initMs);
    }
    return {
      medianMs: round(median(totals)),
      initMs: round(median(inits)),
      maxMs: round(Math.max(...totals)),
    };
  };
  try {
    return {
      healthCheck: await measure({ action: "health_check" }),
      httpNotFound: await measure(httpEvent("GET", "/v1/nothing", "", undefined)),
    };
  } finally {
    await running.close();
  }
}

/** A year of a tenant with 2,000 facts a day, a load a month. */
async function loadYear(store: AwsStore): Promise<object> {
  await tenantsIn(store).create({
    ...{
      id: TENANT,
      name: "Bench",
      accounts: [],
      tier: null,
      contacts: [],
      frameworks: [],
      zone: "UTC",
      branding: {},
      demo: false,
    },
    createdAt: new Date().toISOString(),
  });
  const loader = loaderFor(store.metrics);
  const random = seededRandom(1);
  const started = performance.now();
  const months = new Map<string, string[]>();
  for (let i = 0; i < DAYS; i++) {
    const day = addDays(FIRST_DAY, i);
    months.set(day.slice(0, 7), [...(months.get(day.slice(0, 7)) ?? []), day]);
  }
  for (const days of months.values()) {
    await loader.loadRecords({
      ...{
        dataset: "cost",
        format: "bench",
        files: ["bench"],
        partitions: [],
        dryRun: false,
      },
      records: factsOf(days, random),
      rejections: { count: 0, kept: [] },
      assignment: { kind: "named" },
      loadedAt: new Date().toISOString(),
    });
  }
  const seconds = (performance.now() - started) / 1000;
  await store.close();
  const facts = DAYS * FACTS_A_DAY;
  return { facts, seconds: round(seconds), factsPerSecond: Math.round(facts / seconds) };
}

async function* factsOf(days: readonly string[], random: () => number): AsyncGenerator<LoadedFact[]> {
  for (const day of days) {
    yield await Promise.resolve(Array.from({ length: FACTS_A_DAY }, (_, i) => fact(day, i, random)));
  }
}

/** What repeats in a bill repeats here: a resource keeps its service, region, account and tags. */
function fact(day: string, resource: number, random: () => number): LoadedFact {
  const cost = (random() * 20).toFixed(10);
  const service = resource % 25;
  return {
    tenant: TENANT,
    source: "focus:AWS:999999999999",
    period: day.slice(0, 7),
    day,
    values: {
      charge_period_start: `${day}T00:00:00Z`,
      charge_period_end: `${addDays(day, 1)}T00:00:00Z`,
      provider_name: "AWS",
      billing_account_id: "999999999999",
      sub_account_id: String(111111111111 + ((resource * 7) % 20)),
      sub_account_name: `account-${(resource * 7) % 20}`,
      service_name: `Amazon Service ${service}`,
      service_category: `Category ${service % 8}`,
      region_id: `us-east-${(resource * 13) % 8}`,
      resource_id: `arn:aws:service:us-east-1:111111111111:thing/i-${(resource * 2_654_435_761).toString(16)}`,
      resource_name: `thing-${resource}`,
      resource_type: `Type ${service % 12}`,
      charge_category: resource % 40 === 0 ? "Tax" : "Usage",
      charge_frequency: "Usage-Based",
      pricing_category: resource % 5 === 0 ? "Committed" : "Standard",
      consumed_unit: "Hrs",
      billing_currency: "USD",
      billed_cost: cost,
      effective_cost: resource % 5 === 0 ? (Number(cost) * 0.72).toFixed(10) : cost,
      list_cost: cost,
      contracted_cost: cost,
      consumed_quantity: (random() * 24).toFixed(6),
      tags: JSON.stringify({ env: ["prod", "dev"][resource % 2], team: `team-${resource % 12}` }),
    },
  };
}

function httpEvent(method: string, path: string, token: string, body: unknown): object {
  return {
    version: "2.0",
    ...{ rawPath: path, rawQueryString: "", isBase64Encoded: false },
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", host: "api.bench" },
    requestContext: { stage: "$default", domainName: "api.bench", http: { method, path } },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}

async function tokenOf(who: object = { role: "analyst", customerId: TENANT }): Promise<string> {
  return new SignJWT({ ...who, sub: "bench" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(FUNCTION_SECRET));
}

function lastMetric(running: RunningFunction): Metric {
  const line = running.lambda.logs.findLast((text) => text.includes('"_aws"'));
  return JSON.parse(line ?? "{}") as Metric;
}

/** The same question several times, each asked a little differently, so that no answer comes from the cache. */
async function dashboard(running: RunningFunction, from: string, to: string): Promise<object> {
  const token = await tokenOf();
  const durations: number[] = [];
  let metric: Metric | undefined;
  for (let i = 0; i < 9; i++) {
    const body = {
      ...{
        dataset: "cost",
        range: { from, to },
        measures: ["billed_cost", "effective_cost"],
        limit: 100 + i,
      },
      groupBy: ["service", "region", "account", "charge_category"],
    };
    const { payload } = await running.lambda.invoke(httpEvent("POST", "/v1/analytics/query", token, body));
    const { statusCode, body: text } = payload as { statusCode: number; body: string };
    if (statusCode !== 200) throw new Error(`the query answered ${statusCode}: ${text}`);
    metric = lastMetric(running);
    durations.push(metric.Duration);
  }
  return {
    firstMs: round(durations[0] ?? 0),
    medianMs: round(median(durations)),
    maxMs: round(Math.max(...durations)),
    itemsRead: metric?.items,
    readUnits: metric?.ReadCapacity,
  };
}

/** One row a day and resource: over 100,000 rows, by a job of its own invocation. */
async function largeExport(running: RunningFunction): Promise<object> {
  const token = await tokenOf();
  const body = {
    format: "xlsx",
    delivery: "job",
    query: {
      dataset: "cost",
      range: { from: "2024-07-01", to: "2024-08-20" },
      groupBy: ["day", "service", "region", "account", "resource"],
      measures: ["billed_cost", "effective_cost"],
    },
  };
  await running.lambda.recycle();
  const { payload } = await running.lambda.invoke(httpEvent("POST", "/v1/analytics/export", token, body));
  const { statusCode, body: text } = payload as { statusCode: number; body: string };
  if (statusCode !== 202) throw new Error(`the export answered ${statusCode}: ${text}`);
  await running.lambda.idle();
  const { id } = JSON.parse(text) as { id: string };
  const job = (await exportsIn(running.cloud.open(), TENANT).find(id))?.record;
  if (job?.status !== "done") throw new Error(`the export ended ${job?.status ?? "without a trace"}`);
  const reports = running.lambda.logs.filter((line) => line.startsWith("REPORT")).slice(-2);
  const memory = reports.map((line) => Number(/Max Memory Used: (\d+)/.exec(line)?.[1]));
  return {
    rows: job.rowsWritten,
    bytes: job.bytes,
    seconds: round(lastMetric(running).Duration / 1000),
    peakMemoryMb: Math.max(...memory),
  };
}

/** A month of a FOCUS export, 2,000 line items a day, pulled into an empty store in one invocation. */
async function pull(packages: Awaited<ReturnType<typeof buildPackages>>): Promise<object> {
  const aws = await startStandIn();
  const running = await runFunction(packages, {
    timeoutMs: 300_000,
    env: { AWS_ENDPOINT_URL: aws.endpoint },
    envFrom: ({ dynamo }) => ({
      AWS_ENDPOINT_URL_S3: aws.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.direct,
    }),
  });
  try {
    const file = focusExport();
    aws.put("bills/data/BILLING_PERIOD=2024-09/bench-1.csv.gz", file);
    const manifest = JSON.stringify({ dataFiles: ["s3://bills/data/BILLING_PERIOD=2024-09/bench-1.csv.gz"] });
    aws.put("bills/metadata/BILLING_PERIOD=2024-09/bench-Manifest.json", Buffer.from(manifest));
    const connection = { kind: "s3-cost-export", region: "us-east-1", settings: { bucket: "bills" } };
    const token = await tokenOf({ role: "operator" });
    await running.lambda.invoke(httpEvent("POST", "/v1/connections", token, connection));
    await running.lambda.recycle();
    const { payload, maxMemoryMb } = await running.lambda.invoke({
      action: "sync",
      connection: connection.kind,
    });
    const { statusCode, body } = payload as { statusCode: number; body: object };
    if (statusCode !== 200) throw new Error(`the pull answered ${statusCode}: ${JSON.stringify(body)}`);
    const rows = PULLED_DAYS * FACTS_A_DAY;
    const seconds = lastMetric(running).Duration / 1000;
    return {
      ...{ rows, gzipBytes: file.length, seconds: round(seconds), rowsPerSecond: Math.round(rows / seconds) },
      peakMemoryMb: Math.round(maxMemoryMb),
    };
  } finally {
    await running.close();
    await aws.close();
  }
}

/** FOCUS names its columns as the facts do, in another case. */
function focusExport(): Buffer {
  const random = seededRandom(2);
  const title = (name: string): string =>
    name.replace(/(?:^|_)(\w)/g, (_, first: string) => first.toUpperCase());
  const quoted = (text: string | null): string => `"${(text ?? "").replaceAll('"', '""')}"`;
  const lines: string[] = [];
  for (let day = 0; day < PULLED_DAYS; day++) {
    for (let i = 0; i < FACTS_A_DAY; i++) {
      const values = {
        ...fact(addDays("2024-09-01", day), i, random).values,
        billing_period_start: "2024-09-01T00:00:00Z",
        billing_period_end: "2024-10-01T00:00:00Z",
      };
      if (lines.length === 0) lines.push(Object.keys(values).map(title).join(","));
      lines.push(Object.values(values).map(quoted).join(","));
    }
  }
  return gzipSync(lines.join("\n"));
}

await main();
