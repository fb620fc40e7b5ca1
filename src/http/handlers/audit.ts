import { listAudit, verifyAudit } from "../../app/audit/read.ts";
import type { AuditHead } from "../../core/audit/entry.ts";
import { invalid } from "../../core/errors/errors.ts";
import type { Handlers } from "../call.ts";
import { json } from "../respond.ts";

export const auditHandlers: Pick<Handlers, "listAudit" | "verifyAudit"> = {
  listAudit: async ({ services, principal, query }) => {
    checkInstant(query.from, "from");
    checkInstant(query.to, "to");
    return json(await listAudit(services, principal.tenant ?? null, query));
  },

  verifyAudit: async ({ services, principal, query }) => {
    const log = principal.tenant ?? null;
    return json(await verifyAudit(services, log, query.head === undefined ? undefined : headOf(query.head)));
  },
};

/** @param text `SEQ:HASH`, as the contract has it */
function headOf(text: string): AuditHead {
  const [seq = "", hash = ""] = text.split(":");
  return { seq: Number(seq), hash };
}

/** @throws DomainError `request.invalid-value` */
function checkInstant(text: string | undefined, field: string): void {
  if (text === undefined || !Number.isNaN(Date.parse(text))) return;
  throw invalid("request.invalid-value", `${field} is no instant`, {
    field,
    fix: "Write it like 2024-10-01T08:15:30Z.",
  });
}
