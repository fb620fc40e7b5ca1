import { DomainError } from "../errors/errors.ts";
import type { TakenKey } from "../records/errors.ts";

/** An account belongs to one tenant at most. */
export function accountTaken({ value: account, holder: owner }: TakenKey): DomainError {
  return new DomainError(
    "tenant.account-taken",
    "conflict",
    `The account ${account} belongs to the tenant "${owner}"`,
    { field: "accounts", fix: `Take it from "${owner}" first, or leave it out.` },
  );
}
