import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type ConsumedCapacity,
  DeleteItemCommand,
  type DeleteItemCommandInput,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteItemsCommand,
  type TransactWriteItem,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import {
  type AwsConfig,
  type CapacityMeter,
  clientOptions,
  DEFAULT_RETRY,
  type RetryPolicy,
} from "./config.ts";
import { pauseBefore, unavailable, withRetry } from "./retry.ts";

export type Item = Record<string, AttributeValue>;

/** DynamoDB's own limits (Service quotas). */
export const MAX_BATCH_WRITE = 25;
export const MAX_BATCH_GET = 100;
export const MAX_TRANSACTION = 100;
/** Bytes of a sort key; partition keys may have more, and ours never do. */
const MAX_KEY_BYTES = 1024;

/** DynamoDB with a time limit, bounded retries and a meter on every call. All keys and items are low level. */
export class Dynamo {
  readonly client: DynamoDBClient;
  readonly #policy: RetryPolicy;
  readonly #meter: CapacityMeter | undefined;

  constructor(config: AwsConfig) {
    this.#policy = { ...DEFAULT_RETRY, ...config.retry };
    this.#meter = config.meter;
    this.client = new DynamoDBClient({
      ...clientOptions(config),
      requestHandler: { connectionTimeout: 2_000 },
    });
  }

  async get(table: string, key: Item, options: { eventual?: boolean } = {}): Promise<Item | undefined> {
    // Asked for a longer key than there can be, DynamoDB calls the request wrong, which looks like a fault of ours.
    if (Object.values(key).some(({ S = "" }) => Buffer.byteLength(S) > MAX_KEY_BYTES)) return undefined;
    const output = await this.#run(`GetItem ${table}`, table, (abortSignal) =>
      this.client.send(
        new GetItemCommand({
          TableName: table,
          Key: key,
          ConsistentRead: options.eventual !== true,
          ReturnConsumedCapacity: "TOTAL",
        }),
        { abortSignal },
      ),
    );
    this.#count("read", output.ConsumedCapacity, output.Item === undefined ? 0 : 1);
    return output.Item;
  }

  /** @throws ConditionFailed */
  async put(input: PutItemCommandInput): Promise<void> {
    const table = input.TableName ?? "";
    const output = await this.#run(`PutItem ${table}`, table, (abortSignal) =>
      this.client.send(new PutItemCommand({ ...input, ReturnConsumedCapacity: "TOTAL" }), { abortSignal }),
    );
    this.#count("write", output.ConsumedCapacity, 1);
  }

  /** @returns what `ReturnValues` asks for. @throws ConditionFailed */
  async update(input: UpdateItemCommandInput): Promise<Item | undefined> {
    const table = input.TableName ?? "";
    const output = await this.#run(`UpdateItem ${table}`, table, (abortSignal) =>
      this.client.send(new UpdateItemCommand({ ...input, ReturnConsumedCapacity: "TOTAL" }), { abortSignal }),
    );
    this.#count("write", output.ConsumedCapacity, 1);
    return output.Attributes;
  }

  /** @throws ConditionFailed */
  async delete(input: DeleteItemCommandInput): Promise<void> {
    const table = input.TableName ?? "";
    const output = await this.#run(`DeleteItem ${table}`, table, (abortSignal) =>
      this.client.send(new DeleteItemCommand({ ...input, ReturnConsumedCapacity: "TOTAL" }), { abortSignal }),
    );
    this.#count("write", output.ConsumedCapacity, 1);
  }

  /** The pages of a query, one after the other, as they are asked for. */
  async *query(input: QueryCommandInput): AsyncGenerator<Item[]> {
    const table = input.TableName ?? "";
    let start: Item | undefined = input.ExclusiveStartKey;
    do {
      const page = { ...input, ExclusiveStartKey: start, ReturnConsumedCapacity: "TOTAL" as const };
      const output = await this.#run(`Query ${table}`, table, (abortSignal) =>
        this.client.send(new QueryCommand(page), { abortSignal }),
      );
      this.#count("read", output.ConsumedCapacity, output.Items?.length ?? 0);
      if (output.Items !== undefined && output.Items.length > 0) yield output.Items;
      start = output.LastEvaluatedKey;
    } while (start !== undefined);
  }

  /** All items of a query that passes `keep`, up to `limit`. */
  async queryAll(
    input: QueryCommandInput,
    limit = Number.POSITIVE_INFINITY,
    keep: (item: Item) => boolean = () => true,
  ): Promise<Item[]> {
    const found: Item[] = [];
    for await (const page of this.query(input)) {
      found.push(...page.filter(keep));
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }

  /**
   * Gets up to 100 items by key, in no order; absent ones are left out. Asks again for keys the service left
   * unprocessed, whether throttled or because the answer would be over 16 MB.
   * @throws the signal's reason when aborted
   */
  async batchGet(
    table: string,
    keys: Item[],
    options: { eventual?: boolean; signal?: AbortSignal | undefined } = {},
  ): Promise<Item[]> {
    const { signal } = options;
    const found: Item[] = [];
    let open = keys;
    for (let idle = 0; open.length > 0;) {
      const asked = open;
      const output = await this.#run(
        `BatchGetItem ${table}`,
        table,
        (abortSignal) =>
          this.client.send(
            new BatchGetItemCommand({
              RequestItems: { [table]: { Keys: asked, ConsistentRead: options.eventual !== true } },
              ReturnConsumedCapacity: "TOTAL",
            }),
            { abortSignal },
          ),
        signal,
      );
      const items = output.Responses?.[table] ?? [];
      for (const use of output.ConsumedCapacity ?? []) this.#count("read", use, items.length);
      found.push(...items);
      open = output.UnprocessedKeys?.[table]?.Keys ?? [];
      idle = open.length < asked.length ? 0 : idle + 1;
      if (open.length > 0) await this.#pauseUnprocessed(`BatchGetItem ${table}`, table, idle);
    }
    return found;
  }

  /**
   * Writes up to 25 items, and again those the service left unprocessed.
   * @throws the signal's reason when aborted; some of the items may be written
   */
  async batchPut(table: string, items: readonly Item[], signal?: AbortSignal): Promise<void> {
    let open = items.map((item) => ({ PutRequest: { Item: item } }));
    for (let idle = 0; open.length > 0;) {
      const asked = open;
      const output = await this.#run(
        `BatchWriteItem ${table}`,
        table,
        (abortSignal) =>
          this.client.send(
            new BatchWriteItemCommand({ RequestItems: { [table]: asked }, ReturnConsumedCapacity: "TOTAL" }),
            { abortSignal },
          ),
        signal,
      );
      for (const use of output.ConsumedCapacity ?? []) this.#count("write", use, 0);
      open = (output.UnprocessedItems?.[table] ?? []) as typeof open;
      this.#meter?.consumed({ table, read: 0, write: 0, items: asked.length - open.length });
      idle = open.length < asked.length ? 0 : idle + 1;
      if (open.length > 0) await this.#pauseUnprocessed(`BatchWriteItem ${table}`, table, idle);
    }
  }

  /**
   * All writes or none. The token makes a repeated call the same call for ten minutes, so that a lost answer is no
   * failed condition.
   * @throws ConditionFailed
   */
  async transact(actions: TransactWriteItem[], token: string): Promise<void> {
    const output = await this.#run("TransactWriteItems", undefined, (abortSignal) =>
      this.client.send(
        new TransactWriteItemsCommand({
          TransactItems: actions,
          ClientRequestToken: token,
          ReturnConsumedCapacity: "TOTAL",
        }),
        { abortSignal },
      ),
    );
    for (const use of output.ConsumedCapacity ?? []) this.#count("write", use, 0);
  }

  close(): void {
    this.client.destroy();
  }

  async #run<T>(
    what: string,
    table: string | undefined,
    call: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    return withRetry(this.#policy, what, call, { onThrottle: () => this.#meter?.throttled?.(table), signal });
  }

  async #pauseUnprocessed(what: string, table: string, idle: number): Promise<void> {
    this.#meter?.throttled?.(table);
    if (idle >= this.#policy.attempts) {
      const vendor = { name: "UnprocessedItems", message: "the service processed none of the batch" };
      throw unavailable(what, vendor, idle, undefined);
    }
    await this.#policy.sleep(pauseBefore(this.#policy, idle + 1));
  }

  #count(kind: "read" | "write", use: ConsumedCapacity | undefined, items: number): void {
    const units = use?.CapacityUnits ?? 0;
    this.#meter?.consumed({
      table: use?.TableName ?? "",
      read: kind === "read" ? units : 0,
      write: kind === "write" ? units : 0,
      items,
    });
  }
}

/** Runs tasks, at most `width` at a time, and gives their results in order. The first failure is thrown. */
export async function inParallel<T, R>(
  inputs: readonly T[],
  width: number,
  task: (input: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < inputs.length) {
      const at = next++;
      try {
        results[at] = await task(inputs[at] as T);
      } catch (error) {
        next = inputs.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, inputs.length) }, worker));
  return results;
}
