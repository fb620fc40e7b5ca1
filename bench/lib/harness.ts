import { spawn } from "node:child_process";

/** What a contender tells about its run, as the last line of its standard output. */
export interface ContenderReport {
  /** Milliseconds of each timed piece of work. */
  times: number[];
  /** The same for work of another size. */
  wideTimes?: number[];
  /** A digest of each piece's answer, to be compared between contenders; null where it was not asked. */
  answers: (string | null)[];
  /** Milliseconds from the process's start until it was ready to answer. */
  readyMs: number;
  /** What a reader must know about the run. */
  note?: string;
}

export interface Measured extends ContenderReport {
  name: string;
  wallMs: number;
  /** Peak resident memory of the whole process, MB (10^6 bytes). */
  peakMb: number;
}

export interface Missing {
  name: string;
  missing: string;
}

/** The value below which `share` of the sorted values lie (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? NaN;
}

/**
 * Runs a contender as a process of its own and measures it from the outside: wall time, and peak memory as the
 * kernel counted it, read by the contender at its end (getrusage's `ru_maxrss`, `peakKb` in its last line).
 */
export async function runContender(
  name: string,
  command: string,
  args: readonly string[],
): Promise<Measured | Missing> {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  const outcome = await new Promise<number | string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code ?? signal ?? -1));
  });
  const wallMs = performance.now() - started;
  if (outcome !== 0) return { name, missing: `failed (${outcome})` };
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  const { peakKb, ...report } = JSON.parse(last) as ContenderReport & { peakKb: number };
  return { ...report, name, wallMs, peakMb: (peakKb * 1024) / 1e6 };
}

/** Called by a contender written in TypeScript when it is done. */
export function tellReport(report: ContenderReport): void {
  // Kilobytes on Linux; on macOS the field counts bytes.
  const { maxRSS } = process.resourceUsage();
  process.stdout.write(`${JSON.stringify({ ...report, peakKb: maxRSS })}\n`);
}

/** Prints rows as a Markdown table, numbers to the right. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`;
  console.log(line(head));
  console.log(
    `|${widths.map((width, i) => (i === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`,
  );
  for (const row of rows) console.log(line(row));
}

/** `--name value` of the command line. */
export function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}
