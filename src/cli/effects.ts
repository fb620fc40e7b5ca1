/** What a command may do to the world outside; tests give their own. */
export interface Effects {
  /** Data. Resolves when the bytes are taken, so that a slow reader slows the command. */
  out(text: string | Uint8Array): Promise<void>;
  /** Progress, remarks and errors. */
  err(text: string): void;
  /** Whether stderr is a terminal that can redraw a line. */
  interactive: boolean;
  /** Columns of the terminal. */
  columns: number;
  /** Whether to colour stderr. */
  color: boolean;
  input: AsyncIterable<Uint8Array>;
  env: Readonly<Record<string, string | undefined>>;
  now(): Date;
  /** Has the files that this process makes from now on be readable by its user alone, as those of a data folder are. */
  keepPrivate(): void;
  /** Permissions for a file that the user asked for, as the user's own umask has them; undefined where it still holds. */
  outputMode(): number | undefined;
  /** Aborted by Ctrl-C and termination. */
  signal: AbortSignal;
}

/** The effects of a real process. A reader that closes the pipe early ends the command quietly. */
export function processEffects(signal: AbortSignal): Effects {
  const { stdout, stderr, stdin, env } = process;
  let mode: number | undefined;
  return {
    out: (text) =>
      new Promise((resolve, reject) => {
        stdout.write(text, (error) => {
          if (error === null || error === undefined) resolve();
          else reject(error);
        });
      }),
    err: (text) => void stderr.write(text),
    interactive: stderr.isTTY && env["CI"] === undefined && env["TERM"] !== "dumb",
    columns: stderr.columns || 80,
    color: stderr.isTTY && (env["NO_COLOR"] ?? "") === "",
    input: stdin,
    env,
    now: () => new Date(),
    keepPrivate: () => {
      const umask = process.umask(0o077);
      mode ??= 0o666 & ~umask;
    },
    outputMode: () => mode,
    signal,
  };
}
