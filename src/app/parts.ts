import { asDomainError, type DomainError, type Problem, problemOf } from "../core/errors/errors.ts";
import { SnapshotGone } from "../ports/metric-store.ts";
import type { TenantContext } from "./services.ts";

/** The answer of a part, or why there is none. */
export type Part<T> = { answer: T } | { problem: Problem };

/** A part of an answer that is not in it. */
export interface FailedPart extends Problem {
  part: string;
}

/** Kinds of errors that come of what is there or of the service, not of what was asked. */
const OURS: readonly DomainError["kind"][] = ["unprocessable", "too-large", "unavailable"];
/** A question that is fine of other data: they are `invalid` where it is all that was asked. */
const OF_THE_DATA = ["query.mixed-currencies", "query.mixed-units"];

/** More is asked than can be answered: then half an answer, to be asked for again, only makes it worse. */
const BUSY = "store.busy";

/**
 * Computes one part of an answer of several. Where it cannot be computed the problem is in its place, and the others
 * are answered; a fault of ours is logged, and told by the id it is logged under.
 * @param part names it for the log
 * @throws DomainError what the caller has to mend, which is wrong of the question as a whole; `store.busy`;
 *   SnapshotGone; what a question throws that nobody waits for any more
 */
export async function partOf<T>(
  context: TenantContext,
  part: string,
  compute: () => Promise<T>,
): Promise<Part<T>> {
  try {
    return { answer: await compute() };
  } catch (thrown) {
    // Not of the part alone: all parts are asked again, or nobody waits for any.
    if (thrown instanceof SnapshotGone || context.signal?.aborted === true) throw thrown;
    const error = asDomainError(thrown);
    if (error.code === BUSY) throw error;
    if (!OURS.includes(error.kind) && !OF_THE_DATA.includes(error.code)) throw error;
    if (error.kind === "unavailable") context.trace?.onFault(error, part);
    const id = error === thrown ? undefined : context.trace?.id;
    return { problem: problemOf(error, id) };
  }
}

/** The parts of a dashboard. */
export class Parts {
  readonly #context: TenantContext;
  readonly #failed: FailedPart[] = [];
  #first: unknown;
  #answered = 0;

  constructor(context: TenantContext) {
    this.#context = context;
  }

  /** @returns null where the part cannot be computed; `problems` tells why */
  async of<T>(part: string, compute: () => Promise<T>): Promise<T | null> {
    const found = await partOf(this.#context, part, async () => {
      try {
        return await compute();
      } catch (error) {
        this.#first ??= error;
        throw error;
      }
    });
    if ("problem" in found) {
      this.#failed.push({ part, ...found.problem });
      return null;
    }
    this.#answered += 1;
    return found.answer;
  }

  /**
   * Why parts could not be computed, by name.
   * @throws what the first failed with where all did: then there is no answer to put problems into
   */
  problems(): FailedPart[] {
    if (this.#answered === 0 && this.#failed.length > 0) throw this.#first;
    return this.#failed.sort((a, b) => (a.part < b.part ? -1 : 1));
  }
}

/** Whether an answer may be remembered: what could not be computed is tried again by whoever asks next. */
export function isWhole({ problems }: { problems: readonly FailedPart[] }): boolean {
  return problems.length === 0;
}
