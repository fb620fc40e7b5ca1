import type { DuckDBConnection } from "@duckdb/node-api";

const POLL_MS = 200;

/**
 * Interrupts whatever the engine does on a connection once the signal is aborted, again and again: an interrupt between
 * two statements is forgotten.
 * @returns a way to stop
 */
export function interruptOnAbort(connection: DuckDBConnection, signal: AbortSignal | undefined): () => void {
  let timer: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    connection.interrupt();
    timer = setTimeout(interrupt, POLL_MS);
  };
  if (signal?.aborted === true) interrupt();
  else signal?.addEventListener("abort", interrupt, { once: true });
  return () => {
    signal?.removeEventListener("abort", interrupt);
    clearTimeout(timer);
  };
}

/** Asks the engine now and then how far its statement has come (0 to 1). @returns a way to stop asking */
export function watchProgress(
  connection: DuckDBConnection,
  onFraction: (fraction: number) => void,
): () => void {
  const timer = setInterval(() => {
    const { percentage } = connection.progress;
    if (percentage >= 0) onFraction(percentage / 100);
  }, POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** What {@link watchProgress} needs of a connection. */
export const PROGRESS_SETTINGS: readonly string[] = [
  "SET enable_progress_bar = true",
  "SET enable_progress_bar_print = false",
];
