import { DomainError } from "../errors/errors.ts";

/**
 * Whose facts of a partition follow their account when it changes hands: all of them, or those of the accounts that are
 * listed, since the partition was loaded for its tenant by name.
 */
export type Follows = "all" | readonly string[];

/** The facts of one account in one partition. */
export interface HeldFacts {
  /** Names the partition; unique in its dataset. */
  partition: string;
  source: string;
  period: string;
  /** RFC 3339; of the partition's load. */
  loadedAt: string;
  follows: Follows;
  account: string;
  rows: number;
}

export interface AssignmentPlan<T extends HeldFacts> {
  /** What goes to the owner. */
  moves: T[];
  /** What goes away, since the owner has a newer delivery of the same; of the owner's own, what makes room for one. */
  superseded: T[];
  /** What stays where it is, since the owner was given the same source and period by name. */
  kept: T[];
}

/**
 * Decides what becomes of accounts' facts that somebody else holds than their owner. Facts of one account, source and
 * period that come from two partitions are two deliveries of the same thing: counting both would count it twice.
 * @param others facts that are not the owner's
 * @param own the owner's facts of the same accounts
 */
export function planAssignment<T extends HeldFacts>(
  others: readonly T[],
  own: readonly T[],
): AssignmentPlan<T> {
  const plan: AssignmentPlan<T> = { moves: [], superseded: [], kept: [] };
  const there = new Map(own.map((held) => [placeOf(held), held]));
  const newestFirst = others
    .filter(isFollowing)
    .sort((a, b) => (a.loadedAt === b.loadedAt ? 0 : a.loadedAt > b.loadedAt ? -1 : 1));
  for (const held of newestFirst) {
    const rival = there.get(placeOf(held));
    if (rival !== undefined && !isFollowing(rival)) {
      plan.kept.push(held);
    } else if (rival !== undefined && rival.loadedAt >= held.loadedAt) {
      plan.superseded.push(held);
    } else {
      if (rival !== undefined) plan.superseded.push(rival);
      plan.moves.push(held);
      there.set(placeOf(held), held);
    }
  }
  return plan;
}

/** Whether facts follow their account. */
export function isFollowing({ follows, account }: Pick<HeldFacts, "follows" | "account">): boolean {
  return follows === "all" || follows.includes(account);
}

/** What follows in a partition that has taken in facts of accounts. */
export function followsWith(follows: Follows, accounts: Iterable<string>): Follows {
  return follows === "all" ? "all" : [...new Set([...follows, ...accounts])].sort();
}

function placeOf({ source, period, account }: HeldFacts): string {
  return JSON.stringify([source, period, account]);
}

/** A load was assigned by owners that are not the owners any more. */
export function ownersChanged(): DomainError {
  return new DomainError(
    "import.owners-changed",
    "conflict",
    "Accounts in the files changed hands while they were loaded; nothing was taken",
    { fix: "Import them again.", retryAfter: 5 },
  );
}
