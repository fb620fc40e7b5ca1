import { DomainError } from "../errors/errors.ts";
import { syncRunning } from "./errors.ts";

/** What decides who may pull a connection. */
export interface Claim {
  id: string;
  status: "running" | "done" | "failed";
  /** RFC 3339, UTC. */
  startedAt: string;
  aliveUntil: string;
  /** Processes that have worked on the run, this one included; 1 where nothing is said. */
  part?: number;
}

/**
 * Why a run may not take its connection; undefined when it may. A new run needs that no other is alive. A later part of
 * a run takes over from the part before it, which need not be dead, and from itself when it died: an event that came
 * twice finds its part alive, or the run further on.
 * @param connection its id
 * @param held the connection's current or last run
 * @param now RFC 3339 instant
 */
export function refuseClaim(
  connection: string,
  held: Claim | null,
  wanted: Claim,
  now: string,
): DomainError | undefined {
  const alive = held?.status === "running" && held.aliveUntil > now;
  if (partOf(wanted) === 1)
    return alive && held.id !== wanted.id ? syncRunning(connection, held.startedAt) : undefined;
  if (held?.id !== wanted.id || held.status !== "running" || partOf(held) > partOf(wanted))
    return syncLost(connection);
  return alive && partOf(held) === partOf(wanted) ? syncRunning(connection, held.startedAt) : undefined;
}

export function partOf(claim: { part?: number }): number {
  return claim.part ?? 1;
}

/** A run that is no longer the connection's current one. */
export function syncLost(connection: string): DomainError {
  return new DomainError(
    "sync.lost",
    "conflict",
    `The connection "${connection}" was removed, or another pull took over`,
    { fix: "Look at the connections, and pull again if it is still needed." },
  );
}
