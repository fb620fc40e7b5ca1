import * as z from "zod/mini";
import { ROLES } from "../../core/access/access.ts";
import { AUDIT_ACTIONS } from "../../core/audit/entry.ts";
import { instant, pageQuery } from "./common.ts";
import { doc, named } from "./registry.ts";

const nullableText = z.nullable(z.string());

export const auditEntrySchema = named(
  "AuditEntry",
  "What somebody did, bound to the entry before by its hash.",
  z.object({
    seq: doc(z.int(), "Counts from 1 without gaps."),
    at: instant("When."),
    action: doc(z.enum(AUDIT_ACTIONS), "What was done; `access.refused` for what was not allowed."),
    outcome: doc(
      z.enum(["done", "refused", "failed"]),
      "`failed`: it was begun, and something of it may have been done.",
    ),
    actor: z.object({
      subject: doc(z.string(), "The token's `sub`; of a job, who asked for it."),
      role: doc(z.nullable(z.enum(ROLES)), "The token's role; null where a job acts."),
    }),
    from: z.object({
      ip: doc(nullableText, "Address of the client; null where there is no connection."),
      agent: doc(nullableText, "`cli`, or the client's User-Agent."),
    }),
    operation: doc(nullableText, "Operation of the API, as `operationId` has it."),
    object: z.nullable(z.object({ kind: z.string(), id: z.string() })),
    asked: doc(z.unknown(), "Parameters and body of the request; long texts shortened."),
    changes: z.array(
      doc(
        z.object({ kind: z.string(), id: z.string(), before: z.unknown(), after: z.unknown() }),
        "A record before and after; null where there was none, or is none any more.",
      ),
    ),
    problem: doc(nullableText, "Code of the problem it ended with."),
    requestId: nullableText,
    previous: doc(z.string(), "Hash of the entry before; 64 zeros for the first."),
    hash: doc(z.string(), "SHA-256 over the entry, in hex."),
  }),
);

export const auditQuery = z.strictObject({
  ...pageQuery,
  action: z.exactOptional(doc(z.enum(AUDIT_ACTIONS), "Only this.")),
  actor: z.exactOptional(doc(z.string(), "Only of this subject.")),
  object: z.exactOptional(doc(z.string(), "Only about the object of this id.")),
  from: z.exactOptional(instant("Only from then on.")),
  to: z.exactOptional(instant("Only before that.")),
});

const headSchema = z.object({ seq: z.int(), hash: z.string() });

export const auditCheckSchema = named(
  "AuditCheck",
  "Whether a log is as it was written.",
  z.object({
    intact: z.boolean(),
    entries: doc(z.int(), "How many there are."),
    head: doc(z.nullable(headSchema), "The newest entry. Keep it elsewhere: a later check can be given it."),
    broken: doc(
      z.nullable(z.object({ seq: z.int(), reason: z.string() })),
      "The first link that does not hold.",
    ),
  }),
);

export const auditCheckQuery = z.strictObject({
  head: z.exactOptional(
    doc(
      z.string().check(z.regex(/^\d{1,12}:[0-9a-f]{64}$/)),
      "The head of an earlier check, as `SEQ:HASH`: the log has to hold it still.",
    ),
  ),
});
