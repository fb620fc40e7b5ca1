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

/**
 * A pull that ended for want of time and does not go on by itself.
 * @param delivery the title of what was being loaded; undefined when the connector was still looking
 * @param loaded deliveries the run has loaded, in all its parts
 * @param progressed whether its last part loaded any
 */
export function outOfTime(
  { delivery, loaded, progressed }: { delivery: string | undefined; loaded: number; progressed: boolean },
  cause: unknown,
): DomainError {
  const before = loaded === 0 ? "Nothing was loaded" : `${deliveries(loaded)} loaded before stay`;
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
      fix: 'Raise the function\'s time limit, which may be up to 15 minutes, or its memory, which brings more CPU; or pull it with "securebase sync run" into a store on a machine.',
      cause,
    },
  );
}

/** `2 deliveries` */
export function deliveries(count: number): string {
  return `${count} ${count === 1 ? "delivery" : "deliveries"}`;
}
