import { randomUUID } from "node:crypto";
import type { Connection } from "../../core/connections/connection.ts";
import { refuseClaim } from "../../core/connections/claim.ts";
import { connectionExists, connectionNotFound } from "../../core/connections/errors.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { ConnectionStore, StoredConnection, SyncRun } from "../../ports/connection-store.ts";
import type { SyncMarks } from "../../ports/connector.ts";
import type { Dynamo, Item } from "./dynamo.ts";
import { packed, text, textOf, unpacked } from "./items.ts";
import { ConditionFailed } from "./retry.ts";

/** A partition of the reports table that belongs to no tenant: no tenant id has this form. */
const CONNECTIONS = "#connections";
/** A connection is changed by its one run and by who tries to begin another, so few changes ever meet. */
const TRIES = 5;

/** Connections in the reports table, one item each, replaced only as it was read. */
export class AwsConnectionStore implements ConnectionStore {
  readonly #dynamo: Dynamo;
  readonly #table: string;

  constructor(dynamo: Dynamo, table: string) {
    this.#dynamo = dynamo;
    this.#table = table;
  }

  async get(id: string): Promise<StoredConnection | undefined> {
    return (await this.#find(id))?.stored;
  }

  async list(): Promise<StoredConnection[]> {
    const items = await this.#dynamo.queryAll({
      TableName: this.#table,
      KeyConditionExpression: "customer_id = :all",
      ExpressionAttributeValues: { ":all": text(CONNECTIONS) },
      ConsistentRead: true,
    });
    return items.map((item) => unpacked(item, "body") as StoredConnection);
  }

  async add(connection: Connection): Promise<void> {
    const stored: StoredConnection = { connection, marks: {}, lastRun: null };
    if (!(await this.#write(stored, undefined))) throw connectionExists(connection.id);
  }

  async remove(id: string): Promise<void> {
    try {
      const key = keyOf(id);
      const condition = { ConditionExpression: "attribute_exists(id)" };
      await this.#dynamo.delete({ TableName: this.#table, Key: key, ...condition });
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      // An earlier try whose answer was lost may have removed it.
      if (!error.ambiguous) throw connectionNotFound(id);
    }
  }

  async begin(id: string, run: SyncRun, now: string): Promise<void> {
    const begun = await this.#change(id, (stored) => {
      const refused = refuseClaim(id, stored.lastRun, run, now);
      if (refused !== undefined) throw refused;
      return { ...stored, lastRun: run };
    });
    if (!begun) throw connectionNotFound(id);
  }

  update(id: string, run: SyncRun, marks: SyncMarks = {}): Promise<boolean> {
    return this.#change(id, (stored) =>
      stored.lastRun?.id === run.id
        ? { ...stored, lastRun: run, marks: { ...stored.marks, ...marks } }
        : undefined,
    );
  }

  /** Applies a change to what is there now. @returns false when there is nothing, or nothing is to be changed */
  async #change(
    id: string,
    change: (stored: StoredConnection) => StoredConnection | undefined,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const found = await this.#find(id);
      const changed = found === undefined ? undefined : change(found.stored);
      if (found === undefined || changed === undefined) return false;
      if (await this.#write(changed, found.revision)) return true;
    }
    throw new DomainError("store.unavailable", "unavailable", `The connection "${id}" changes all the time`, {
      fix: "Try again in some seconds.",
      retryAfter: 5,
    });
  }

  async #find(id: string): Promise<{ stored: StoredConnection; revision: string } | undefined> {
    const item = await this.#dynamo.get(this.#table, keyOf(id));
    if (item === undefined) return undefined;
    return { stored: unpacked(item, "body") as StoredConnection, revision: textOf(item, "etag") ?? "" };
  }

  /** @returns false when the item is no longer as it was seen; without `seen`, when there is one */
  async #write(stored: StoredConnection, seen: string | undefined): Promise<boolean> {
    const { id, createdAt } = stored.connection;
    const revision = randomUUID();
    const condition =
      seen === undefined
        ? { ConditionExpression: "attribute_not_exists(id)" }
        : { ConditionExpression: "etag = :seen", ExpressionAttributeValues: { ":seen": text(seen) } };
    try {
      await this.#dynamo.put({
        TableName: this.#table,
        Item: { ...keyOf(id), created_at: text(createdAt), etag: text(revision), body: packed(stored) },
        ...condition,
      });
      return true;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      // The condition may have failed on our own write, whose answer was lost.
      return error.ambiguous && (await this.#find(id))?.revision === revision;
    }
  }
}

function keyOf(id: string): Item {
  return { customer_id: text(CONNECTIONS), id: text(id) };
}
