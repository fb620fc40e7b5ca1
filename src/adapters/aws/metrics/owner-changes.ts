import type { TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { ownersChanged } from "../../../core/metrics/assign.ts";
import type { Dynamo, Item } from "../dynamo.ts";
import { number, numberOf, packed, text, unpacked } from "../items.ts";
import { ConditionFailed } from "../retry.ts";

/** Accounts whose last change is remembered; a load from before the oldest of them is refused whatever it holds. */
const REMEMBERED = 5_000;
const TRIES = 20;

/**
 * Which accounts changed hands, in one item: a load is committed on condition that the item is the one it was checked
 * against, so that no account changes hands between the check and the commit.
 */
interface OwnerChanges {
  /** Counts the changes. 0: there is no item. */
  number: number;
  /** The number of each account's last change. */
  accounts: Readonly<Record<string, number>>;
  /** The highest number among those forgotten. */
  forgotten: number;
}

interface Place {
  dynamo: Dynamo;
  table: string;
}

/** No tenant id has this form. */
const KEY: Item = { customer_id: text("#owner-changes"), sk: text("accounts") };

async function read({ dynamo, table }: Place): Promise<OwnerChanges> {
  const item = await dynamo.get(table, KEY);
  if (item === undefined) return { number: 0, accounts: {}, forgotten: 0 };
  const body = unpacked(item, "body") as Pick<OwnerChanges, "accounts" | "forgotten">;
  return { number: numberOf(item, "number") ?? 0, ...body };
}

/** How often accounts changed hands so far. */
export async function ownerChanges(place: Place): Promise<number> {
  return (await read(place)).number;
}

/** Notes that accounts change hands. */
export async function countOwnerChange(place: Place, accounts: readonly string[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { Put } = await notingOwnerChange(place, accounts);
    try {
      await place.dynamo.put(Put);
      return;
    } catch (error) {
      // A put whose answer was lost has counted; one more does no harm.
      if (!(error instanceof ConditionFailed) || attempt === TRIES) throw error;
    }
  }
}

/** The same as part of a transaction. */
export async function notingOwnerChange(
  place: Place,
  accounts: readonly string[],
): Promise<{ Put: NonNullable<TransactWriteItem["Put"]> }> {
  const before = await read(place);
  const next = before.number + 1;
  const all = Object.entries({
    ...before.accounts,
    ...Object.fromEntries(accounts.map((account) => [account, next])),
  }).sort(([, a], [, b]) => b - a);
  const forgotten = Math.max(before.forgotten, ...all.slice(REMEMBERED).map(([, last]) => last));
  const body = packed({ accounts: Object.fromEntries(all.slice(0, REMEMBERED)), forgotten });
  return {
    Put: { TableName: place.table, Item: { ...KEY, number: number(next), body }, ...isAt(before) },
  };
}

/**
 * What has a load committed only if its owners still are the owners.
 * @param seen how often accounts had changed hands when the owners were read
 * @param holds whether the load has facts of an account
 * @throws DomainError `import.owners-changed`
 */
export async function ownersUnchanged(
  place: Place,
  seen: number,
  holds: (account: string) => boolean,
): Promise<TransactWriteItem> {
  const now = await read(place);
  const changed = Object.entries(now.accounts).filter(([, last]) => last > seen);
  if (now.forgotten > seen || changed.some(([account]) => holds(account))) throw ownersChanged();
  return { ConditionCheck: { TableName: place.table, Key: KEY, ...isAt(now) } };
}

interface Condition {
  ConditionExpression: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Item;
}

function isAt({ number: seen }: OwnerChanges): Condition {
  if (seen === 0) return { ConditionExpression: "attribute_not_exists(sk)" };
  return {
    ConditionExpression: "#number = :seen",
    ExpressionAttributeNames: { "#number": "number" },
    ExpressionAttributeValues: { ":seen": number(seen) },
  };
}
