/**
 * A 30-day group-by for one tenant of a large store, through the whole query path (plan, compile, engine, rows), next
 * to the bare engine on the same file, SQLite with the fitting index, and plain JavaScript arrays.
 *
 *   node --import tsx bench/query.ts [--rows 10000000] [--questions 300]
 *
 * Every contender is a process of its own, asks the same questions, and its answers are compared to the last digit.
 */
import { join } from "node:path";
import { factsStore, MONTHS, TENANTS } from "./lib/facts-store.ts";
import { type Measured, type Missing, option, printTable, quantile, runContender } from "./lib/harness.ts";
import { type BenchQuestion, GROUP_COLUMNS, questions, WIDE_SHARE, wideQuestions } from "./lib/questions.ts";
import { sqliteFile } from "./lib/sqlite-file.ts";

const rows = Number(option("rows") ?? 10_000_000);
const count = Number(option("questions") ?? 300);
/** Plain objects: more of them need more memory than most machines have (some 500 bytes each). */
const MOST_OBJECTS = 1_000_000;
const TARGET_P95_MS = 20;
const TARGET_RATIO = 3;

const folder = await factsStore(rows);
const lib = join(import.meta.dirname, "lib");
const node = (contender: string, ...more: string[]): Promise<Measured | Missing> =>
  runContender(contender, process.execPath, [
    ...["--max-old-space-size=8192", "--import", "tsx", join(lib, "query-contenders.ts")],
    ...["--contender", contender, "--store", folder, "--questions", String(count), ...more],
  ]);
const results = [
  await node("securebase"),
  await node("bare DuckDB"),
  await sqlite(),
  await node("JavaScript typed arrays"),
  await node("JavaScript objects", "--most", String(Math.min(rows, MOST_OBJECTS))),
];
report(results);

async function sqlite(): Promise<Measured | Missing> {
  const name = "SQLite, clustered index";
  const file = await sqliteFile(folder);
  if (typeof file !== "string") return { name, missing: file.missing };
  const told = (list: BenchQuestion[]): string =>
    JSON.stringify(list.map((question) => ({ ...question, column: GROUP_COLUMNS[question.by] })));
  const script = join(lib, "query_sqlite.py");
  const asked = [told(questions(count)), told(wideQuestions(Math.ceil(count / WIDE_SHARE)))];
  return runContender(name, "python3", [script, file, ...asked]);
}

function report(all: readonly (Measured | Missing)[]): void {
  const measured = all.filter((result): result is Measured => !("missing" in result));
  const ours = measured.find((result) => result.name === "securebase");
  const bare = measured.find((result) => result.name === "bare DuckDB");
  if (ours === undefined || bare === undefined) throw new Error("a contender that must run did not");
  console.log(
    `\n${rows.toLocaleString("en")} facts, ${TENANTS} tenants, ${MONTHS} months; ${count} questions over 30 days by one dimension; Node ${process.version}\n`,
  );
  const ms = (value: number): string => value.toFixed(value < 100 ? 2 : 0);
  printTable(
    [
      "contender",
      "p50 ms",
      "p95 ms",
      "p95 × bare",
      "14 months p50 ms",
      "ready s",
      "process s",
      "peak MB",
      "answers",
    ],
    all.map((result) =>
      "missing" in result
        ? [result.name, "–", "–", "–", "–", "–", "–", "–", `missing: ${result.missing}`]
        : [
            result.name,
            ms(quantile(result.times, 0.5)),
            ms(quantile(result.times, 0.95)),
            (quantile(result.times, 0.95) / quantile(bare.times, 0.95)).toFixed(2),
            ms(quantile(result.wideTimes ?? [], 0.5)),
            (result.readyMs / 1000).toFixed(2),
            (result.wallMs / 1000).toFixed(2),
            result.peakMb.toFixed(0),
            agreement(result, bare),
          ],
    ),
  );
  for (const { name, note } of measured) if (note !== undefined) console.log(`\n${name}: ${note}`);
  const p95 = quantile(ours.times, 0.95);
  const ratio = p95 / quantile(bare.times, 0.95);
  const wrong = measured.filter((result) => agreement(result, bare).includes("differ"));
  console.log(
    `\np95 ${ms(p95)} ms (target ${TARGET_P95_MS}), ${ratio.toFixed(2)} times bare DuckDB (target ${TARGET_RATIO}), p50 ${(quantile(ours.times, 0.5) / quantile(bare.times, 0.5)).toFixed(2)} times`,
  );
  if (p95 > TARGET_P95_MS || ratio > TARGET_RATIO || wrong.length > 0) process.exitCode = 1;
}

function agreement(result: Measured, reference: Measured): string {
  const asked = result.answers.flatMap((answer, i) => (answer === null ? [] : [i]));
  const same = asked.filter((i) => result.answers[i] === reference.answers[i]).length;
  return same === asked.length ? `${same} equal` : `${asked.length - same} of ${asked.length} differ`;
}
