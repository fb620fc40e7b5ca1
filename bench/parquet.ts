import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { lambdaNode } from "../tools/lambda-node.mjs";
import { bundle } from "./lib/bundle.ts";
import { option, printTable } from "./lib/harness.ts";
import { measure } from "./lib/process.ts";

/**
 * The function's Parquet reader on a bill of a million rows: its own time and memory (`read`), with every row checked
 * and typed (`facts`), and the same columns as text by the embedded engine for comparison. Each is a whole process from
 * start to exit, the reader's on a Node.js that Lambda runs, its heap held to what a function of 512 MB has left.
 *
 *     npx tsx bench/parquet.ts [--rows 1000000] [--runs 1]
 *
 * Files are made once and kept in bench/.cache. `one group` is the worst case for memory: all rows in one row group,
 * each column a page of its own.
 */
const cache = join(import.meta.dirname, ".cache", "parquet");
const child = join(cache, "jobs.mjs");
const rows = Number(option("rows") ?? 1_000_000);
const runs = Number(option("runs") ?? 1);
const HEAP_MB = 300;

mkdirSync(cache, { recursive: true });
await bundle(join(import.meta.dirname, "parquet-jobs.ts"), child);
const table: string[][] = [];
for (const { label, codec, group } of [
  { label: "Snappy", codec: "snappy", group: 122_880 },
  { label: "Zstandard", codec: "zstd", group: 122_880 },
  { label: "gzip", codec: "gzip", group: 122_880 },
  { label: "Zstandard, one group", codec: "zstd", group: rows },
]) {
  const path = join(cache, `focus-${rows}-${codec}-${group}.parquet`);
  if (!existsSync(path))
    await measure(process.execPath, [child, "generate", path, String(rows), codec, String(group)], 1);
  const node = [`--max-old-space-size=${HEAP_MB}`, child];
  const read = await measure(lambdaNode(), [...node, "read", path], runs);
  const facts = await measure(lambdaNode(), [...node, "facts", path], runs);
  const engine = await measure(process.execPath, [child, "engine", path], runs);
  const cells = ({ seconds, peakMb }: { seconds: number; peakMb: number }): string[] => [
    Math.round(rows / seconds).toLocaleString("en-US"),
    peakMb.toFixed(0),
  ];
  table.push([
    label,
    (statSync(path).size / 1e6).toFixed(0),
    ...cells(read),
    ...cells(facts),
    ...cells(engine),
  ]);
}
printTable(
  ["file", "MB", "read rows/s", "peak MB", "facts rows/s", "peak MB", "engine rows/s", "peak MB"],
  table,
);
