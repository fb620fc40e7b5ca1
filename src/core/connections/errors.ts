import { DomainError } from "../errors/errors.ts";

/** @param since RFC 3339 instant the other pull began */
export function syncRunning(id: string, since: string): DomainError {
  return new DomainError(
    "sync.running",
    "conflict",
    `The connection "${id}" is being pulled since ${since}`,
    {
      fix: "Wait until it is done. A pull that died gives way after five minutes.",
      retryAfter: 30,
    },
  );
}
