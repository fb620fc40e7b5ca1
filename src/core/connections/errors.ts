import { DomainError } from "../errors/errors.ts";

/** @param since RFC 3339 instant the other pull began */
export function syncRunning(id: string, since: string): DomainError {
  return new DomainError(
    "sync.running",
    "conflict",
    `The connection "${id}" has been pulling since ${since}`,
    {
      fix: "Wait until that pull is done, or cancel its job.",
      retryAfter: 30,
    },
  );
}

/** A run that is no longer the connection's current one. */
export function syncLost(connection: string): DomainError {
  return new DomainError(
    "sync.lost",
    "conflict",
    `The connection "${connection}" was removed, or another pull took over`,
    { fix: "List the connections, and pull again if it is still needed." },
  );
}
