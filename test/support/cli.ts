import type { Effects } from "../../src/cli/effects.ts";
import { run } from "../../src/cli/program.ts";

/** What a command line did. */
export interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** What a command line finds around it; nothing on standard input when not given. */
export interface Around {
  env: Effects["env"];
  input?: string;
  signal?: AbortSignal;
}

/** Runs a command line in this process, without a terminal. */
export async function commandIn({ env, input, signal }: Around, args: readonly string[]): Promise<Outcome> {
  let [out, err] = ["", ""];
  const effects: Effects = {
    out: (text) => {
      out += typeof text === "string" ? text : Buffer.from(text).toString("latin1");
      return Promise.resolve();
    },
    err: (text) => (err += text),
    interactive: false,
    columns: 80,
    color: false,
    input: (async function* () {
      await Promise.resolve();
      if (input !== undefined) yield Buffer.from(input);
    })(),
    env,
    now: () => new Date(),
    keepPrivate: () => undefined,
    outputMode: () => undefined,
    signal: signal ?? new AbortController().signal,
  };
  const code = await run(args, effects, "9.9.9");
  return { code, out, err };
}

/**
 * Runs command lines on one data folder.
 * @param folder told at each run, since a test makes its folder before its first
 * @param input what is on standard input
 */
export function commandLine(folder: () => string, input = ""): (...args: string[]) => Promise<Outcome> {
  return (...args) => commandIn({ env: { SECUREBASE_DATA: folder() }, input }, args);
}
