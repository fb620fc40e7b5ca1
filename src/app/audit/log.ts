import {
  type AuditEntry,
  type AuditEvent,
  type AuditHead,
  sealedText,
  START,
} from "../../core/audit/entry.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { Digest } from "../../core/reports/manifest.ts";
import { AUDIT, AUDIT_HEAD, AUDIT_MARKS, OWN_AUDIT, OWN_AUDIT_HEAD } from "../records/kinds.ts";
import { type Records, recordsOf, serviceRecords, writeTogether } from "../records/records.ts";
import type { Services } from "../services.ts";
import { boundedJson } from "./bounded-json.ts";

export type AuditPorts = Pick<Services, "records" | "ids" | "clock" | "digest">;

/** Each failed try means that another entry was written, so that many at once all get their turn. */
const TRIES = 100;
const LONGEST_PAUSE_MS = 40;

/** The entries of a log, newest first. @param tenant whose; null: the operators' */
export function entriesOf(services: AuditPorts, tenant: string | null): Records<AuditEntry> {
  if (tenant === null) return serviceRecords(services, OWN_AUDIT);
  return recordsOf({ services, tenant: { id: tenant } }, AUDIT);
}

export type StoredHead = AuditHead & { id: "head" };

/** Of each log its newest entry, written with it. */
export function headsOf(services: AuditPorts, tenant: string | null): Records<StoredHead> {
  if (tenant === null) return serviceRecords(services, OWN_AUDIT_HEAD);
  return recordsOf({ services, tenant: { id: tenant } }, AUDIT_HEAD);
}

/** @param digest a new SHA-256 */
export function hashOf(entry: Omit<AuditEntry, "hash">, digest: Digest): string {
  digest.update(sealedText(entry));
  return digest.hex();
}

/**
 * Writes an entry behind the newest one of a log: the entry and the note of which is the newest are one write, on
 * condition that nobody wrote another meanwhile.
 * @param tenant whose log; null: the operators'
 * @throws DomainError `store.*` when it cannot be written
 */
export async function appendAudit(
  services: AuditPorts,
  tenant: string | null,
  event: AuditEvent,
): Promise<AuditEntry> {
  const { digest } = services;
  const entries = entriesOf(services, tenant);
  const heads = headsOf(services, tenant);
  const bounded: AuditEvent = {
    ...event,
    asked: boundedJson(event.asked, digest),
    changes: event.changes.map(({ kind, id, before, after }) => {
      return { kind, id, before: boundedJson(before, digest), after: boundedJson(after, digest) };
    }),
  };
  for (let tries = 1; ; tries++) {
    const seen = await heads.find("head");
    const { seq, hash: previous } = seen?.record ?? START;
    const open = { ...bounded, seq: seq + 1, at: services.clock.now().toISOString(), previous };
    const entry: AuditEntry = { ...open, hash: hashOf(open, digest()) };
    const head = {
      record: { id: "head" as const, seq: entry.seq, hash: entry.hash },
      revision: services.ids.next(),
    };
    try {
      await writeTogether([
        entries.creating({ record: entry, revision: services.ids.next() }),
        seen === undefined ? heads.creating(head) : heads.replacing(seen, head),
      ]);
      await mark(services, tenant, entry);
      return entry;
    } catch (error) {
      if (!isOvertaken(error) || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_PAUSE_MS));
    }
  }
}

/** Another entry was written at the same time. */
function isOvertaken(error: unknown): boolean {
  const codes = ["audit.exists", "audithead.exists", "audithead.changed", "audithead.not-found"];
  return error instanceof DomainError && codes.includes(error.code);
}

/**
 * Notes the newest entry once more, among the service's own records and not the tenant's: whoever takes the end of a log
 * away, and its head with it, is found out. Where this fails, the next entry does it.
 */
async function mark(services: AuditPorts, tenant: string | null, { seq, hash }: AuditEntry): Promise<void> {
  const marks = serviceRecords(services, AUDIT_MARKS);
  const record = { log: tenant ?? "", seq, hash };
  try {
    const seen = await marks.find(AUDIT_MARKS.id(record));
    if (seen === undefined) await marks.create(record);
    else await marks.change(AUDIT_MARKS.id(record), (now) => (now.seq < seq ? record : undefined));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
  }
}
