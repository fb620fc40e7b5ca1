import { spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createReadStream, createWriteStream } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { bundle } from "./lib/bundle.ts";
import { bundleReader } from "./lib/loader.ts";
import { median } from "./lib/process.ts";

/**
 * The FOCUS import next to the engine's own read of the same CSV file, which is the limit: each a whole process from
 * start to exit, with its peak memory; totals are checked to the last digit.
 *
 *     npx tsx bench/import.ts [--quick] [--json FILE]
 *
 * `--quick` leaves out the ten million rows. Files are made once, by the engine, and kept in bench/.cache.
 */
const MILLION = 1_000_000;
const cache = join(import.meta.dirname, ".cache");
const child = join(cache, "import-jobs.mjs");

interface Contender {
  job: string;
  label: string;
  /** Of the file's name. */
  suffix?: string;
  /** Only at a million rows. */
  small?: boolean;
}

const CONTENDERS: readonly Contender[] = [
  { job: "import", label: "SecureBase: read, check, sum, sort by tenant and day, commit" },
  { job: "typed", label: "DuckDB read_csv into a table, types guessed" },
  { job: "text", label: "DuckDB read_csv into a table, all text" },
  { job: "read", label: "DuckDB read_csv, read and counted only" },
  { job: "import", label: "SecureBase, from gzip", suffix: ".gz", small: true },
];

interface Run {
  seconds: number;
  /** Of all threads, user and system: what is left of a figure when other programs share the machine. */
  cpuSeconds: number;
  peakMb: number;
}

/** @throws Error when the child fails, above all when its totals are not the file's */
async function runOnce(args: readonly string[]): Promise<Run> {
  const started = performance.now();
  const spawned = spawn(process.execPath, [child, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  spawned.stdout.on("data", (data: Buffer) => (out += data.toString()));
  const code = await new Promise<number | null>((resolve) => spawned.once("close", resolve));
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${String(code)}`);
  const told = JSON.parse(out.trimEnd().split("\n").at(-1) ?? "") as { cpuSeconds: number; maxRssKb: number };
  return { seconds, cpuSeconds: told.cpuSeconds, peakMb: (told.maxRssKb * 1024) / 1e6 };
}

async function makeFile(rows: number): Promise<string> {
  const csv = join(cache, `focus-${rows}.csv`);
  if (!existsSync(`${csv}.json`)) await runOnce(["generate", csv, "", String(rows)]);
  if (rows === MILLION && !existsSync(`${csv}.gz`)) {
    await pipeline(createReadStream(csv), createGzip({ level: 1 }), createWriteStream(`${csv}.gz`));
  }
  // So that nobody pays for the first read from disk.
  await runOnce(["read", csv]);
  return csv;
}

interface Result extends Run {
  rows: number;
  label: string;
}

function show({ label, rows, seconds, cpuSeconds, peakMb }: Result, limit: Result | undefined): string {
  const share = limit === undefined ? "" : `${((100 * limit.seconds) / seconds).toFixed(0)}%`;
  const cpuShare = limit === undefined ? "" : `${((100 * limit.cpuSeconds) / cpuSeconds).toFixed(0)}%`;
  const rate = `${Math.round(rows / seconds / 1000).toLocaleString("en-US")}k`;
  const cells = [label, seconds.toFixed(2), rate, share, cpuSeconds.toFixed(1), cpuShare, peakMb.toFixed(0)];
  return `| ${cells.join(" | ")} |`;
}

/** Runs take turns, so that whatever else the machine does falls on all of them. */
async function measureAll(rows: number, times: number): Promise<Result[]> {
  const csv = await makeFile(rows);
  const size = (statSync(csv).size / 1e6).toFixed(0);
  console.log(`\n### ${rows.toLocaleString("en-US")} rows of 21 columns, ${size} MB`);
  const folder = join(cache, "import-store");
  const contenders = CONTENDERS.filter(({ small }) => small !== true || rows <= MILLION);
  const runs = contenders.map((): Run[] => []);
  for (let round = 0; round < times; round++) {
    for (const [i, { job, suffix = "" }] of contenders.entries()) {
      runs[i]?.push(await runOnce([job, csv + suffix, folder]));
    }
  }
  for (const left of [folder, `${folder}.duckdb`]) rmSync(left, { recursive: true, force: true });
  const results = contenders.map(({ label }, i): Result => {
    const of = (key: keyof Run): number => median((runs[i] ?? []).map((run) => run[key]));
    return { rows, label, seconds: of("seconds"), cpuSeconds: of("cpuSeconds"), peakMb: of("peakMb") };
  });
  console.log("| what | s | rows/s | speed against DuckDB's typed read | CPU s | by CPU | peak MB |");
  console.log("|---|---:|---:|---:|---:|---:|---:|");
  for (const result of results) console.log(show(result, results[1]));
  return results;
}

async function main(args: readonly string[]): Promise<void> {
  const quick = args.includes("--quick");
  const target = args.includes("--json") ? args[args.indexOf("--json") + 1] : undefined;
  mkdirSync(cache, { recursive: true });
  await bundle(join(import.meta.dirname, "import-jobs.ts"), child);
  await bundleReader(cache);
  console.log(`Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}); medians.`);
  const results = await measureAll(MILLION, 3);
  if (!quick) results.push(...(await measureAll(10 * MILLION, 1)));
  if (target !== undefined)
    writeFileSync(target, JSON.stringify({ node: process.version, results }, null, 2));
}

await main(process.argv.slice(2));
