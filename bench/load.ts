/**
 * A server on a large store under a mixed load: dashboards (80 %), lists (15 %), exports (5 %) of fifty tenants, asked at
 * a steady rate whether or not the earlier ones are answered, as people do. Rising rates find the highest at which 95 of
 * 100 answers come within 100 ms; at twice that rate what is too much has to be refused, and the rest answered. With
 * `--soak`, so many minutes at half the highest rate, with the memory on the way.
 *
 *   npm run bench:load -- [--rows 10000000] [--seconds 20] [--soak MINUTES]
 *   npm run bench:load -- --soak MINUTES --rate R      at R a second, without looking for the highest
 *
 * Half of the dashboards are of ranges that people ask for again and again, and so remembered; the others are of any
 * thirty days.
 */
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Chance } from "../test/support/random.ts";
import { addDays } from "../src/core/time/dates.ts";
import { factsStore, TENANTS, tenantName } from "./lib/facts-store.ts";
import { option, printTable, quantile } from "./lib/harness.ts";
import { authorizationOf, startServer } from "./lib/server.ts";

const ROWS = Number(option("rows") ?? 10_000_000);
const SECONDS = Number(option("seconds") ?? 20);
const SOAK_MINUTES = Number(option("soak") ?? 0);
const SOAK_RATE = Number(option("rate") ?? 0);
const RATES = [5, 10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320];
const WANTED_P95 = 100;
/** The last day of the store's facts, and a year before it. */
const LAST_DAY = "2024-09-30";
const DAYS = 360;

interface Step {
  rate: number;
  answered: number;
  /** 503 and 429, each with Retry-After. */
  refused: number;
  failed: number;
  p50: number;
  p95: number;
  memoryMb: number;
}

interface Ask {
  method: "GET" | "POST";
  path: string;
  body?: object;
}

const chance = new Chance(1);

function anyAsk(): Ask {
  const kind = chance.below(100);
  if (kind < 80) return dashboard();
  if (kind < 95)
    return { method: "GET", path: chance.pick(["/v1/reports", "/v1/exports", "/v1/budgets", "/v1/jobs"]) };
  const query = { dataset: "cost", range: anyMonth(), groupBy: ["day", "service"] };
  return {
    method: "POST",
    path: "/v1/analytics/export",
    body: { format: chance.pick(["csv", "xlsx", "pdf"]), query },
  };
}

function dashboard(): Ask {
  const { from, to } = chance.of(0.5) ? { from: "2024-09-01", to: "2024-10-01" } : anyMonth();
  return { method: "GET", path: `/v1/analytics/costs?from=${from}&to=${to}` };
}

function anyMonth(): { from: string; to: string } {
  const to = addDays(LAST_DAY, -chance.below(DAYS));
  return { from: addDays(to, -30), to };
}

/** The store has facts of tenants that its registry does not know. */
async function addTenants(url: string): Promise<string[]> {
  const authorization = await authorizationOf({ role: "operator" });
  const headers: string[] = [];
  for (let i = 0; i < TENANTS; i++) {
    const id = tenantName(i);
    const added = await fetch(`${url}/v1/tenants`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ id, name: `Tenant ${i}` }),
    });
    if (added.status !== 201) throw new Error(await added.text());
    headers.push(await authorizationOf({ role: "analyst", customerId: id }));
  }
  return headers;
}

class Load {
  readonly #url: string;
  readonly #headers: readonly string[];
  readonly #pid: number;

  constructor(url: string, headers: readonly string[], pid: number) {
    this.#url = url;
    this.#headers = headers;
    this.#pid = pid;
  }

  /** Asks `rate` times a second, each at its time, and waits for all answers. */
  async run(rate: number, seconds: number): Promise<Step> {
    const times: number[] = [];
    const counts = { answered: 0, refused: 0, failed: 0 };
    const started = performance.now();
    const open: Promise<void>[] = [];
    for (let i = 0; i < rate * seconds; i++) {
      const due = started + (i * 1_000) / rate;
      const wait = due - performance.now();
      if (wait > 0) await delay(wait);
      open.push(
        this.#ask(anyAsk()).then((outcome) => {
          counts[outcome] += 1;
          if (outcome === "answered") times.push(performance.now() - due);
        }),
      );
    }
    await Promise.all(open);
    const [p50, p95] = [quantile(times, 0.5), quantile(times, 0.95)];
    return { rate, ...counts, p50, p95, memoryMb: await this.memoryMb() };
  }

  async #ask({ method, path, body }: Ask): Promise<"answered" | "refused" | "failed"> {
    const headers: Record<string, string> = { authorization: chance.pick(this.#headers) };
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      const init = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
      const answer = await fetch(`${this.#url}${path}`, { ...init, signal: AbortSignal.timeout(60_000) });
      await answer.arrayBuffer();
      if (answer.ok) return "answered";
      const refused = [429, 503].includes(answer.status) && Number(answer.headers.get("retry-after")) > 0;
      return refused ? "refused" : "failed";
    } catch {
      return "failed";
    }
  }

  /** What the server takes of memory now, MB. */
  async memoryMb(): Promise<number> {
    const status = await readFile(`/proc/${this.#pid}/status`, "utf8");
    return Math.round((Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1_024) / 1e6);
  }
}

function print(steps: readonly Step[]): void {
  printTable(
    ["asked a second", "answered", "refused", "failed", "p50 ms", "p95 ms", "memory MB"],
    steps.map(({ rate, answered, refused, failed, p50, p95, memoryMb }) =>
      [rate, answered, refused, failed, Math.round(p50), Math.round(p95), memoryMb].map(String),
    ),
  );
}

/** Looks for the highest rate, and asks at twice that. */
async function highestRate(load: Load): Promise<number> {
  const steps: Step[] = [];
  let highest = 0;
  for (const rate of RATES) {
    const step = await load.run(rate, SECONDS);
    steps.push(step);
    if (step.p95 > WANTED_P95 || step.refused + step.failed > 0) break;
    highest = rate;
  }
  console.log(`${ROWS.toLocaleString("en")} facts, ${TENANTS} tenants, Node ${process.version}`);
  print(steps);
  console.log(
    `\nHighest rate with p95 within ${WANTED_P95} ms: ${highest} a second; twice that, then half of it:`,
  );
  const after = [await load.run(highest * 2, SECONDS * 2), await load.run(highest / 2, SECONDS)];
  print(after);
  if (highest === 0 || after.some(({ failed }) => failed > 0)) process.exitCode = 1;
  return highest;
}

async function soak(load: Load, rate: number): Promise<void> {
  const steps: Step[] = [];
  const length = Math.max(1, SOAK_MINUTES / 12);
  console.log(`\n${SOAK_MINUTES} minutes at ${rate} a second`);
  for (let minute = 0; minute < SOAK_MINUTES; minute += length) {
    const step = await load.run(rate, length * 60);
    process.stderr.write(`${JSON.stringify(step)}\n`);
    steps.push(step);
  }
  print(steps);
  if (steps.some(({ failed }) => failed > 0)) process.exitCode = 1;
}

const folder = await mkdtemp(join(tmpdir(), "securebase-load-"));
await cp(await factsStore(ROWS), folder, { recursive: true });
const server = await startServer(["--data", folder], {
  SECUREBASE_LOG: "silent",
  // The engine is to be tried, not the budgets of single tenants.
  SECUREBASE_QUERIES_PER_MINUTE: "1000000",
  SECUREBASE_QUERIES_BURST: "100000",
  SECUREBASE_EXPORTS_PER_MINUTE: "100000",
  SECUREBASE_EXPORTS_BURST: "10000",
});
try {
  const load = new Load(server.url, await addTenants(server.url), server.pid);
  await load.run(5, 5);
  const rate = SOAK_RATE > 0 ? SOAK_RATE : (await highestRate(load)) / 2;
  if (SOAK_MINUTES > 0) await soak(load, rate);
} finally {
  await server.kill();
  await rm(folder, { recursive: true, force: true });
}
