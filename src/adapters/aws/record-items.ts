import type { FoundRecord, RecordEntry, UniqueKey } from "../../ports/records.ts";
import type { Item } from "./dynamo.ts";
import { EXPIRES, number, numberOf, packed, text, textOf, unpacked } from "./items.ts";

const REVISION = "etag";
const VERSION = "version";
/** Id of the record that has a unique key; called so since tenants were the first to have any. */
const HOLDER = "tenant";
/** Of an item that stands at a position: the id of the record there. */
const RECORD = "record";

/**
 * Where the items of a space are in the reports table. A tenant's are in its partition, kind by kind. Those of no
 * tenant have a partition a kind; its name begins with `#`, which no tenant's id does.
 */
export class RecordKeys {
  readonly #tenant: string | undefined;

  constructor(tenant: string | undefined) {
    this.#tenant = tenant;
  }

  record(kind: string, id: string): Item {
    return this.#item(`#${kind}s`, `${kind}#`, id);
  }

  /** Stands for a record in the order of positions. */
  position(kind: string, position: string): Item {
    return this.#item(`#${kind}s@`, `${kind}@`, position);
  }

  /** There is one where a record has the key. */
  uniqueKey(kind: string, { name, value }: UniqueKey): Item {
    return this.#item(`#${name}s`, `unique:${kind}:${name}:`, value);
  }

  /** Partition and common beginning of the keys of a kind's records, or of its positions. */
  list(kind: string, by: "id" | "position"): { partition: string; prefix: string } {
    const { customer_id, id } = by === "id" ? this.record(kind, "") : this.position(kind, "");
    return { partition: customer_id?.S ?? "", prefix: id?.S ?? "" };
  }

  #item(shared: string, prefix: string, id: string): Item {
    return this.#tenant === undefined
      ? { customer_id: text(shared), id: text(id) }
      : { customer_id: text(this.#tenant), id: text(prefix + id) };
  }
}

export function recordItem(key: Item, { revision, version, body, createdAt, expiresAt }: RecordEntry): Item {
  return {
    ...key,
    [REVISION]: text(revision),
    [VERSION]: number(version),
    body: packed(body),
    ...(createdAt !== undefined && { created_at: text(createdAt) }),
    ...expiry(expiresAt),
  };
}

export function positionItem(key: Item, { id, expiresAt }: RecordEntry): Item {
  return { ...key, [RECORD]: text(id), ...expiry(expiresAt) };
}

export function uniqueKeyItem(key: Item, { id, expiresAt }: RecordEntry): Item {
  return { ...key, [HOLDER]: text(id), ...expiry(expiresAt) };
}

/** Seconds are all that the time to live knows. */
function expiry(instant: string | undefined): Item {
  return instant === undefined ? {} : { [EXPIRES]: number(Math.ceil(Date.parse(instant) / 1000)) };
}

/** Items written before records had revisions and versions of their shape have none. */
export function foundRecord(id: string, item: Item): FoundRecord {
  return {
    id,
    revision: revisionOf(item),
    version: numberOf(item, VERSION) ?? 1,
    body: unpacked(item, "body"),
  };
}

export function revisionOf(item: Item): string {
  return textOf(item, REVISION) ?? "";
}

export function holderOf(item: Item): string | undefined {
  return textOf(item, HOLDER);
}

export function recordAt(item: Item): string {
  return textOf(item, RECORD) ?? "";
}

interface Condition {
  ConditionExpression: string;
  ExpressionAttributeValues: Item;
}

const seconds = (now: Date): Item[string] => number(Math.floor(now.getTime() / 1000));

/** There is no record, or one whose time is over. */
export function isAbsent(now: Date): Condition {
  return {
    ConditionExpression: `attribute_not_exists(id) OR ${EXPIRES} <= :now`,
    ExpressionAttributeValues: { ":now": seconds(now) },
  };
}

/** The record is in the state that was read. */
export function isUnchanged({ revision }: RecordEntry, now: Date): Condition {
  const alive = `attribute_exists(id) AND (attribute_not_exists(${EXPIRES}) OR ${EXPIRES} > :now)`;
  return {
    ConditionExpression: `${alive} AND ${revision === "" ? `attribute_not_exists(${REVISION})` : `${REVISION} = :seen`}`,
    ExpressionAttributeValues: { ":now": seconds(now), ...(revision !== "" && { ":seen": text(revision) }) },
  };
}

/** Nobody else has the unique key. */
export function isFree(id: string, now: Date): Condition {
  return {
    ConditionExpression: `attribute_not_exists(id) OR ${HOLDER} = :holder OR ${EXPIRES} <= :now`,
    ExpressionAttributeValues: { ":holder": text(id), ":now": seconds(now) },
  };
}

/** The unique key is the record's to give up, or nobody's. */
export function isOwn(id: string): Condition {
  return {
    ConditionExpression: `attribute_not_exists(id) OR ${HOLDER} = :holder`,
    ExpressionAttributeValues: { ":holder": text(id) },
  };
}
