import { randomUUID } from "node:crypto";
import type { DeleteItemCommandInput, TransactWriteItem } from "@aws-sdk/client-dynamodb";
import type { Clock } from "../../ports/clock.ts";
import {
  type FoundRecord,
  type RecordChange,
  RecordConflict,
  type RecordPage,
  type RecordSpace,
  type RecordStore,
} from "../../ports/records.ts";
import { changedEntry, keysWithout } from "../shared/record-changes.ts";
import { type Dynamo, type Item, MAX_BATCH_GET, MAX_TRANSACTION } from "./dynamo.ts";
import { isExpired, text } from "./items.ts";
import {
  foundRecord,
  holderOf,
  isAbsent,
  isFree,
  isOwn,
  isUnchanged,
  positionItem,
  recordAt,
  recordItem,
  RecordKeys,
  revisionOf,
  uniqueKeyItem,
} from "./record-items.ts";
import { ConditionFailed, readVendorError } from "./retry.ts";

/** Records in the reports table. */
export function createRecordStore(dynamo: Dynamo, table: string, clock: Clock): RecordStore {
  return {
    forTenant: (tenant) => new AwsRecords(dynamo, table, clock, tenant),
    service: new AwsRecords(dynamo, table, clock, undefined),
  };
}

/** An action of a transaction, and why the record cannot be written when the action's condition does not hold. */
interface Action {
  item: TransactWriteItem;
  conflict: (cause: ConditionFailed) => Promise<RecordConflict>;
}

/** The action that has a record own a unique key, and what gives it back. */
interface Claim extends Action {
  giveBack: DeleteItemCommandInput;
}

interface Plan {
  /** What has to be done together. */
  actions: Action[];
  claims: Claim[];
  /** Unique keys to be given up. */
  releases: Action[];
}

/**
 * A record is one item, changed on condition that it is still as it was read. What goes beyond that one item, namely
 * unique keys, positions and several records at once, is a transaction. Records are listed by their keys, which,
 * unlike an index, are never behind a write.
 */
class AwsRecords implements RecordSpace {
  readonly tenant?: string;
  readonly #dynamo: Dynamo;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #keys: RecordKeys;

  constructor(dynamo: Dynamo, table: string, clock: Clock, tenant: string | undefined) {
    if (tenant !== undefined) this.tenant = tenant;
    this.#dynamo = dynamo;
    this.#table = table;
    this.#clock = clock;
    this.#keys = new RecordKeys(tenant);
  }

  async get(kind: string, id: string): Promise<FoundRecord | undefined> {
    const item = await this.#find(this.#keys.record(kind, id));
    return item === undefined ? undefined : foundRecord(id, item);
  }

  async list(kind: string, page: RecordPage): Promise<FoundRecord[]> {
    const { partition, prefix } = this.#keys.list(kind, page.by);
    const found: FoundRecord[] = [];
    for await (const items of this.#items(partition, prefix, page)) {
      const alive = items.filter((item) => !isExpired(item, this.#clock.now()));
      if (page.by === "id") {
        found.push(...alive.map((item) => foundRecord((item.id?.S ?? "").slice(prefix.length), item)));
      } else {
        found.push(...(await this.#recordsAt(kind, alive.map(recordAt))));
      }
      if (found.length >= page.limit) break;
    }
    return found.slice(0, page.limit);
  }

  async *#items(partition: string, prefix: string, page: RecordPage): AsyncGenerator<Item[]> {
    const { after, descending, limit } = page;
    const start = prefix + (page.prefix ?? "");
    const behind = after === undefined ? undefined : prefix + after;
    // A query has to begin inside of what it is about.
    const outside = behind !== undefined && !behind.startsWith(start);
    if (outside && behind < start === descending) return;
    const inside = behind === undefined || behind === "" || outside ? undefined : behind;
    yield* this.#dynamo.query({
      TableName: this.#table,
      KeyConditionExpression: `customer_id = :partition${start === "" ? "" : " AND begins_with(id, :start)"}`,
      ExpressionAttributeValues: {
        ":partition": text(partition),
        ...(start !== "" && { ":start": text(start) }),
      },
      ScanIndexForward: !descending,
      ConsistentRead: true,
      Limit: limit,
      ...(inside !== undefined && { ExclusiveStartKey: { customer_id: text(partition), id: text(inside) } }),
    });
  }

  /** Records by id, in that order, without those that went away meanwhile. */
  async #recordsAt(kind: string, ids: readonly string[]): Promise<FoundRecord[]> {
    const { prefix } = this.#keys.list(kind, "id");
    const found = new Map<string, FoundRecord>();
    for (let at = 0; at < ids.length; at += MAX_BATCH_GET) {
      const keys = ids.slice(at, at + MAX_BATCH_GET).map((id) => this.#keys.record(kind, id));
      for (const item of await this.#dynamo.batchGet(this.#table, keys)) {
        const id = (item.id?.S ?? "").slice(prefix.length);
        if (!isExpired(item, this.#clock.now())) found.set(id, foundRecord(id, item));
      }
    }
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  async write(changes: readonly RecordChange[]): Promise<void> {
    const plans = changes.map((change) => this.#plan(change));
    const [only] = changes;
    const together = plans.flatMap(({ actions, claims, releases }) => [...actions, ...claims, ...releases]);
    if (only !== undefined && together.length === 1) await this.#writeOne(only);
    else await this.#transact(plans);
  }

  async #writeOne(change: RecordChange): Promise<void> {
    const { Put, Delete } = this.#recordAction(change);
    try {
      if (Put !== undefined) await this.#dynamo.put(Put);
      if (Delete !== undefined) await this.#dynamo.delete(Delete);
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (error.ambiguous && (await this.#isDone(change))) return;
      throw await this.#conflict(change, error);
    }
  }

  /** Whether a record is as a change makes it: the condition failed on our own write then, whose answer was lost. */
  async #isDone(change: RecordChange): Promise<boolean> {
    const { kind, id } = changedEntry(change);
    const item = await this.#find(this.#keys.record(kind, id));
    return change.after === undefined
      ? item === undefined
      : item !== undefined && revisionOf(item) === change.after.revision;
  }

  async #conflict(change: RecordChange, cause: ConditionFailed): Promise<RecordConflict> {
    const entry = changedEntry(change);
    if (change.before === undefined) return new RecordConflict(entry, { reason: "exists" }, cause);
    const item = await this.#find(this.#keys.record(entry.kind, entry.id));
    return new RecordConflict(entry, { reason: item === undefined ? "missing" : "changed" }, cause);
  }

  /** The item, unless its time is over. */
  async #find(key: Item): Promise<Item | undefined> {
    const item = await this.#dynamo.get(this.#table, key);
    return item === undefined || isExpired(item, this.#clock.now()) ? undefined : item;
  }

  /**
   * All together. Only the unique keys of a single record may be more than fit into one transaction: those are claimed
   * before, and given back when the record cannot be written. A process that dies in between leaves claims that the
   * same record finds to be its own.
   */
  async #transact(plans: readonly Plan[]): Promise<void> {
    const actions = plans.flatMap((plan) => plan.actions);
    const claims = plans.flatMap((plan) => plan.claims);
    const releases = plans.flatMap((plan) => plan.releases);
    const room = MAX_TRANSACTION - actions.length;
    if (room < 0 || (plans.length > 1 && claims.length + releases.length > room))
      throw new Error(`records of a transaction take more than ${MAX_TRANSACTION} items`);
    const early = claims.slice(0, Math.max(0, claims.length - room));
    const last = [...actions, ...claims.slice(early.length)];
    last.push(...releases.splice(0, MAX_TRANSACTION - last.length));
    try {
      for (let at = 0; at < early.length; at += MAX_TRANSACTION)
        await this.#run(early.slice(at, at + MAX_TRANSACTION));
      await this.#run(last);
    } catch (error) {
      if (error instanceof RecordConflict) await this.#giveBack(early);
      throw error;
    }
    for (let at = 0; at < releases.length; at += MAX_TRANSACTION)
      await this.#run(releases.slice(at, at + MAX_TRANSACTION));
  }

  /** @throws RecordConflict about the first action whose condition does not hold */
  async #run(actions: readonly Action[]): Promise<void> {
    try {
      await this.#dynamo.transact(
        actions.map(({ item }) => item),
        randomUUID(),
      );
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const { reasons } = readVendorError(error.cause);
      const failed = actions[reasons.indexOf("ConditionalCheckFailed")];
      throw failed === undefined ? error : await failed.conflict(error);
    }
  }

  async #giveBack(claims: readonly Claim[]): Promise<void> {
    for (const { giveBack } of claims) {
      try {
        await this.#dynamo.delete(giveBack);
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
      }
    }
  }

  #plan(change: RecordChange): Plan {
    const { before, after } = change;
    const { kind, id } = changedEntry(change);
    const record: Action = {
      item: this.#recordAction(change),
      conflict: (cause) => this.#conflict(change, cause),
    };
    const now = this.#clock.now();
    const TableName = this.#table;
    const conflict = record.conflict;
    return {
      actions: [record, ...this.#positions(change).map((item) => ({ item, conflict }))],
      claims: (after === undefined ? [] : keysWithout(after, before)).map((key) => {
        const at = this.#keys.uniqueKey(kind, key);
        return {
          item: { Put: { TableName, Item: uniqueKeyItem(at, changedEntry(change)), ...isFree(id, now) } },
          giveBack: { TableName, Key: at, ...isOwn(id) },
          conflict: async (cause) => {
            const item = await this.#find(at);
            const holder = (item && holderOf(item)) ?? "";
            return new RecordConflict(changedEntry(change), { reason: "taken", key, holder }, cause);
          },
        };
      }),
      releases: keysWithout(before, after).map((key) => ({
        item: { Delete: { TableName, Key: this.#keys.uniqueKey(kind, key), ...isOwn(id) } },
        conflict,
      })),
    };
  }

  #recordAction(change: RecordChange): TransactWriteItem {
    const { before, after } = change;
    const { kind, id } = changedEntry(change);
    const key = this.#keys.record(kind, id);
    const now = this.#clock.now();
    const condition = before === undefined ? isAbsent(now) : isUnchanged(before, now);
    const TableName = this.#table;
    return after === undefined
      ? { Delete: { TableName, Key: key, ...condition } }
      : { Put: { TableName, Item: recordItem(key, after), ...condition } };
  }

  /** Moves a record in the order of positions. */
  #positions({ before, after }: RecordChange): TransactWriteItem[] {
    const TableName = this.#table;
    const actions: TransactWriteItem[] = [];
    if (before?.position !== undefined && before.position !== after?.position) {
      actions.push({ Delete: { TableName, Key: this.#keys.position(before.kind, before.position) } });
    }
    if (
      after?.position !== undefined &&
      (before?.position !== after.position || before.expiresAt !== after.expiresAt)
    ) {
      const key = this.#keys.position(after.kind, after.position);
      actions.push({ Put: { TableName, Item: positionItem(key, after) } });
    }
    return actions;
  }
}
