import { DomainError } from "../errors/errors.ts";

/** What every store of connections says alike. */
export function connectionExists(id: string): DomainError {
  return new DomainError("connection.exists", "conflict", `There is a connection "${id}" already`, {
    field: "id",
    fix: "Choose another id, or remove the connection there is.",
  });
}

export function connectionNotFound(id: string): DomainError {
  return new DomainError("connection.not-found", "not-found", `There is no connection "${id}"`, {
    field: "id",
    fix: "List the connections to see their ids.",
  });
}

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
