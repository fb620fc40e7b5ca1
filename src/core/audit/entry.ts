import type { Role } from "../access/access.ts";

/** What is written down, by name: what a request or a job did, or what was refused. */
export const AUDIT_ACTIONS = [
  "access.refused",
  "budget.create",
  "budget.change",
  "budget.delete",
  "claim.end",
  "connection.add",
  "connection.remove",
  "connection.pull",
  "export.start",
  "export.download",
  "export.delete",
  "export.end",
  "export.feedback",
  "import.start",
  "import.remove",
  "import.end",
  "job.cancel",
  "report.create",
  "report.change",
  "report.delete",
  "sync.end",
  "tenant.add",
  "tenant.change",
  "upload.open",
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** `failed`: it was begun, and something of it may have been done. */
export type AuditOutcome = "done" | "refused" | "failed";

/** A record that was made (`before` null), changed, or removed (`after` null). */
export interface AuditedChange {
  kind: string;
  id: string;
  before: unknown;
  after: unknown;
}

/** What somebody did, as it is told to the log. */
export interface AuditEvent {
  action: AuditAction;
  outcome: AuditOutcome;
  actor: {
    subject: string;
    /** Null where a job acts for them. */
    role: Role | null;
  };
  from: {
    /** As the connection says; null where there is none. */
    ip: string | null;
    /** `cli`, or the client's own name for itself. */
    agent: string | null;
  };
  /** Id of the operation of the API; null for what is none. */
  operation: string | null;
  object: { kind: string; id: string } | null;
  /** What was asked for, as JSON; long texts shortened. */
  asked: unknown;
  changes: readonly AuditedChange[];
  /** Code of the problem it ended with. */
  problem: string | null;
  requestId: string | null;
}

/** An entry of a log: bound to the one before by its hash. */
export interface AuditEntry extends AuditEvent {
  /** Counts from 1 without gaps. */
  seq: number;
  /** RFC 3339, UTC. */
  at: string;
  /** Hash of the entry before; 64 zeros for the first. */
  previous: string;
  /** SHA-256 over all of the above, as lower-case hex. */
  hash: string;
}

/** The newest entry of a log. */
export type AuditHead = Pick<AuditEntry, "seq" | "hash">;

/** What the first entry is bound to. */
export const START: AuditHead = { seq: 0, hash: "0".repeat(64) };

/** The text of an entry that is hashed: its fields in one order, as JSON. */
export function sealedText(entry: Omit<AuditEntry, "hash">): string {
  const { seq, at, previous, action, outcome, actor, from, operation, object, asked, changes } = entry;
  return JSON.stringify([
    ...[seq, at, previous, action, outcome, actor.subject, actor.role, from.ip, from.agent, operation],
    ...[object === null ? null : [object.kind, object.id], asked],
    changes.map(({ kind, id, before, after }) => [kind, id, before, after]),
    ...[entry.problem, entry.requestId],
  ]);
}
