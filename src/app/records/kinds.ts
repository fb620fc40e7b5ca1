import * as z from "zod/mini";
import { syncReportSchema, syncRunSchema } from "../../contract/schemas/connections.ts";
import { budgetSchema } from "../../contract/schemas/costs.ts";
import { exportJobSchema } from "../../contract/schemas/exports.ts";
import { savedReportSchema } from "../../contract/schemas/reports.ts";
import { tenantSchema } from "../../contract/schemas/tenants.ts";
import { CONNECTION_KINDS } from "../../core/connections/kinds.ts";
import type { StoredConnection } from "../../core/connections/sync-run.ts";
import type { Budget } from "../../core/cost/budgets.ts";
import { recordErrors } from "../../core/records/errors.ts";
import type { ExportJob } from "../../core/exports/export-job.ts";
import type { SavedReport } from "../../core/reports/saved-report.ts";
import { accountTaken } from "../../core/tenants/errors.ts";
import type { Tenant } from "../../core/tenants/tenant.ts";
import type { RecordKind } from "./records.ts";

/*
 * The kinds of records there are. Where a record is also shown to clients, what is stored of it has the shape that the
 * contract gives it. A shape that does not take in what was stored before needs a higher `version` and an `upgrade`.
 */

export const REPORTS: RecordKind<SavedReport, "tenant"> = {
  name: "report",
  scope: "tenant",
  version: 1,
  schema: z.omit(savedReportSchema, { etag: true }),
  id: (report) => report.id,
  order: "descending",
  createdAt: (report) => report.createdAt,
  errors: recordErrors("report"),
};

export const BUDGETS: RecordKind<Budget, "tenant"> = {
  name: "budget",
  scope: "tenant",
  version: 1,
  schema: z.omit(budgetSchema, { etag: true, state: true }),
  id: (budget) => budget.id,
  order: "ascending",
  createdAt: (budget) => budget.createdAt,
  errors: recordErrors("budget"),
};

export const EXPORTS: RecordKind<ExportJob, "tenant"> = {
  name: "export",
  scope: "tenant",
  version: 1,
  schema: exportJobSchema,
  id: (job) => job.id,
  order: "descending",
  createdAt: (job) => job.createdAt,
  expiresAt: (job) => job.expiresAt,
  errors: recordErrors("export"),
};

export const TENANTS: RecordKind<Tenant, "service"> = {
  name: "tenant",
  scope: "service",
  version: 1,
  schema: tenantSchema,
  id: (tenant) => tenant.id,
  order: "ascending",
  createdAt: (tenant) => tenant.createdAt,
  uniqueKeys: (tenant) => tenant.accounts.map((value) => ({ name: "account", value })),
  errors: { ...recordErrors("tenant", "conflict"), taken: accountTaken },
};

const text = z.exactOptional(z.string());
const storedRun = z.extend(syncRunSchema, {
  aliveUntil: z.string(),
  part: z.exactOptional(z.int()),
  soFar: z.exactOptional(z.pick(syncReportSchema, { deliveries: true, calls: true, warnings: true })),
});

export const CONNECTIONS: RecordKind<StoredConnection, "service"> = {
  name: "connection",
  scope: "service",
  version: 1,
  schema: z.object({
    connection: z.object({
      id: z.string(),
      kind: z.enum(CONNECTION_KINDS),
      tenant: text,
      region: z.string(),
      access: z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("ambient") }),
        z.object({ kind: z.literal("profile"), profile: z.string() }),
        z.object({ kind: z.literal("role"), roleArn: z.string(), externalId: text, profile: text }),
      ]),
      settings: z.record(z.string(), z.string()),
      createdAt: z.string(),
    }),
    marks: z.record(z.string(), z.string()),
    lastRun: z.nullable(storedRun),
  }),
  id: ({ connection }) => connection.id,
  order: "ascending",
  createdAt: ({ connection }) => connection.createdAt,
  errors: recordErrors("connection", "conflict"),
};
