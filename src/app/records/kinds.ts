import * as z from "zod/mini";
import { STATUS_OF_KIND } from "../../contract/problems.ts";
import { syncRunSchema } from "../../contract/schemas/connections.ts";
import { budgetSchema } from "../../contract/schemas/costs.ts";
import { auditEntrySchema } from "../../contract/schemas/audit.ts";
import { exportJobSchema, feedbackSchema } from "../../contract/schemas/exports.ts";
import { savedReportSchema } from "../../contract/schemas/reports.ts";
import { tenantSchema } from "../../contract/schemas/tenants.ts";
import type { AuditEntry, AuditHead } from "../../core/audit/entry.ts";
import { CONNECTION_KINDS } from "../../core/connections/kinds.ts";
import type { StoredConnection } from "../../core/connections/sync-run.ts";
import type { Budget } from "../../core/cost/budgets.ts";
import type { ErrorKind } from "../../core/errors/errors.ts";
import type { UploadFile } from "../../ports/uploads.ts";
import { recordErrors } from "../../core/records/errors.ts";
import type { ExportJob } from "../../core/exports/export-job.ts";
import type { Feedback } from "../../core/exports/feedback.ts";
import type { SavedReport } from "../../core/reports/saved-report.ts";
import { accountTaken } from "../../core/tenants/errors.ts";
import type { Tenant } from "../../core/tenants/tenant.ts";
import { type Job, JOB_KINDS, JOB_STATUSES } from "../../core/jobs/job.ts";
import { jobKey } from "../../core/jobs/key.ts";
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
  version: 2,
  schema: z.omit(tenantSchema, { etag: true }),
  upgrade: (body) => ({ tier: null, contacts: [], ...(body as object) }),
  id: (tenant) => tenant.id,
  order: "ascending",
  createdAt: (tenant) => tenant.createdAt,
  uniqueKeys: (tenant) => tenant.accounts.map((value) => ({ name: "account", value })),
  errors: { ...recordErrors("tenant"), taken: accountTaken },
};

const text = z.exactOptional(z.string());

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
    lastRun: z.nullable(syncRunSchema),
  }),
  id: ({ connection }) => connection.id,
  order: "ascending",
  createdAt: ({ connection }) => connection.createdAt,
  errors: recordErrors("connection", "conflict"),
};

const storedError = z.object({
  code: text,
  kind: z.exactOptional(z.enum(Object.keys(STATUS_OF_KIND) as ErrorKind[])),
  message: z.string(),
  fix: text,
  field: text,
  allowed: z.exactOptional(z.array(z.string())),
  retryAfter: z.exactOptional(z.number()),
  cause: text,
});

const nullableText = z.nullable(z.string());

/** Each under its owner and id, so that no owner's key leads to another's. */
export const JOBS: RecordKind<Job, "service"> = {
  name: "job",
  scope: "service",
  version: 1,
  schema: z.object({
    id: z.string(),
    kind: z.enum(JOB_KINDS),
    tenant: nullableText,
    title: z.string(),
    status: z.enum(JOB_STATUSES),
    phase: nullableText,
    fraction: z.nullable(z.number()),
    rows: z.nullable(z.number()),
    input: z.unknown(),
    result: z.unknown(),
    error: z.nullable(storedError),
    requestedBy: z.string(),
    createdAt: z.string(),
    startedAt: nullableText,
    finishedAt: nullableText,
    expiresAt: z.string(),
    attempts: z.int(),
    dispatchedAt: nullableText,
    dispatches: z.int(),
    lease: z.nullable(z.object({ holder: z.string(), until: z.string() })),
    cancelRequested: z.boolean(),
  }),
  id: jobKey,
  order: "descending",
  createdAt: (job) => job.createdAt,
  expiresAt: (job) => job.expiresAt,
  errors: recordErrors("job", "conflict"),
};

/** Names the jobs that have yet to end, so that whoever looks after them need not read all. */
export const OPEN_JOBS: RecordKind<{ key: string }, "service"> = {
  name: "openjob",
  scope: "service",
  version: 1,
  schema: z.object({ key: z.string() }),
  id: ({ key }) => key,
  order: "ascending",
  errors: recordErrors("openjob", "conflict"),
};

export const FEEDBACK: RecordKind<Feedback, "tenant"> = {
  name: "feedback",
  scope: "tenant",
  version: 1,
  schema: feedbackSchema,
  id: ({ export: exported, givenBy }) => `${exported}/${givenBy}`,
  order: "descending",
  createdAt: ({ createdAt }) => createdAt,
  expiresAt: ({ expiresAt }) => expiresAt,
  errors: recordErrors("feedback", "conflict"),
};

const auditKind = {
  name: "audit",
  version: 1,
  schema: auditEntrySchema,
  // In the order of numbers as texts are ordered.
  id: ({ seq }: AuditEntry) => String(seq).padStart(12, "0"),
  order: "descending",
  createdAt: ({ at }: AuditEntry) => at,
  errors: recordErrors("audit", "conflict"),
} as const;

const headKind = {
  name: "audithead",
  version: 1,
  schema: z.object({ id: z.literal("head"), seq: z.int(), hash: z.string() }),
  id: ({ id }: { id: "head" }) => id,
  order: "ascending",
  errors: recordErrors("audithead", "conflict"),
} as const;

/** A tenant's log, and its newest entry; entries are only ever added. */
export const AUDIT: RecordKind<AuditEntry, "tenant"> = { ...auditKind, scope: "tenant" };
export const AUDIT_HEAD: RecordKind<AuditHead & { id: "head" }, "tenant"> = { ...headKind, scope: "tenant" };

/** The operators' own. */
export const OWN_AUDIT: RecordKind<AuditEntry, "service"> = { ...auditKind, scope: "service" };
export const OWN_AUDIT_HEAD: RecordKind<AuditHead & { id: "head" }, "service"> = {
  ...headKind,
  scope: "service",
};

/** The newest entry of each log, noted apart from it; that of the operators has an empty name. */
export const AUDIT_MARKS: RecordKind<AuditHead & { log: string }, "service"> = {
  name: "auditmark",
  scope: "service",
  version: 1,
  schema: z.object({ log: z.string(), seq: z.int(), hash: z.string() }),
  id: ({ log }) => `log:${log}`,
  order: "ascending",
  errors: recordErrors("auditmark", "conflict"),
};

/** Up to which day demo data is loaded, whole. Written when all of it is there; gone or behind, it is made anew. */
export const DEMO_DATA: RecordKind<{ id: "demo"; end: string }, "service"> = {
  name: "demodata",
  scope: "service",
  version: 1,
  schema: z.object({ id: z.literal("demo"), end: z.string() }),
  id: ({ id }) => id,
  order: "ascending",
  errors: recordErrors("demodata", "conflict"),
};

export interface StoredUpload {
  id: string;
  tenant: string | null;
  files: readonly UploadFile[];
  requestedBy: string;
  createdAt: string;
  expiresAt: string;
}

/** Uploads that clients send to where they were told to. */
export const UPLOADS: RecordKind<StoredUpload, "service"> = {
  name: "upload",
  scope: "service",
  version: 1,
  schema: z.object({
    id: z.string(),
    tenant: nullableText,
    files: z.array(z.object({ name: z.string(), size: z.int() })),
    requestedBy: z.string(),
    createdAt: z.string(),
    expiresAt: z.string(),
  }),
  id: jobKey,
  order: "descending",
  createdAt: (upload) => upload.createdAt,
  expiresAt: (upload) => upload.expiresAt,
  errors: recordErrors("upload", "conflict"),
};
