/** @throws the signal's reason when aborted */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const leave = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", leave);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", leave, { once: true });
  });
}

/**
 * Waits for something, and no longer than so many milliseconds. No timer is left behind, which would keep the process
 * from ending.
 * @throws what it throws; the signal's reason when aborted
 */
export async function waitFor(
  something: Promise<unknown>,
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([something, pause(milliseconds, AbortSignal.any([signal, over.signal]))]);
  } finally {
    over.abort();
  }
}
