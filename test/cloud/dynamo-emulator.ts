import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import type { ResourceNames } from "../../src/adapters/aws/config.ts";
import { DELAY_MS, type FaultPlan } from "./faults.ts";

export const TEST_CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" };
export const TEST_REGION = "us-east-1";

export interface DynamoEmulator {
  /** Through the front: with transactions and faults. */
  endpoint: string;
  /** Straight to the tables: fast, without transactions. */
  direct: string;
  setFaults(plan: FaultPlan | undefined): void;
  close(): Promise<void>;
}

interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/**
 * DynamoDB in this process: dynalite, and in front of it what dynalite lacks, transactions with client tokens, and
 * the faults that a test asks for.
 */
export async function startDynamo(): Promise<DynamoEmulator> {
  const tables = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const port = await listen(tables);
  const gate = new Gate();
  const tokens = new Map<string, Reply>();
  let faults: FaultPlan | undefined;
  const forward = (headers: IncomingHttpHeaders, body: Buffer): Promise<Reply> => send(port, headers, body);
  const front = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
      const run = (): Promise<Reply> =>
        operation === "TransactWriteItems"
          ? gate.alone(() => transact(forward, request.headers, body, tokens))
          : gate.together(() => forward(request.headers, body));
      void answer(
        {
          operation,
          body,
          headers: request.headers,
          forward,
          run,
          fault: faults?.({ service: "dynamodb", operation }),
        },
        response,
      );
    });
  });
  const frontPort = await listen(front);
  return {
    endpoint: `http://127.0.0.1:${frontPort}`,
    direct: `http://127.0.0.1:${port}`,
    setFaults: (plan) => (faults = plan),
    async close() {
      await stop(front);
      await stop(tables);
    },
  };
}

interface Exchange {
  operation: string;
  body: Buffer;
  headers: IncomingHttpHeaders;
  forward: (headers: IncomingHttpHeaders, body: Buffer) => Promise<Reply>;
  run: () => Promise<Reply>;
  fault: ReturnType<FaultPlan>;
}

async function answer(exchange: Exchange, response: ServerResponse): Promise<void> {
  switch (exchange.fault) {
    case "throttle": {
      write(response, failure(400, "ProvisionedThroughputExceededException", "throttled by the test"));
      return;
    }
    case "error": {
      write(response, failure(500, "InternalServerError", "failed by the test"));
      return;
    }
    case "reset":
      response.socket?.destroy();
      return;
    case "lose-answer":
      await exchange.run();
      response.socket?.destroy();
      return;
    case "delay":
      await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
      {
        write(response, await exchange.run());
        return;
      }
    case "drop-unprocessed": {
      write(response, await half(exchange));
      return;
    }
    default: {
      write(response, await exchange.run());
      return;
    }
  }
}

/** Does the first half of a batch and hands the rest back. */
async function half(exchange: Exchange): Promise<Reply> {
  const input = JSON.parse(exchange.body.toString()) as { RequestItems: Record<string, unknown> };
  const [table = "", batch] = Object.entries(input.RequestItems)[0] ?? [];
  const isGet = exchange.operation === "BatchGetItem";
  const all = (isGet ? (batch as { Keys: unknown[] }).Keys : batch) as unknown[];
  const kept = all.slice(0, Math.floor(all.length / 2));
  const rest = all.slice(kept.length);
  const wrap = (list: unknown[]): unknown => (isGet ? { ...(batch as object), Keys: list } : list);
  const name = isGet ? "UnprocessedKeys" : "UnprocessedItems";
  if (kept.length === 0) {
    const empty = { [name]: { [table]: wrap(rest) }, ...(isGet && { Responses: {} }) };
    return { status: 200, headers: JSON_HEADERS, body: Buffer.from(JSON.stringify(empty)) };
  }
  const body = Buffer.from(JSON.stringify({ ...input, RequestItems: { [table]: wrap(kept) } }));
  const reply = await exchange.forward(exchange.headers, body);
  const output = JSON.parse(reply.body.toString()) as object;
  return {
    ...reply,
    body: Buffer.from(JSON.stringify({ ...output, [name]: { [table]: wrap(rest) } })),
  };
}

const JSON_HEADERS = { "content-type": "application/x-amz-json-1.0" };

function failure(status: number, type: string, message: string, more: object = {}): Reply {
  const body = { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message, ...more };
  return { status, headers: JSON_HEADERS, body: Buffer.from(JSON.stringify(body)) };
}

function write(response: ServerResponse, reply: Reply): void {
  const headers = { ...JSON_HEADERS, "content-length": String(reply.body.length) };
  response.writeHead(reply.status, headers).end(reply.body);
}

type Action = { TableName: string; Item?: Record<string, unknown>; Key?: Record<string, unknown> } & Record<
  string,
  unknown
>;

/** Applies the actions one by one and takes them back when one fails; the caller keeps everybody else out. */
async function transact(
  forward: Exchange["forward"],
  headers: IncomingHttpHeaders,
  body: Buffer,
  tokens: Map<string, Reply>,
): Promise<Reply> {
  const input = JSON.parse(body.toString()) as {
    TransactItems: Record<string, Action>[];
    ClientRequestToken?: string;
  };
  const token = input.ClientRequestToken ?? "";
  const known = tokens.get(token);
  if (token !== "" && known !== undefined) return known;
  const call = async (operation: string, request: object): Promise<Reply> =>
    forward(
      { ...headers, "x-amz-target": `DynamoDB_20120810.${operation}` },
      Buffer.from(JSON.stringify(request)),
    );
  const undo: (() => Promise<unknown>)[] = [];
  let units = 0;
  for (const [at, entry] of input.TransactItems.entries()) {
    const [kind = "", action] = Object.entries(entry)[0] ?? [];
    if (action === undefined) continue;
    const reply = await applyAction(call, kind, action, undo);
    units += 2;
    if (reply.status === 200) continue;
    for (const step of undo.reverse()) await step();
    const failed = JSON.parse(reply.body.toString()) as { __type: string };
    const code = failed.__type.includes("ConditionalCheckFailed")
      ? "ConditionalCheckFailed"
      : "ValidationError";
    const reasons = input.TransactItems.map((_, i) => ({ Code: i === at ? code : "None" }));
    return failure(400, "TransactionCanceledException", "Transaction cancelled", {
      CancellationReasons: reasons,
    });
  }
  const table = Object.values(input.TransactItems[0] ?? {})[0]?.TableName ?? "";
  const output = { ConsumedCapacity: [{ TableName: table, CapacityUnits: units }] };
  const reply = { status: 200, headers: JSON_HEADERS, body: Buffer.from(JSON.stringify(output)) };
  tokens.set(token, reply);
  return reply;
}

const KEY_NAMES = ["customer_id", "id", "schedule_id", "sk", "cache_key"];

async function applyAction(
  call: (operation: string, request: object) => Promise<Reply>,
  kind: string,
  action: Action,
  undo: (() => Promise<unknown>)[],
): Promise<Reply> {
  const TableName = action.TableName;
  const described = JSON.parse((await call("DescribeTable", { TableName })).body.toString()) as {
    Table: { KeySchema: { AttributeName: string }[] };
  };
  const names = described.Table.KeySchema.map((key) => key.AttributeName).filter((n) =>
    KEY_NAMES.includes(n),
  );
  const isCheck = kind === "ConditionCheck";
  const Key = action.Key ?? Object.fromEntries(names.map((name) => [name, action.Item?.[name]]));
  const before = JSON.parse(
    (await call("GetItem", { TableName, Key, ConsistentRead: true })).body.toString(),
  ) as {
    Item?: unknown;
  };
  undo.push(() =>
    before.Item === undefined
      ? call("DeleteItem", { TableName, Key })
      : call("PutItem", { TableName, Item: before.Item }),
  );
  // A put of what is there changes nothing, and checks the condition.
  if (isCheck && before.Item !== undefined)
    return call("PutItem", { ...without(action, "Key"), Item: before.Item });
  if (isCheck) return call("DeleteItem", action);
  return call(`${kind}Item`, action);
}

function without(action: Action, name: string): object {
  return Object.fromEntries(Object.entries(action).filter(([key]) => key !== name));
}

/** Lets many in together, or one alone. */
class Gate {
  #inside = 0;
  #door: Promise<unknown> = Promise.resolve();

  async together<T>(task: () => Promise<T>): Promise<T> {
    let door: Promise<unknown>;
    do {
      door = this.#door;
      await door;
    } while (door !== this.#door);
    this.#inside += 1;
    try {
      return await task();
    } finally {
      this.#inside -= 1;
    }
  }

  async alone<T>(task: () => Promise<T>): Promise<T> {
    const before = this.#door;
    let open = (): void => undefined;
    this.#door = new Promise<void>((resolve) => (open = resolve));
    await before;
    while (this.#inside > 0) await new Promise((resolve) => setImmediate(resolve));
    try {
      return await task();
    } finally {
      open();
    }
  }
}

async function send(port: number, headers: IncomingHttpHeaders, body: Buffer): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: "127.0.0.1",
        port,
        method: "POST",
        path: "/",
        headers: { ...headers, "content-length": String(body.length) },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("end", () =>
          resolve({
            status: incoming.statusCode ?? 500,
            headers: incoming.headers,
            body: Buffer.concat(chunks),
          }),
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** Creates the four tables of DESIGN section 4. */
export async function createTables(endpoint: string, names: ResourceNames): Promise<void> {
  const client = new DynamoDBClient({ endpoint, region: TEST_REGION, credentials: TEST_CREDENTIALS });
  const create = (TableName: string, hash: string, range?: string): Promise<unknown> =>
    client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [hash, ...(range === undefined ? [] : [range])].map((AttributeName) => ({
          AttributeName,
          AttributeType: "S",
        })),
        KeySchema: [
          { AttributeName: hash, KeyType: "HASH" },
          ...(range === undefined ? [] : [{ AttributeName: range, KeyType: "RANGE" as const }]),
        ],
      }),
    );
  await create(names.reports, "customer_id", "id");
  await create(names.schedules, "customer_id", "schedule_id");
  await create(names.cache, "cache_key");
  await create(names.metrics, "customer_id", "sk");
  client.destroy();
}
