import { DomainError } from "../../core/errors/errors.ts";

const CODE = "sync.out-of-time";

/** The reason to abort a pull with whose process is about to reach its time limit: it may go on in another one. */
export function timeIsUp(): DomainError {
  return new DomainError(CODE, "unavailable", "The pull ran out of time", {
    fix: "What was loaded stays; pull again to go on from there.",
  });
}

/** Whether a pull ended for want of time, and for no reason of its own. */
export function endedByTime(signal: AbortSignal, error: unknown): boolean {
  const { reason } = signal as { reason: unknown };
  if (!signal.aborted || !(reason instanceof DomainError) || reason.code !== CODE) return false;
  return !(error instanceof DomainError) || error.code === CODE;
}

/** Where a pull stood when its time was up. */
export interface Standing {
  connection: string;
  environment: string;
  /** The title of what was being loaded; undefined when the connector was still looking. */
  delivery: string | undefined;
  /** Deliveries the run has loaded, in all its parts. */
  loaded: number;
  /** Whether its last part loaded any. */
  progressed: boolean;
}

/** A pull that ended for want of time and does not go on by itself. */
export function outOfTime(standing: Standing, cause: unknown): DomainError {
  const { connection, environment, delivery, loaded, progressed } = standing;
  const before =
    loaded === 0
      ? "Nothing was loaded"
      : `${deliveries(loaded)} loaded before ${loaded === 1 ? "stays" : "stay"}`;
  const what = delivery ?? "finding out what there is to load";
  if (progressed)
    return new DomainError(CODE, "unavailable", `The pull ran out of time at ${what}. ${before}.`, {
      fix: "Pull again, or wait for the next scheduled pull: it goes on from there. A longer time limit of the function takes fewer pulls.",
      cause,
    });
  return new DomainError(
    CODE,
    "unavailable",
    `The time limit of the function is too short for ${what}. ${before}.`,
    {
      fix: `Raise the function's time limit, which may be up to 15 minutes, or its memory, which brings more CPU; or pull on a machine, which has no time limit: securebase sync run ${connection} --data aws:${environment}`,
      cause,
    },
  );
}

/** `2 deliveries` */
export function deliveries(count: number): string {
  return `${count} ${count === 1 ? "delivery" : "deliveries"}`;
}
