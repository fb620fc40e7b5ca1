import { setMaxListeners } from "node:events";
import type { DuckDBConnection } from "@duckdb/node-api";

const POLL_MS = 200;

/**
 * Calls `listener` once the signal is aborted. All questions of a report listen to the signal of its request, more than
 * the ten at which Node suspects a leak.
 * @returns a way to stop listening
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => undefined;
  setMaxListeners(0, signal);
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}

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
  const stopListening = onAbort(signal, interrupt);
  if (signal?.aborted === true) interrupt();
  return () => {
    stopListening();
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
