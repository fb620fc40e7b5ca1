import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { bundle } from "./lib/bundle.ts";
import { checkCsv, checkJson, checkLines, checkWorkbook, type Found, micros } from "./lib/check-files.ts";
import { benchTotals } from "./lib/document.ts";
import { medians, type Run, runOnce } from "./lib/process.ts";
import { type Peers, pythonPeers } from "./lib/python.ts";

/**
 * XLSX, CSV and JSON exports of a table of ten columns, next to the libraries people use: each a whole process from
 * start to exit, with its peak memory, every output read back and checked.
 *
 *     npx tsx bench/render.ts [--quick] [--json FILE]
 *
 * `--quick` leaves out the million rows of the slow peers and runs everything once.
 */
interface Job {
  group: string;
  rows: number;
  /** Of bench/render-jobs.ts or, with `python`, of bench/render-peers.py. */
  writer: string;
  label: string;
  python?: string;
  times: number;
  slow?: boolean;
  check: (file: string) => Found | Promise<Found>;
}

interface Result {
  group: string;
  label: string;
  rows: number;
  seconds: number;
  peakMb: number;
  fileMb: number;
  runs: number;
}

const cache = join(import.meta.dirname, ".cache");
const THOUSANDS = 100_000;
const MILLION = 1_000_000;
const PACKAGES = [
  { name: "openpyxl", module: "openpyxl" },
  { name: "XlsxWriter", module: "xlsxwriter" },
];

function jobs(peers: Peers, quick: boolean): Job[] {
  const times = (n: number): number => (quick ? 1 : n);
  const ours = { label: "SecureBase" };
  const xlsx = (rows: number, few: boolean): Job[] => {
    const base = { group: `XLSX, ${rows.toLocaleString("en-US")} rows`, rows, check: checkWorkbook };
    const peer = { ...base, times: times(few ? 1 : 3), slow: few };
    const python = (module: string, writer: string, name: string): Job[] => {
      const version = peers.versions[module];
      return version === undefined || peers.python === undefined
        ? []
        : [
            {
              ...peer,
              writer,
              label: `${name} ${version}`.replace(/ (\S+) (\S+)$/, " $2, $1"),
              python: peers.python,
            },
          ];
    };
    return [
      { ...base, ...ours, writer: "xlsx", times: times(few ? 3 : 5) },
      { ...peer, writer: "hucre", label: `hucre ${versionOf("hucre")}, stream` },
      { ...peer, writer: "exceljs", label: `exceljs ${versionOf("exceljs")}, stream` },
      ...python("xlsxwriter", "xlsxwriter", "XlsxWriter constant_memory"),
      ...python("openpyxl", "openpyxl-write-only", "openpyxl write-only"),
      ...(few ? [] : python("openpyxl", "openpyxl", "openpyxl normal")),
    ];
  };
  const text = { rows: MILLION, times: times(3) };
  const all: Job[] = [
    ...xlsx(THOUSANDS, false),
    ...xlsx(MILLION, true),
    { ...text, ...ours, group: "CSV, 1,000,000 rows", writer: "csv", check: checkCsv },
    {
      ...text,
      group: "CSV, 1,000,000 rows",
      writer: "duckdb",
      label: "DuckDB COPY, its own table",
      check: checkCsv,
    },
    { ...text, ...ours, group: "JSON, 1,000,000 rows", writer: "json", check: checkJson },
    {
      ...text,
      group: "JSON, 1,000,000 rows",
      writer: "ndjson",
      label: "SecureBase, NDJSON",
      check: checkLines,
    },
  ];
  return all.filter((job) => !(quick && job.slow === true));
}

function versionOf(name: string): string {
  const out = execFileSync("npm", ["ls", name, "--depth=0", "--json"], {
    cwd: join(cache, "../.."),
  }).toString();
  const { dependencies } = JSON.parse(out) as { dependencies: Record<string, { version: string }> };
  return dependencies[name]?.version ?? "";
}

/** One run of a job, its file checked. */
async function run(job: Job, child: string): Promise<Run & { fileMb: number }> {
  const file = join(cache, `out-${job.writer}`);
  const [command, script] =
    job.python === undefined
      ? [process.execPath, child]
      : [job.python, join(import.meta.dirname, "render-peers.py")];
  const measured = await runOnce({ command, args: [script, job.writer, String(job.rows), file] });
  const found = await job.check(file);
  const expected = micros(benchTotals(job.rows)[0] ?? "");
  if (found.rows !== job.rows || found.micros !== expected) {
    throw new Error(
      `${job.label} wrote ${found.rows} rows adding up to ${found.micros} millionths, not ${job.rows} and ${expected}`,
    );
  }
  const fileMb = statSync(file).size / 1e6;
  rmSync(file);
  return { ...measured, fileMb };
}

/** The jobs of a group in rounds, one run each a round, so that a busy moment of the machine meets all of them. */
async function runGroup(group: readonly Job[], child: string): Promise<Result[]> {
  const runs = group.map((): (Run & { fileMb: number })[] => []);
  for (let round = 0; group.some((job) => round < job.times); round++) {
    for (const [i, job] of group.entries()) if (round < job.times) runs[i]?.push(await run(job, child));
  }
  return group.map((job, i) => {
    const own = runs[i] ?? [];
    const { group: name, label, rows } = job;
    return { group: name, label, rows, ...medians(own), fileMb: own[0]?.fileMb ?? 0, runs: own.length };
  });
}

/** A row of the report; ratios are to our figure of the same group. */
function show(result: Result, ours: Result | undefined): string {
  const own = ours === undefined || ours === result;
  const ratio = own ? "" : `${(result.seconds / ours.seconds).toFixed(1)}x`;
  const cells = [
    result.label,
    result.seconds.toFixed(2),
    result.peakMb.toFixed(0),
    result.fileMb.toFixed(1),
    ratio,
    String(result.runs),
  ];
  return `| ${cells.join(" | ")} |`;
}

async function main(args: readonly string[]): Promise<void> {
  const quick = args.includes("--quick");
  const target = args.includes("--json") ? args[args.indexOf("--json") + 1] : undefined;
  mkdirSync(cache, { recursive: true });
  const child = join(cache, "render-jobs.mjs");
  await bundle(join(import.meta.dirname, "render-jobs.ts"), child);
  const peers = pythonPeers(PACKAGES, cache);
  console.log(`Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}); medians.`);
  for (const name of peers.missing)
    console.log(`Missing peer: ${name} (no Python that has it, and pip could not install it).`);
  const results: Result[] = [];
  const all = jobs(peers, quick);
  for (const name of new Set(all.map((job) => job.group))) {
    const group = all.filter((job) => job.group === name);
    const done = await runGroup(group, child);
    console.log(`\n### ${name}\n| writer | s | peak MB | file MB | time against ours | runs |`);
    console.log("|---|---:|---:|---:|---:|---:|");
    for (const result of done) console.log(show(result, done[0]));
    results.push(...done);
  }
  if (target !== undefined)
    writeFileSync(target, JSON.stringify({ node: process.version, results }, null, 2));
}

await main(process.argv.slice(2));
