import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a call is answered with: JSON, an AWS error, a broken connection, nothing at all; undefined for the usual. */
export type Answer =
  | { json: unknown }
  | { error: string; message?: string; status?: number; headers?: Record<string, string> }
  | "reset"
  | "hang"
  | undefined;

type Input = Record<string, unknown>;

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** Answers by operation, e.g. `ce:GetCostAndUsage`; `count` is how often it was called before. */
export type Script = Record<string, (input: Input, count: number) => Answer>;

export interface StandIn {
  endpoint: string;
  /** Every operation as it came over the wire, in order, by its name in the SDK. */
  operations: string[];
  inputs: { operation: string; input: Input }[];
  script: Script;
  /** Objects of S3 by `bucket/key`. */
  objects: Map<string, { body: Buffer; modified: Date }>;
  /** Stores an object, later than all before. */
  put(name: string, body: Buffer): void;
  /** Bytes after which the connection of the next download of a key breaks. */
  breakAt: Map<string, number>;
  close(): Promise<void>;
}

const SERVICES: Record<string, string> = {
  StarlingDoveService: "config",
  AWSInsightsIndexService: "ce",
  GraniteServiceVersion20100801: "cloudwatch",
};

/**
 * A server that answers as the AWS API references document it, for what no emulator here has (Cost Explorer, Config
 * compliance) and for faults. It checks no signatures. It records what really came over the wire.
 */
export async function startStandIn(script: Script = {}): Promise<StandIn> {
  let stored = 0;
  const standIn: Omit<StandIn, "endpoint" | "close"> = {
    operations: [],
    inputs: [],
    script,
    objects: new Map(),
    put(name, body) {
      standIn.objects.set(name, { body, modified: new Date(Date.UTC(2025, 2, 5) + 1000 * stored++) });
    },
    breakAt: new Map(),
  };
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { operation, input } = read(request, Buffer.concat(chunks));
      standIn.operations.push(operation);
      standIn.inputs.push({ operation, input });
      const count = counts.get(operation) ?? 0;
      counts.set(operation, count + 1);
      const scripted = standIn.script[operation]?.(input, count);
      if (scripted !== undefined) answer(response, operation, scripted);
      else if (operation.startsWith("s3:")) s3(standIn, request, response, operation, input);
      else if (operation === "sts:GetCallerIdentity") identity(response);
      else if (operation === "sts:AssumeRole") role(response);
      else
        answer(response, operation, {
          error: "InvalidAction",
          message: `not scripted: ${operation}`,
          status: 400,
        });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(standIn, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function read(request: IncomingMessage, body: Buffer): { operation: string; input: Input } {
  const url = new URL(request.url ?? "/", "http://aws");
  const target = request.headers["x-amz-target"];
  if (typeof target === "string") {
    const [service = "", name = ""] = target.split(".");
    return {
      operation: `${SERVICES[service] ?? service}:${name}`,
      input: JSON.parse(body.toString() || "{}") as Input,
    };
  }
  if (request.method === "POST" && url.pathname === "/findings")
    return { operation: "securityhub:GetFindings", input: JSON.parse(body.toString()) as Input };
  if (request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true) {
    const form = Object.fromEntries(new URLSearchParams(body.toString()));
    return { operation: `sts:${form["Action"] ?? ""}`, input: form };
  }
  const input = { ...Object.fromEntries(url.searchParams), path: decodeURIComponent(url.pathname.slice(1)) };
  return { operation: url.searchParams.has("list-type") ? "s3:ListObjectsV2" : "s3:GetObject", input };
}

function answer(response: ServerResponse, operation: string, given: NonNullable<Answer>): void {
  if (given === "hang") return;
  if (given === "reset") return void response.socket?.destroy();
  if ("json" in given) {
    const text = JSON.stringify(given.json);
    const type = operation.startsWith("securityhub") ? "application/json" : "application/x-amz-json-1.1";
    response.writeHead(200, { "content-type": type }).end(text);
    return;
  }
  const { error, message = error, status = 400, headers = {} } = given;
  const xml = operation.startsWith("s3:") || operation.startsWith("sts:");
  const body = operation.startsWith("s3:")
    ? `<?xml version="1.0"?><Error><Code>${error}</Code><Message>${message}</Message></Error>`
    : operation.startsWith("sts:")
      ? `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${error}</Code><Message>${message}</Message></Error></ErrorResponse>`
      : JSON.stringify({ __type: error, message, Message: message });
  response
    .writeHead(status, {
      "content-type": xml ? "application/xml" : "application/json",
      "x-amzn-errortype": error,
      ...headers,
    })
    .end(body);
}

export const STAND_IN_ACCOUNT = "111122223333";

function identity(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/xml" }).end(
    `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
      <Arn>arn:aws:iam::${STAND_IN_ACCOUNT}:user/test</Arn><UserId>AIDA</UserId><Account>${STAND_IN_ACCOUNT}</Account>
    </GetCallerIdentityResult></GetCallerIdentityResponse>`,
  );
}

function role(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/xml" }).end(
    `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
      <AccessKeyId>ASIATEST</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
      <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  );
}

const etag = (body: Buffer): string => `"${createHash("md5").update(body).digest("hex")}"`;

/** Two objects a page, so that every listing here has several. */
const LIST_PAGE = 2;

function s3(
  { objects, breakAt }: Pick<StandIn, "objects" | "breakAt">,
  request: IncomingMessage,
  response: ServerResponse,
  operation: string,
  input: Input,
): void {
  const path = textOf(input["path"]).replace(/\/$/, "");
  if (operation === "s3:ListObjectsV2") {
    const prefix = `${path}/${textOf(input["prefix"])}`;
    const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    const from = Number(input["continuation-token"] ?? 0);
    const page = keys.slice(from, from + LIST_PAGE);
    const more = from + LIST_PAGE < keys.length;
    const contents = page.map((key) => {
      const { body, modified } = objects.get(key)!;
      return `<Contents><Key>${key.slice(path.length + 1)}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>${etag(body)}</ETag><Size>${body.length}</Size></Contents>`;
    });
    response
      .writeHead(200, { "content-type": "application/xml" })
      .end(
        `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${contents.join("")}<IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${from + LIST_PAGE}</NextContinuationToken>` : ""}</ListBucketResult>`,
      );
    return;
  }
  const body = objects.get(path)?.body;
  if (body === undefined) {
    answer(response, operation, { error: "NoSuchKey", status: 404 });
    return;
  }
  const match = request.headers["if-match"];
  if (match !== undefined && match !== etag(body)) {
    answer(response, operation, { error: "PreconditionFailed", status: 412 });
    return;
  }
  const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const rest = body.subarray(from);
  response.writeHead(from === 0 ? 200 : 206, { "content-length": String(rest.length), etag: etag(body) });
  const cut = breakAt.get(path);
  if (cut === undefined) {
    response.end(rest);
    return;
  }
  breakAt.delete(path);
  response.write(rest.subarray(0, cut), () => response.socket?.destroy());
}
