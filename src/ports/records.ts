/**
 * A record as a store keeps it: JSON under a key. What the JSON means, and who may change it, is not the store's
 * business: kinds of records are described in `src/app/records/kinds.ts` and read through a schema there.
 */
export interface RecordEntry {
  /** What the record is of, e.g. `report`: lower-case letters. */
  readonly kind: string;
  /** Unique in its kind and space. */
  readonly id: string;
  /** Of this state of the record: never given twice, so that a write finds out whether the state is still the one it read. */
  readonly revision: string;
  /** Of the shape of `body`, counted from 1; a program reads those up to the one it writes. */
  readonly version: number;
  /** JSON. */
  readonly body: unknown;
  /** Where the record stands in the order of its kind, besides its id; unique there. */
  readonly position?: string;
  /** What no other record of the same kind and space may have. */
  readonly uniqueKeys?: readonly UniqueKey[];
  /** RFC 3339, UTC. */
  readonly createdAt?: string;
  /** RFC 3339, UTC. From then on the record is not there any more, whenever the store removes it. */
  readonly expiresAt?: string;
}

export interface UniqueKey {
  /** What it is, e.g. `account`: lower-case letters. */
  readonly name: string;
  readonly value: string;
}

/** What is read of a record. */
export type FoundRecord = Pick<RecordEntry, "id" | "revision" | "version" | "body">;

/** Creates (no `before`), replaces, or removes (no `after`) a record; both are of one kind and id. */
export interface RecordChange {
  /** The record as it was read: it has to be still in that state. Without it, there must be none. */
  readonly before?: RecordEntry;
  readonly after?: RecordEntry;
}

export interface RecordPage {
  limit: number;
  /** Continues behind this id, or position where positions are listed; the record itself may be gone by now. */
  after?: string;
  /** Only ids, or positions, that begin with this. */
  prefix?: string;
  /** `position`: only records that have one. */
  by: "id" | "position";
  descending: boolean;
}

/** The records of one tenant, or those that belong to no tenant. A handle never sees another space's. */
export interface RecordSpace {
  /** Absent for the service's own. */
  readonly tenant?: string;
  get(kind: string, id: string): Promise<FoundRecord | undefined>;
  /** In the order of ids or positions as UTF-8 bytes. */
  list(kind: string, page: RecordPage): Promise<FoundRecord[]>;
  /**
   * Makes all changes or none. No two of them may touch the same record or the same unique key, and together with the
   * unique keys and positions that change there may be at most 100 of them; a single change may have more unique keys.
   * A write that was carried out although its answer was lost is a success.
   * @throws RecordConflict about the first change that does not meet what is stored
   */
  write(changes: readonly RecordChange[]): Promise<void>;
}

/** Keeps records of all kinds, of tenants and of the service itself. */
export interface RecordStore {
  forTenant(tenant: string): RecordSpace;
  /** What belongs to no tenant, such as the registry of tenants. */
  readonly service: RecordSpace;
}

/** Why a change cannot be made; callers turn it into an error of the domain. */
export type ConflictReason =
  | { reason: "exists" }
  | { reason: "missing" }
  | { reason: "changed" }
  /** Another record has the key; `holder` is its id. */
  | { reason: "taken"; key: UniqueKey; holder: string };

export class RecordConflict extends Error {
  override readonly name = "RecordConflict";
  readonly kind: string;
  readonly id: string;
  readonly conflict: ConflictReason;

  constructor({ kind, id }: Pick<RecordEntry, "kind" | "id">, conflict: ConflictReason, cause?: unknown) {
    super(`a record cannot be written: ${conflict.reason}`, { cause });
    this.kind = kind;
    this.id = id;
    this.conflict = conflict;
  }
}
