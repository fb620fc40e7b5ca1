import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { bundleReader } from "./lib/loader.ts";
import { bundle } from "./lib/bundle.ts";
import { option, printTable } from "./lib/harness.ts";
import { measure } from "./lib/process.ts";

/**
 * Each import format next to the fastest plain parse of the same generated file: the engine's own `read_csv`,
 * `read_parquet` or `read_json`, and JSON.parse of each line. An import detects, checks, types, assigns, sums, stores
 * and commits; a plain parse counts rows. Each is a whole process from start to exit, with its peak memory.
 *
 *     npx tsx bench/import-formats.ts [--quick] [--findings N[,N…]] [--memory 200MB]
 *
 * `--findings 250000,500000,1000000` imports lists of findings alone, one of each size, and ends with 1 where one of
 * them takes more than 400 MB. `--memory` is what the store's engine may use before it spills, 500MB otherwise. Files
 * are made once and kept in bench/.cache.
 */
const cache = join(import.meta.dirname, ".cache", "formats");
const child = join(cache, "jobs.mjs");
const quick = process.argv.includes("--quick");
const sizes = option("findings")?.split(",").map(Number) ?? [];
const alone = sizes.length > 0;
const memory = option("memory") ?? "";

interface Case {
  label: string;
  /** What the child generates. */
  kind: string;
  file: string;
  rows: number;
  plain: readonly string[];
}

const many = quick ? 20_000 : 200_000;
const cases = (some: number): readonly Case[] => [
  { label: "FOCUS CSV", kind: "focus", file: `focus-${many}.csv`, rows: many, plain: ["read_csv"] },
  {
    label: "FOCUS CSV, gzip",
    kind: "focus-gz",
    file: `focus-${many}.csv.gz`,
    rows: many,
    plain: ["read_csv"],
  },
  {
    label: "FOCUS Parquet",
    kind: "focus-parquet",
    file: `focus-${many}.parquet`,
    rows: many,
    plain: ["read_parquet"],
  },
  { label: "CUR CSV", kind: "cur", file: `cur-${many}.csv`, rows: many, plain: ["read_csv"] },
  {
    label: "ASFF, a line each",
    kind: "asff",
    file: `asff-${some}.jsonl`,
    rows: some,
    plain: ["JSON.parse", "read_json"],
  },
  {
    label: "OCSF, a line each",
    kind: "ocsf",
    file: `ocsf-${some}.jsonl`,
    rows: some,
    plain: ["JSON.parse", "read_json"],
  },
  { label: "Prowler CSV", kind: "prowler", file: `prowler-${some}.csv`, rows: some, plain: ["read_csv"] },
  {
    label: "CloudTrail, a line each",
    kind: "cloudtrail",
    file: `trail-${some}.jsonl`,
    rows: some,
    plain: ["JSON.parse", "read_json"],
  },
];
const CASES = alone
  ? sizes.flatMap(cases).filter(({ kind }) => !/focus|cur|cloudtrail/.test(kind))
  : cases(quick ? 5000 : 50_000);
/** MB by format, in the order of the sizes. */
const peaks = new Map<string, number[]>();

mkdirSync(cache, { recursive: true });
await bundle(join(import.meta.dirname, "import-formats-jobs.ts"), child);
await bundleReader(cache);
const table: string[][] = [];
for (const { label, kind, file, rows, plain } of CASES) {
  const path = join(cache, file);
  const run = (job: string): ReturnType<typeof measure> => {
    const folder = join(cache, "store");
    rmSync(folder, { recursive: true, force: true });
    return measure(process.execPath, [child, job, path, folder, String(rows), kind, memory], 1);
  };
  if (!existsSync(path)) await run("generate");
  const imported = await run("import");
  const parsed = [];
  for (const job of plain) parsed.push({ job, ...(await run(job)) });
  peaks.set(label, [...(peaks.get(label) ?? []), imported.peakMb]);
  const fastest = parsed.reduce((a, b) => (a.seconds <= b.seconds ? a : b));
  const rate = (seconds: number): string => Math.round(rows / seconds).toLocaleString("en-US");
  table.push([
    ...[label, (statSync(path).size / 1e6).toFixed(0), rows.toLocaleString("en-US"), rate(imported.seconds)],
    ...[imported.peakMb.toFixed(0), `${fastest.job} ${rate(fastest.seconds)}`, fastest.peakMb.toFixed(0)],
    (imported.seconds / fastest.seconds).toFixed(1),
  ]);
}
rmSync(join(cache, "store"), { recursive: true, force: true });
printTable(
  [
    "format",
    "file MB",
    "rows",
    "import rows/s",
    "peak MB",
    "fastest plain parse rows/s",
    "its peak MB",
    "times its time",
  ],
  table,
);

/** Peak memory of a list of findings, however long, in MB. */
const MOST_MB = 400;
if (alone) {
  for (const [label, list] of peaks) {
    const most = Math.max(...list);
    console.log(`${label}: ${list.map((mb) => mb.toFixed(0)).join(", ")} MB at ${sizes.join(", ")} findings`);
    if (most > MOST_MB) process.exitCode = 1;
  }
}
