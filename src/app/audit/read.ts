import type { AuditAction, AuditEntry, AuditHead } from "../../core/audit/entry.ts";
import { START } from "../../core/audit/entry.ts";
import type { Digest } from "../../core/reports/manifest.ts";
import type { Page, PageRequest } from "../../core/lists/pages.ts";
import { AUDIT_MARKS } from "../records/kinds.ts";
import { serviceRecords } from "../records/records.ts";
import { type AuditPorts, entriesOf, hashOf, headsOf } from "./log.ts";

export interface AuditFilter {
  action?: AuditAction;
  actor?: string;
  /** Id of the object or of a record that was changed. */
  object?: string;
  /** RFC 3339, UTC; half-open. */
  from?: string;
  to?: string;
}

const DEFAULT_LIMIT = 50;
const BATCH = 500;
/** Entries looked at for one page: a rare thing is found over several. */
const MOST_LOOKED_AT = 5_000;

/** Entries that pass a filter, newest first; a page may be short and have a next one. */
export async function listAudit(
  services: AuditPorts,
  tenant: string | null,
  { limit = DEFAULT_LIMIT, after, ...filter }: PageRequest & AuditFilter,
): Promise<Page<AuditEntry>> {
  const entries = entriesOf(services, tenant);
  const items: AuditEntry[] = [];
  let place = after;
  for (let looked = 0; looked < MOST_LOOKED_AT; looked += BATCH) {
    const found = await entries.list({ limit: BATCH, ...(place !== undefined && { after: place }) });
    for (const { record } of found) {
      if (passes(record, filter)) {
        if (items.length === limit) return { items, next: place ?? null };
        items.push(record);
      }
      place = entries.cursorOf(record);
    }
    if (found.length < BATCH) return { items, next: null };
  }
  return { items, next: place ?? null };
}

function passes(entry: AuditEntry, { action, actor, object, from, to }: AuditFilter): boolean {
  if (action !== undefined && entry.action !== action) return false;
  if (actor !== undefined && entry.actor.subject !== actor) return false;
  if (object !== undefined && entry.object?.id !== object && !entry.changes.some(({ id }) => id === object))
    return false;
  const at = Date.parse(entry.at);
  return (from === undefined || at >= Date.parse(from)) && (to === undefined || at < Date.parse(to));
}

export interface AuditCheck {
  intact: boolean;
  entries: number;
  head: AuditHead | null;
  /** The first link that does not hold. */
  broken: { seq: number; reason: string } | null;
}

/**
 * Checks a log: every entry's hash, every link to the one before, no number left out, and that its end is the one noted
 * with it and elsewhere.
 * @param known an entry that the log held once
 */
export async function verifyAudit(
  services: AuditPorts,
  tenant: string | null,
  known?: AuditHead,
): Promise<AuditCheck> {
  // What is noted is read first: entries that come meanwhile are behind it.
  const noted = [
    (await headsOf(services, tenant).find("head"))?.record,
    (await serviceRecords(services, AUDIT_MARKS).find(AUDIT_MARKS.id({ ...START, log: tenant ?? "" })))
      ?.record,
    known,
  ].filter((head) => head !== undefined);
  const chain = new ChainCheck(noted, services.digest);
  const entries = entriesOf(services, tenant);
  let after: string | undefined;
  for (;;) {
    const found = await entries.list({ limit: BATCH, ...(after !== undefined && { after }) });
    for (const { record } of found) {
      chain.add(record);
      after = entries.cursorOf(record);
    }
    if (found.length < BATCH) return chain.end();
  }
}

/** Goes through a log from its newest entry to its first. */
class ChainCheck {
  readonly #noted: readonly AuditHead[];
  readonly #digest: () => Digest;
  readonly #held = new Set<AuditHead>();
  #entries = 0;
  #head: AuditHead | null = null;
  /** The entry behind, whose link leads here. */
  #behind: AuditEntry | undefined;
  #broken: AuditCheck["broken"] = null;

  constructor(noted: readonly AuditHead[], digest: () => Digest) {
    this.#noted = noted;
    this.#digest = digest;
  }

  add(entry: AuditEntry): void {
    this.#entries += 1;
    this.#head ??= { seq: entry.seq, hash: entry.hash };
    this.#link(entry);
    if (hashOf(entry, this.#digest()) !== entry.hash)
      this.#break(entry.seq, "The entry is not as it was written");
    for (const head of this.#noted) {
      if (head.seq === entry.seq && head.hash === entry.hash) this.#held.add(head);
    }
    this.#behind = entry;
  }

  /** Checks the link of the entry behind to this one. */
  #link({ seq, hash }: AuditHead): void {
    const behind = this.#behind;
    if (behind === undefined) return;
    if (behind.seq !== seq + 1) this.#break(seq + 1, "Entries are missing");
    else if (behind.previous !== hash) this.#break(behind.seq, "The entry does not follow the one before");
  }

  /** Later calls are about earlier entries. */
  #break(seq: number, reason: string): void {
    this.#broken = { seq, reason };
  }

  end(): AuditCheck {
    this.#missingEnd();
    this.#link(START);
    return {
      intact: this.#broken === null,
      entries: this.#entries,
      head: this.#head,
      broken: this.#broken,
    };
  }

  #missingEnd(): void {
    for (const head of this.#noted) {
      if (this.#held.has(head)) continue;
      const last = this.#head?.seq ?? 0;
      const [seq, reason] =
        head.seq > last
          ? [last + 1, "Entries are missing at the end"]
          : [head.seq, "The entry is not the one that was noted"];
      if (this.#broken === null || seq < this.#broken.seq) this.#break(seq, reason);
    }
  }
}
