import { errorFields, type Logger } from "../http/logger.ts";
import type { LostErrors } from "../http/lost-errors.ts";

/** How long what is under way has to end once the process is to end. */
const END_MS = 10_000;

export interface LastDefence {
  /** Resolves with the error after which the process cannot be trusted any more and has to end in order. */
  broken: Promise<Error>;
  /** Leaves the process's errors to others again. */
  release(): void;
}

/**
 * Hears of the errors that nobody handled, logs them with their request's id and fails that request.
 *
 * A rejection that nobody awaited has ended the functions it went through as any error does, `finally` and all: what
 * they share is as good as before, and the process goes on. An exception that nobody caught, which an `error` event
 * without a listener is too, has cut off code that never expected it, in the middle of anything: the process has to
 * end, and does so by itself when ending in order takes too long. ("Warning: Using 'uncaughtException' correctly", in
 * the documentation of Node.js.)
 */
export function lastDefence(host: NodeJS.Process, lost: LostErrors, logger: Logger): LastDefence {
  let breakDown: (error: Error) => void = () => undefined;
  const broken = new Promise<Error>((resolve) => (breakDown = resolve));
  const rejected = (reason: unknown): void => logLost(lost, logger, reason);
  const thrown = (error: Error): void => {
    logger.error(
      { requestId: lost.fail(error), error: errorFields(error) },
      "nobody caught this exception: the process ends",
    );
    setTimeout(() => host.exit(1), END_MS).unref();
    breakDown(error);
  };
  host.on("unhandledRejection", rejected).on("uncaughtException", thrown);
  return {
    broken,
    release: () => void host.off("unhandledRejection", rejected).off("uncaughtException", thrown),
  };
}

/** What is done about a rejection that nobody handled: its request fails with it, and all else goes on. */
export function logLost(lost: LostErrors, logger: Logger, reason: unknown): void {
  logger.error({ requestId: lost.fail(reason), error: errorFields(reason) }, "nobody handled this rejection");
}
