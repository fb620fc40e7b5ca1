import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";
import { bundle } from "./lib/bundle.ts";
import { benchTotals } from "./lib/document.ts";
import { measure, median } from "./lib/process.ts";
import { type Peers, pythonPeers } from "./lib/python.ts";

/**
 * PDF tables of ten columns at 1, 10 and 100 thousand rows, next to the libraries people use: each a whole process from
 * start to exit, with its peak memory, in embedded TrueType fonts, every output read back: all rows must be there.
 *
 *     npx tsx bench/render-pdf.ts [--quick] [--json FILE]
 *
 * `--quick` leaves out 100,000 rows and runs everything once.
 */
interface Job {
  rows: number;
  /** Of bench/render-pdf-jobs.ts or, with `python`, of bench/render-pdf-peers.py. */
  writer: string;
  label: string;
  python?: string;
  times: number;
}

interface Result {
  label: string;
  rows: number;
  seconds: number;
  peakMb: number;
  fileMb: number;
  pages: number;
  runs: number;
}

const cache = join(import.meta.dirname, ".cache", "pdf");
const fonts = join(import.meta.dirname, "../src/render/pdf/fonts");
const PACKAGES = [
  { name: "reportlab", module: "reportlab" },
  { name: "fpdf2", module: "fpdf" },
];

function jobs(peers: Peers, quick: boolean): Job[] {
  const python = (module: string, name: string, writer: string, what: string) => {
    const version = peers.versions[module];
    if (version === undefined || peers.python === undefined) return () => [];
    const shared = { writer, label: `${name} ${version}, ${what}`, python: peers.python };
    return (rows: number, times: number): Job[] => [{ ...shared, rows, times: quick ? 1 : times }];
  };
  const node =
    (writer: string, label: string) =>
    (rows: number, times: number): Job[] => [{ writer, label, rows, times: quick ? 1 : times }];
  const ours = node("ours", "SecureBase");
  const kit = node("pdfkit-text", `PDFKit ${versionOf("pdfkit")}, text calls`);
  const make = node("pdfmake", `pdfmake ${versionOf("pdfmake")}`);
  const long = python("reportlab", "ReportLab", "longtable", "LongTable");
  const tables = python("reportlab", "ReportLab", "tables-500", "tables of 500 rows");
  const wrapped = python("reportlab", "ReportLab", "paragraphs", "wrapped cells");
  const canvas = python("reportlab", "ReportLab", "canvas", "bare canvas");
  const fpdf = python("fpdf", "fpdf2", "fpdf2", "cells");
  const thousand = [
    ours(1000, 5),
    long(1000, 3),
    tables(1000, 3),
    wrapped(1000, 3),
    canvas(1000, 3),
    fpdf(1000, 3),
    kit(1000, 3),
    make(1000, 3),
  ];
  const ten = [
    ours(10_000, 5),
    long(10_000, 1),
    tables(10_000, 3),
    wrapped(10_000, 1),
    canvas(10_000, 3),
    fpdf(10_000, 1),
    kit(10_000, 3),
    make(10_000, 1),
  ];
  const hundred = [
    ours(100_000, 3),
    tables(100_000, 1),
    canvas(100_000, 1),
    kit(100_000, 1),
    make(100_000, 1),
  ];
  return [thousand, ten, quick ? [] : hundred].flat(2);
}

function versionOf(name: string): string {
  const path = join(import.meta.dirname, "../node_modules", name, "package.json");
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}

async function run(job: Job, child: string): Promise<Result> {
  const file = join(cache, `out-${job.writer}.pdf`);
  const script = job.python === undefined ? child : join(import.meta.dirname, "render-pdf-peers.py");
  // Totals are no part of rendering, and the peers print none: ours are added up here.
  const args = [script, job.writer, String(job.rows), file, fonts, ...benchTotals(job.rows)];
  const measured = await measure(job.python ?? process.execPath, args, job.times);
  const { ids, pages } = await readBack(file);
  if (ids !== job.rows) throw new Error(`${job.label} wrote ${ids} of ${job.rows} rows`);
  const fileMb = statSync(file).size / 1e6;
  rmSync(file);
  return {
    label: job.label,
    rows: job.rows,
    seconds: measured.seconds,
    peakMb: measured.peakMb,
    fileMb,
    pages,
    runs: job.times,
  };
}

/** How many different rows a file shows, and on how many pages: by poppler where it is, else by pdf.js. */
async function readBack(file: string): Promise<{ ids: number; pages: number }> {
  let texts: string[];
  try {
    const text = execFileSync("pdftotext", [file, "-"], {
      maxBuffer: 2 ** 30,
      stdio: ["ignore", "pipe", "ignore"],
    }).toString();
    texts = text.split("\f").slice(0, -1);
  } catch {
    texts = await readWithPdfJs(file);
  }
  const ids = new Set<string>();
  for (const text of texts) for (const [id] of text.matchAll(/i-1\d{9}/g)) ids.add(id);
  return { ids: ids.size, pages: texts.length };
}

async function readWithPdfJs(file: string): Promise<string[]> {
  const pdf = await getDocument({ data: new Uint8Array(readFileSync(file)), verbosity: 0 }).promise;
  const texts: string[] = [];
  for (let i = 1; i <= pdf.numPages; i++) {
    const { items } = await (await pdf.getPage(i)).getTextContent();
    texts.push(items.map((item) => ("str" in item ? item.str : "")).join(" "));
  }
  return texts;
}

/** Milliseconds of work for a one-page report with cards, three charts and a small table, in a fresh process each. */
function executive(child: string, times: number): number {
  const file = join(cache, "executive.pdf");
  const runs = Array.from({ length: times }, () => {
    const out = execFileSync(process.execPath, [child, "executive", "1", file, fonts]).toString();
    return Number(/\{"workMs":([\d.]+)\}/.exec(out)?.[1]);
  });
  return median(runs);
}

function show(results: readonly Result[]): void {
  for (const rows of new Set(results.map((result) => result.rows))) {
    console.log(`\nPDF, ${rows.toLocaleString("en-US")} rows`);
    const group = results.filter((result) => result.rows === rows);
    const own = group[0];
    for (const { label, seconds, peakMb, fileMb, pages } of group) {
      const ratio = own === undefined || label === own.label ? "" : `${(seconds / own.seconds).toFixed(1)}x`;
      console.log(
        `  ${label.padEnd(40)} ${seconds.toFixed(2).padStart(7)} s ${peakMb.toFixed(0).padStart(5)} MB` +
          ` ${fileMb.toFixed(2).padStart(7)} MB file ${String(pages).padStart(5)} pages ${ratio.padStart(7)}`,
      );
    }
  }
}

async function main(): Promise<void> {
  const quick = process.argv.includes("--quick");
  mkdirSync(cache, { recursive: true });
  const child = join(cache, "render-pdf-jobs.mjs");
  await bundle(join(import.meta.dirname, "render-pdf-jobs.ts"), child);
  cpSync(fonts, join(cache, "fonts"), { recursive: true });
  const peers = pythonPeers(PACKAGES, cache);
  if (peers.missing.length > 0) console.log(`missing peers: ${peers.missing.join(", ")}`);
  console.log(
    `${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} threads, Node.js ${process.version}`,
  );
  const results: Result[] = [];
  for (const job of jobs(peers, quick)) {
    results.push(await run(job, child));
    const last = results.at(-1);
    console.error(`${job.label}, ${job.rows} rows: ${last?.seconds.toFixed(2) ?? ""} s`);
  }
  const executiveMs = executive(child, quick ? 1 : 5);
  show(results);
  console.log(`\nOne-page executive report, work after start-up: ${executiveMs.toFixed(0)} ms`);
  const at = process.argv.indexOf("--json");
  const file = at < 0 ? undefined : process.argv[at + 1];
  if (file !== undefined)
    writeFileSync(file, `${JSON.stringify({ results, executiveMs, missing: peers.missing }, null, 2)}\n`);
}

await main();
