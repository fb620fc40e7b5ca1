import { DomainError } from "../core/errors/errors.ts";

/** Whether an error, as thrown or as translated, says that the engine answers nothing any more. */
export function isInvalidated(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /^(FATAL|INTERNAL) Error/.test(error.message) || isInvalidated(error.cause);
}

/**
 * Translates what the engine throws. Its errors are plain `Error`s whose message starts with the kind, e.g.
 * `IO Error: …`; those that a broken statement of ours would raise (parser, binder) are let through as the bugs they
 * are. Tenants read these messages too, so that no path of the server is in them; the cause, which the log tells, has it.
 */
export function translateEngineError(error: unknown): unknown {
  if (error instanceof DomainError || !(error instanceof Error)) return error;
  const text = error.message;
  if (/no space left|disk quota|max_temp_directory_size|disk full/i.test(text)) {
    return unavailable(
      "The disk that holds the store is full",
      "Free disk space where the data folder is, then try again.",
      error,
    );
  }
  if (text.startsWith("Out of Memory Error")) {
    return unavailable(
      "The store ran out of the memory it is allowed",
      "Ask for a shorter range or fewer groups, or give the store more memory.",
      error,
    );
  }
  if (/^Out of Range Error: Overflow/i.test(text)) {
    return new DomainError(
      "query.overflow",
      "unprocessable",
      "A sum has more than 20 digits before the decimal point and cannot be computed exactly",
      {
        fix: "Ask for a shorter range or more groups, and check the source for absurd amounts.",
        cause: error,
      },
    );
  }
  const kind = /^(?:IO|FATAL|INTERNAL|Connection|TransactionContext|Serialization) Error/.exec(text);
  if (kind !== null) {
    return unavailable(
      `The store failed: ${kind[0]}`,
      "Try again; if it stays, check the disk. The log has the details.",
      error,
    );
  }
  return error;
}

function unavailable(message: string, fix: string, cause: unknown): DomainError {
  return new DomainError("store.unavailable", "unavailable", message, { fix, cause });
}
