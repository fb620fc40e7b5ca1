import { spawn } from "node:child_process";

/** One run of a whole process. */
export interface Run {
  /** Wall clock from start to exit. */
  seconds: number;
  /** Peak resident set, in MB (10^6 bytes). */
  peakMb: number;
}

/** A command that is measured. */
export interface Command {
  command: string;
  args: readonly string[];
  environment?: Readonly<Record<string, string>>;
}

export interface Measured extends Run {
  runs: readonly Run[];
}

/** Runs a command several times in a row. @returns the medians, and each run */
export async function measure(
  command: string,
  args: readonly string[],
  times: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<Measured> {
  const runs: Run[] = [];
  for (let i = 0; i < times; i++) runs.push(await runOnce({ command, args, environment }));
  return { ...medians(runs), runs };
}

/** The medians of several runs. */
export function medians(runs: readonly Run[]): Run {
  return { seconds: median(runs.map((run) => run.seconds)), peakMb: median(runs.map((run) => run.peakMb)) };
}

/**
 * Runs a command once.
 * It reports its own peak memory in its last line of output, `{"maxRssKb":12345}` (getrusage's `ru_maxrss`): the one way
 * to learn it exactly that needs no tool beside the languages themselves.
 * @throws Error when it fails, with what it wrote to stderr
 */
export function runOnce({ command, args, environment = {} }: Command): Promise<Run> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (data: Buffer) => (out += data.toString()));
    child.stderr.on("data", (data: Buffer) => (err += data.toString()));
    child.on("error", reject);
    child.on("exit", (code) => {
      const seconds = (performance.now() - start) / 1000;
      const peak = /\{"maxRssKb":\s*(\d+)\}\s*$/.exec(out)?.[1];
      if (code === 0 && peak !== undefined) resolve({ seconds, peakMb: (Number(peak) * 1024) / 1e6 });
      else
        reject(
          new Error(
            `${command} ${args.join(" ")} ended with ${String(code)}: ${err.slice(-2000) || out.slice(-500)}`,
          ),
        );
    });
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return (low + high) / 2;
}

/** What a child prints last for {@link runOnce}. */
export function reportPeak(): void {
  console.log(JSON.stringify({ maxRssKb: process.resourceUsage().maxRSS }));
}
