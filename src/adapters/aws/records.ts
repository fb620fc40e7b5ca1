import { DomainError } from "../../core/errors/errors.ts";
import type { Dynamo, Item } from "./dynamo.ts";
import { packed, text, textOf, unpacked } from "./items.ts";
import { ConditionFailed } from "./retry.ts";

/** What every record that is changed under an ETag has. */
export interface Stored {
  /** Sorts by time of creation (see `Ids`). */
  id: string;
  createdAt: string;
  etag: string;
}

export interface RecordKind {
  /** Names the kind in keys (`report#…`), error codes and messages. */
  name: "report" | "budget";
  order: "newest-first" | "oldest-first";
}

/**
 * A tenant's records of one kind in the reports table. Their ids sort by time of creation, so they are listed by
 * reading the keys forwards or backwards, which, unlike an index, is never behind a write. Errors are `KIND.exists`,
 * `KIND.changed` and `KIND.not-found`, as the ports of reports and budgets name them.
 */
export class TenantRecords<T extends Stored> {
  readonly #dynamo: Dynamo;
  readonly #table: string;
  readonly #tenant: string;
  readonly #kind: RecordKind;

  constructor(dynamo: Dynamo, table: string, tenant: string, kind: RecordKind) {
    this.#dynamo = dynamo;
    this.#table = table;
    this.#tenant = tenant;
    this.#kind = kind;
  }

  get #prefix(): string {
    return `${this.#kind.name}#`;
  }

  #key(id: string): Item {
    return { customer_id: text(this.#tenant), id: text(this.#prefix + id) };
  }

  async get(id: string): Promise<T | undefined> {
    const item = await this.#dynamo.get(this.#table, this.#key(id));
    return item === undefined ? undefined : (unpacked(item, "body") as T);
  }

  async list(page: { limit: number; after?: string }): Promise<T[]> {
    const query = inOrder(this.#table, this.#tenant, this.#prefix, page, this.#kind.order);
    const items = await this.#dynamo.queryAll(query, page.limit);
    return items.map((item) => unpacked(item, "body") as T);
  }

  async create(record: T): Promise<void> {
    try {
      await this.#dynamo.put({
        TableName: this.#table,
        Item: this.#item(record),
        ConditionExpression: "attribute_not_exists(id)",
      });
    } catch (error) {
      if (await this.#wasOurs(error, record)) return;
      const { name } = this.#kind;
      throw new DomainError(`${name}.exists`, "conflict", `There is already a ${name} "${record.id}"`, {
        fix: "Save it under another id, or replace the one there.",
        cause: error,
      });
    }
  }

  async replace(record: T, expected: string): Promise<void> {
    try {
      await this.#dynamo.put({
        TableName: this.#table,
        Item: this.#item(record),
        ConditionExpression: "etag = :expected",
        ExpressionAttributeValues: { ":expected": text(expected) },
      });
    } catch (error) {
      if (await this.#wasOurs(error, record)) return;
      throw await this.#refusal(record.id, error);
    }
  }

  async remove(id: string, expected?: string): Promise<void> {
    try {
      await this.#dynamo.delete({
        TableName: this.#table,
        Key: this.#key(id),
        ConditionExpression: expected === undefined ? "attribute_exists(id)" : "etag = :expected",
        ...(expected !== undefined && { ExpressionAttributeValues: { ":expected": text(expected) } }),
      });
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const refusal = await this.#refusal(id, error);
      // The try before may have removed it although its answer was lost.
      if (error.ambiguous && refusal.code === `${this.#kind.name}.not-found`) return;
      throw refusal;
    }
  }

  #item(record: T): Item {
    return {
      ...this.#key(record.id),
      created_at: text(record.createdAt),
      etag: text(record.etag),
      body: packed(record),
    };
  }

  /** Whether a failed condition failed on this very write; an etag is never given twice. Throws other errors. */
  async #wasOurs(error: unknown, record: T): Promise<boolean> {
    if (!(error instanceof ConditionFailed)) throw error;
    if (!error.ambiguous) return false;
    const item = await this.#dynamo.get(this.#table, this.#key(record.id));
    return item !== undefined && textOf(item, "etag") === record.etag;
  }

  async #refusal(id: string, cause: unknown): Promise<DomainError> {
    if (!(cause instanceof ConditionFailed)) throw cause;
    const { name } = this.#kind;
    if ((await this.get(id)) === undefined) {
      return new DomainError(`${name}.not-found`, "not-found", `There is no ${name} "${id}"`, {
        fix: `List the ${name}s to see their ids.`,
        cause,
      });
    }
    return new DomainError(
      `${name}.changed`,
      "precondition",
      `The ${name} "${id}" was changed since it was read`,
      { fix: "Read it again, and apply your change to what is there now.", cause },
    );
  }
}

/** A query for a tenant's records of one kind, behind the record `after`, which may be gone by now. */
export function inOrder(
  table: string,
  tenant: string,
  prefix: string,
  page: { limit: number; after?: string },
  order: RecordKind["order"],
): {
  TableName: string;
  KeyConditionExpression: string;
  ExpressionAttributeValues: Item;
  ScanIndexForward: boolean;
  ConsistentRead: boolean;
  Limit: number;
  ExclusiveStartKey?: Item;
} {
  return {
    TableName: table,
    KeyConditionExpression: "customer_id = :tenant AND begins_with(id, :prefix)",
    ExpressionAttributeValues: { ":tenant": text(tenant), ":prefix": text(prefix) },
    ScanIndexForward: order === "oldest-first",
    ConsistentRead: true,
    Limit: page.limit,
    ...(page.after !== undefined && {
      ExclusiveStartKey: { customer_id: text(tenant), id: text(prefix + page.after) },
    }),
  };
}
