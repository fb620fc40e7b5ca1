import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { DomainError } from "../core/errors/errors.ts";
import { translateEngineError } from "../duckdb/engine-errors.ts";
import { plainError } from "../core/errors/plain.ts";
import type { LoadProgress } from "../ports/metric-store.ts";
import type { Spool } from "../ports/spool.ts";
import { type Answer, type Command, loadOfPlain } from "./messages.ts";
import { outOfMemory, readerFailed } from "./reader-errors.ts";
import { readInProcess } from "./read-in-process.ts";

/** Below whatever else runs on the machine, above what runs only when nothing else does. */
const PRIORITY = 10;

/**
 * Makes this process one that reads files for its parent, one load after another, until the parent is gone.
 * @param createSpool keeps unpacked files in a folder
 */
export function serveReader(createSpool: (folder: string) => Spool): void {
  yieldToOthers();
  // What it writes holds customers' data.
  process.umask(0o077);
  // Ctrl-C reaches every process of a terminal; the parent says what is to end.
  process.on("SIGINT", () => undefined);
  process.on("disconnect", () => process.exit(0));
  const read = readInProcess(createSpool);
  const answer = (message: Answer): void => void process.send?.(message);
  let current: AbortController | undefined;
  process.on("message", (command: Command) => {
    if (command.kind === "abort") {
      current?.abort();
      return;
    }
    const controller = new AbortController();
    current = controller;
    const onProgress = (progress: LoadProgress): void => answer({ kind: "progress", progress });
    void read(loadOfPlain(command.load), command.folder, { signal: controller.signal, onProgress }).then(
      (result) => answer({ kind: "done", result }),
      (error: unknown) => answer({ kind: "failed", error: plainError(asReadError(error)) }),
    );
  });
  answer({ kind: "ready" });
}

/** Runs below others, and asks the system to end this process first when memory runs out (only Linux has the file). */
function yieldToOthers(): void {
  try {
    setPriority(PRIORITY);
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // Another system, or not allowed: the limits below hold all the same.
  }
}

function asReadError(error: unknown): unknown {
  if (error instanceof DomainError || !(error instanceof Error)) return error;
  if (error.message.startsWith("Out of Memory Error")) return outOfMemory(error);
  if (/^(INTERNAL|FATAL) Error/.test(error.message)) return readerFailed(error);
  return translateEngineError(error);
}
