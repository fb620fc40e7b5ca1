import { DomainError } from "../errors/errors.ts";

/** The code of the error for a question whose groups do not fit into memory. */
export const TOO_MANY_GROUPS = "query.too-many-groups";

/** How many groups a question may have where they are held in memory. */
export interface GroupLimit {
  most: number;
  /** What to do about a question that has more. */
  fix: string;
}

/** @throws DomainError `query.too-many-groups` */
export function checkGroups(groups: number, limit: GroupLimit | undefined): void {
  if (limit === undefined || groups <= limit.most) return;
  const most = limit.most.toLocaleString("en-US");
  throw new DomainError(
    TOO_MANY_GROUPS,
    "too-large",
    `The question has more than ${most} groups, the most that fit into memory here`,
    { fix: limit.fix },
  );
}
