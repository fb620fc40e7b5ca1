import type { AuditedChange } from "../../core/audit/entry.ts";
import type { RecordChange, RecordSpace, RecordStore } from "../../ports/records.ts";

/** Kinds of records whose changes are somebody's acts; the others are the service's own notes. */
const AUDITED = ["budget", "connection", "export", "feedback", "job", "report", "tenant", "upload"];

/** A store of records that tells what was changed through it: exactly that, as it was written. */
export function watchRecords(records: RecordStore, onChange: (change: AuditedChange) => void): RecordStore {
  const watched = (space: RecordSpace): RecordSpace => ({
    ...(space.tenant !== undefined && { tenant: space.tenant }),
    get: (kind, id) => space.get(kind, id),
    list: (kind, page) => space.list(kind, page),
    async write(changes) {
      await space.write(changes);
      for (const change of changes) {
        const told = changeOf(change);
        if (told !== undefined) onChange(told);
      }
    },
  });
  return {
    forTenant: (tenant) => watched(records.forTenant(tenant)),
    get service() {
      return watched(records.service);
    },
  };
}

function changeOf({ before, after }: RecordChange): AuditedChange | undefined {
  const entry = after ?? before;
  if (entry === undefined || !AUDITED.includes(entry.kind)) return undefined;
  return { kind: entry.kind, id: entry.id, before: before?.body ?? null, after: after?.body ?? null };
}
