import * as z from "zod/mini";
import { DomainError } from "../../core/errors/errors.ts";
import { newerRecord, type RecordErrors, unknownRecord } from "../../core/records/errors.ts";
import type { Ids } from "../../ports/clock.ts";
import {
  type FoundRecord,
  type RecordChange,
  RecordConflict,
  type RecordEntry,
  type RecordSpace,
  type RecordStore,
  type UniqueKey,
} from "../../ports/records.ts";
import { type Page, pageOf, type PageRequest } from "../../core/lists/pages.ts";

/** What there is to know about a kind of record; `kinds.ts` has them all. */
export interface RecordKind<T, Scope extends "tenant" | "service" = "tenant" | "service"> {
  /** Lower-case letters; part of keys, error codes and messages. */
  readonly name: string;
  /** Whose its records are: each a tenant's, or the service's own. */
  readonly scope: Scope;
  /** Of the shape that `schema` describes; raised when a record of the earlier shape does not fit it any more. */
  readonly version: number;
  /** What is stored is read through it; fields that it does not name are dropped. */
  readonly schema: z.ZodMiniType<T>;
  /** Brings the JSON of an earlier version into the present shape; needed once `version` is above 1. */
  readonly upgrade?: (body: unknown, version: number) => unknown;
  /** Names it among its kind; may hold any text. */
  readonly id: (record: T) => string;
  /** What it is listed by; by its id when not given. No control characters. */
  readonly sortKey?: (record: T) => string;
  readonly order: "ascending" | "descending";
  /** What no other record of the kind may have; `errors.taken` tells who has it. */
  readonly uniqueKeys?: (record: T) => readonly UniqueKey[];
  /** RFC 3339, UTC. */
  readonly createdAt?: (record: T) => string;
  /** RFC 3339, UTC; the record is gone from then on. It is kept for good when not given. */
  readonly expiresAt?: (record: T) => string;
  readonly errors: RecordErrors;
}

/** A record as it was read: it can be replaced as long as nobody else changed it. */
export interface Stored<T> {
  readonly record: T;
  /** Changes with every write. */
  readonly revision: string;
}

/** What clients are shown of a record that they may change: its revision as an entity tag. */
export type Versioned<T> = T & { etag: string };

export function versioned<T>({ record, revision }: Stored<T>): Versioned<T> {
  return { ...record, etag: revision };
}

/** What records need of the outside. */
export interface RecordPorts {
  records: RecordStore;
  ids: Ids;
}

/** A tenant's records of a kind. */
export function recordsOf<T>(
  { services, tenant }: { services: RecordPorts; tenant: { id: string } },
  kind: RecordKind<T, "tenant">,
): Records<T> {
  return new Records(kind, services.records.forTenant(tenant.id), services.ids);
}

/** The service's own records of a kind. */
export function serviceRecords<T>(services: RecordPorts, kind: RecordKind<T, "service">): Records<T> {
  return new Records(kind, services.records.service, services.ids);
}

/** A write that is yet to be made, alone or together with others; see `writeTogether`. */
export interface PendingWrite {
  readonly change: RecordChange;
  readonly space: RecordSpace;
  refuse(conflict: RecordConflict): DomainError;
}

/** A record is changed by few at a time, so few changes ever meet. */
const TRIES = 5;
/** Between a sort key and the id that makes a position unique: below every character that a sort key may hold. */
const UNIT_SEPARATOR = "\u001F";
const ALL_PAGE = 500;

/** Records of one kind in one space: the domain's types and errors in front of a store that knows only JSON. */
export class Records<T> {
  readonly #kind: RecordKind<T>;
  readonly #space: RecordSpace;
  readonly #ids: Ids;

  constructor(kind: RecordKind<T>, space: RecordSpace, ids: Ids) {
    this.#kind = kind;
    this.#space = space;
    this.#ids = ids;
  }

  async find(id: string): Promise<Stored<T> | undefined> {
    const found = await this.#space.get(this.#kind.name, id);
    return found === undefined ? undefined : this.#read(found);
  }

  /** @throws DomainError `KIND.not-found` */
  async get(id: string): Promise<Stored<T>> {
    const found = await this.find(id);
    if (found === undefined) throw this.#kind.errors.notFound(id);
    return found;
  }

  /**
   * A page in the order of the kind.
   * @param page `after` is the cursor (`cursorOf`) of the last record of the page before, which may be gone by now;
   *   `prefix` keeps records whose sort key, or id where the kind has none, begins with it
   */
  async list(page: { limit: number; after?: string; prefix?: string }): Promise<Stored<T>[]> {
    const { name, sortKey, order } = this.#kind;
    const found = await this.#space.list(name, {
      ...page,
      by: sortKey === undefined ? "id" : "position",
      descending: order === "descending",
    });
    return found.map((each) => this.#read(each));
  }

  /** A page as clients are given it. @param page `after` is where the page before ended */
  async page(page: PageRequest, prefix?: string): Promise<Page<Stored<T>>> {
    const within = prefix === undefined ? {} : { prefix };
    return pageOf(
      page,
      (wanted) => this.list({ ...wanted, ...within }),
      ({ record }) => this.cursorOf(record),
    );
  }

  /** All records, in the order of the kind. */
  async all(): Promise<Stored<T>[]> {
    const found: Stored<T>[] = [];
    for (;;) {
      const last = found.at(-1);
      const after = last === undefined ? {} : { after: this.cursorOf(last.record) };
      const page = await this.list({ limit: ALL_PAGE, ...after });
      found.push(...page);
      if (page.length < ALL_PAGE) return found;
    }
  }

  /** Where a list goes on behind a record. */
  cursorOf(record: T): string {
    const { sortKey, id } = this.#kind;
    return sortKey === undefined ? id(record) : sortKey(record) + UNIT_SEPARATOR + id(record);
  }

  /** @throws DomainError `KIND.exists`, that of a unique key that is taken */
  async create(record: T): Promise<Stored<T>> {
    const stored = this.#next(record);
    await writeTogether([this.creating(stored)]);
    return stored;
  }

  /** @throws DomainError `KIND.changed`, `KIND.not-found`, that of a unique key that is taken */
  async replace(seen: Stored<T>, record: T): Promise<Stored<T>> {
    const stored = this.#next(record);
    await writeTogether([this.replacing(seen, stored)]);
    return stored;
  }

  /**
   * Changes what is there now, and again when somebody else changed it meanwhile.
   * @param change gives undefined to leave the record as it is, and may be called several times
   * @returns undefined when there is no such record, or it was left as it is
   * @throws DomainError `store.unavailable` when it never came to a write; what `change` throws
   */
  async change(id: string, change: (record: T) => T | undefined): Promise<Stored<T> | undefined> {
    return this.#retrying(id, async (seen) => {
      const changed = seen === undefined ? undefined : change(seen.record);
      return seen === undefined || changed === undefined ? undefined : this.replace(seen, changed);
    });
  }

  /**
   * @param expected the revision it has to have; whatever there is when not given
   * @throws DomainError `KIND.changed`, `KIND.not-found`
   */
  async remove(id: string, expected?: string): Promise<void> {
    await this.#retrying(id, async (seen) => {
      if (seen === undefined) throw this.#kind.errors.notFound(id);
      if (expected !== undefined && seen.revision !== expected) throw this.#kind.errors.changed(id);
      await writeTogether([this.removing(seen)]);
    });
  }

  creating(record: Stored<T>): PendingWrite {
    return this.#pending({ after: this.#entry(record) });
  }

  replacing(seen: Stored<T>, record: Stored<T>): PendingWrite {
    return this.#pending({ before: this.#entry(seen), after: this.#entry(record) });
  }

  removing(seen: Stored<T>): PendingWrite {
    return this.#pending({ before: this.#entry(seen) });
  }

  /** A state of a record that is not stored yet. */
  #next(record: T): Stored<T> {
    return { record, revision: this.#ids.next() };
  }

  async #retrying<R>(id: string, attempt: (seen: Stored<T> | undefined) => Promise<R>): Promise<R> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(await this.find(id));
      } catch (error) {
        const { cause } = error instanceof DomainError ? error : {};
        if (!(cause instanceof RecordConflict) || cause.conflict.reason !== "changed") throw error;
        if (tries < TRIES) continue;
        throw new DomainError(
          "store.unavailable",
          "unavailable",
          `The ${this.#kind.name} "${id}" changes all the time`,
          { fix: "Try again in some seconds.", retryAfter: 5, cause: error },
        );
      }
    }
  }

  #pending(change: RecordChange): PendingWrite {
    return { change, space: this.#space, refuse: (conflict) => this.#refusal(conflict) };
  }

  #entry({ record, revision }: Stored<T>): RecordEntry {
    const { name, version, sortKey, uniqueKeys, createdAt, expiresAt, id } = this.#kind;
    return {
      kind: name,
      id: id(record),
      revision,
      version,
      body: record,
      ...(sortKey !== undefined && { position: this.cursorOf(record) }),
      ...(uniqueKeys !== undefined && { uniqueKeys: uniqueKeys(record) }),
      ...(createdAt !== undefined && { createdAt: createdAt(record) }),
      ...(expiresAt !== undefined && { expiresAt: expiresAt(record) }),
    };
  }

  #refusal(conflict: RecordConflict): DomainError {
    const { errors } = this.#kind;
    const { id, conflict: why } = conflict;
    switch (why.reason) {
      case "exists":
        return withCause(errors.exists(id), conflict);
      case "missing":
        return withCause(errors.notFound(id), conflict);
      case "changed":
        return withCause(errors.changed(id), conflict);
      case "taken": {
        if (errors.taken === undefined) throw conflict;
        return withCause(errors.taken({ value: why.key.value, holder: why.holder }), conflict);
      }
    }
  }

  #read({ id, revision, version, body }: FoundRecord): Stored<T> {
    const { name, schema, upgrade, version: known } = this.#kind;
    if (version > known) throw newerRecord(name, id, version, known);
    if (!Number.isInteger(version) || version < 1) throw unknownRecord(name, id, version);
    const result = z.safeParse(schema, version < known ? upgrade?.(body, version) : body);
    if (result.success) return { record: result.data, revision };
    throw new Error(`The stored ${name} "${id}" is not of the shape of a ${name}`, { cause: result.error });
  }
}

/**
 * Makes writes of one space all together or not at all.
 * @throws DomainError of the first that cannot be made
 */
export async function writeTogether(writes: readonly PendingWrite[]): Promise<void> {
  const space = writes[0]?.space;
  if (writes.some((write) => write.space.tenant !== space?.tenant))
    throw new Error("records of different spaces cannot be written together");
  try {
    await space?.write(writes.map((write) => write.change));
  } catch (error) {
    if (!(error instanceof RecordConflict)) throw error;
    const refused = writes.find(({ change: { before, after } }) => {
      const entry = after ?? before;
      return entry?.kind === error.kind && entry.id === error.id;
    });
    throw refused?.refuse(error) ?? error;
  }
}

function withCause(error: DomainError, cause: unknown): DomainError {
  error.cause = cause;
  return error;
}
