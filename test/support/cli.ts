import type { Effects } from "../../src/cli/effects.ts";
import { run } from "../../src/cli/program.ts";

/** What a command line did. */
export interface Outcome {
  code: number;
  out: string;
  err: string;
}

/**
 * Runs command lines in this process, on one data folder and without a terminal.
 * @param folder told at each run, since a test makes its folder before its first
 * @param input what is on standard input
 */
export function commandLine(folder: () => string, input = ""): (...args: string[]) => Promise<Outcome> {
  return async (...args) => {
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
        yield Buffer.from(input);
      })(),
      env: { SECUREBASE_DATA: folder() },
      now: () => new Date(),
      signal: new AbortController().signal,
    };
    const code = await run(args, effects, "9.9.9");
    return { code, out, err };
  };
}
