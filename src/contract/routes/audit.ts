import { routes } from "../route.ts";
import { auditCheckQuery, auditCheckSchema, auditEntrySchema, auditQuery } from "../schemas/audit.ts";
import { pageOf } from "../schemas/common.ts";

export const auditRoutes = routes({
  listAudit: {
    method: "GET",
    path: "/v1/audit",
    tag: "Audit",
    summary: "List the audit log",
    description:
      "Who did what, when, from where and to which object, newest first: the tenant's log, or for an operator that of the operators' own acts, which concern the registry. What an operator does to a tenant is in both. With filters, a page may hold fewer entries than asked for and still have a `next`.",
    access: "audit",
    query: auditQuery,
    ok: { status: 200, description: "A page of entries.", schema: pageOf(auditEntrySchema) },
    problems: [],
    examples: [
      { name: "The last ten", query: { limit: "10" } },
      { name: "Reports that were deleted", query: { action: "report.delete" } },
    ],
  },
  verifyAudit: {
    method: "GET",
    path: "/v1/audit/verify",
    tag: "Audit",
    summary: "Verify the audit log",
    description:
      "Checks every entry and its link to the one before, and that the newest is the one noted as such. The first link that does not hold is named.",
    access: "audit",
    limit: "queries",
    countsAsQuestion: true,
    query: auditCheckQuery,
    ok: { status: 200, description: "What the check found.", schema: auditCheckSchema },
    problems: [],
    examples: [{ name: "Check" }],
  },
});
