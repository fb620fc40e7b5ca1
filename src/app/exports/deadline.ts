import { DomainError } from "../../core/errors/errors.ts";

/** The share of its time that a process keeps for leaving its work behind, and that time's bounds in milliseconds. */
const SHARE = 1 / 6;
const [LEAST, MOST] = [800, 5_000];

/** The end of the time that a process has for its work. */
export interface Deadline {
  /** Whether it is time to leave the work for another process. */
  isNear(): boolean;
  /** Aborted when it is too late for that. */
  readonly signal: AbortSignal;
  /** Rejects then, with `export.out-of-time`. */
  readonly passed: Promise<never>;
  clear(): void;
}

/** @param remaining milliseconds until the process is ended */
export function deadlineOf(remaining: () => number): Deadline {
  const total = remaining();
  const kept = Math.min(MOST, Math.max(LEAST, total * SHARE));
  const controller = new AbortController();
  const passed = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => reject(outOfTime()));
  });
  // It may pass when nobody waits for it any more.
  passed.catch(() => undefined);
  // Enough to write on the record how it ended.
  const timer = setTimeout(() => controller.abort(outOfTime()), Math.max(0, total - kept / 3));
  return {
    isNear: () => remaining() < kept,
    signal: controller.signal,
    passed,
    clear: () => clearTimeout(timer),
  };
}

export function outOfTime(): DomainError {
  return new DomainError(
    "export.out-of-time",
    "unavailable",
    "The export is larger than can be written within the time limit",
    { fix: "Ask for a shorter range or fewer columns to group by, or raise the function's time limit." },
  );
}
