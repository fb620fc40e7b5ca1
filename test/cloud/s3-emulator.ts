import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DELAY_MS, type FaultPlan } from "./faults.ts";
import { refusalOf } from "./presigned.ts";

interface Stored {
  body: Buffer;
  etag: string;
  type: string;
  /** RFC 3339. */
  modified: string;
}

export interface S3Emulator {
  endpoint: string;
  /** Objects by `bucket/key`. */
  objects: Map<string, Stored>;
  /** Uploads begun and neither completed nor aborted. */
  uploads: Map<string, { name: string; type: string | undefined; begun: string; parts: Map<number, Stored> }>;
  setFaults(plan: FaultPlan | undefined): void;
  /** Milliseconds that an operation takes before it is answered. */
  setLatency(plan: ((operation: string) => number) | undefined): void;
  close(): Promise<void>;
}

interface Call {
  /** Why the address it was sent to is not good. */
  refusal: string | undefined;
  operation: string;
  name: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: Buffer | string;
}

/** The few S3 operations that the service uses, in memory. Of signatures it checks those of presigned addresses. */
export async function startS3(buckets: readonly string[]): Promise<S3Emulator> {
  const objects: S3Emulator["objects"] = new Map();
  const uploads: S3Emulator["uploads"] = new Map();
  let faults: FaultPlan | undefined;
  let latency: ((operation: string) => number) | undefined;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const call = readCall(request, Buffer.concat(chunks));
      const fault = faults?.({ service: "s3", operation: call.operation });
      const late = latency?.(call.operation) ?? 0;
      const run = (): void =>
        void answer(response, fault, () => perform({ buckets, objects, uploads }, call));
      if (late > 0) setTimeout(run, late);
      else run();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    uploads,
    setFaults: (plan) => (faults = plan),
    setLatency: (plan) => (latency = plan),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readCall(request: IncomingMessage, body: Buffer): Call {
  const url = new URL(request.url ?? "/", "http://s3");
  const name = decodeURIComponent(url.pathname.slice(1));
  const has = (key: string): boolean => url.searchParams.has(key);
  const isBucket = !name.replace(/\/$/, "").includes("/");
  const operations: Record<string, string> = {
    PUT: has("uploadId") ? "UploadPart" : "PutObject",
    POST: has("uploads") ? "CreateMultipartUpload" : "CompleteMultipartUpload",
    DELETE: has("uploadId") ? "AbortMultipartUpload" : "DeleteObject",
    HEAD: isBucket ? "HeadBucket" : "HeadObject",
    GET: isBucket ? (has("uploads") ? "ListMultipartUploads" : "ListObjectsV2") : "GetObject",
  };
  const operation = operations[request.method ?? "GET"] ?? "GetObject";
  const { searchParams: query } = url;
  const { headers, method = "GET" } = request;
  const refusal = refusalOf(method, url.pathname, query, headers);
  return { refusal, operation, name, query, headers, body: unchunk(request, body) };
}

/** Bodies may come in `aws-chunked` encoding (Signature Version 4, "Transferring payload in multiple chunks"). */
function unchunk(request: IncomingMessage, body: Buffer): Buffer {
  if (!(request.headers["content-encoding"] ?? "").includes("aws-chunked")) return body;
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = body.indexOf("\r\n", at);
    const size = parseInt(body.toString("utf8", at, end), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

async function answer(
  response: ServerResponse,
  fault: ReturnType<FaultPlan>,
  run: () => Reply,
): Promise<void> {
  if (fault === "reset") return void response.socket?.destroy();
  if (fault === "throttle") {
    write(response, problem(503, "SlowDown"));
    return;
  }
  if (fault === "error") {
    write(response, problem(500, "InternalError"));
    return;
  }
  if (fault === "delay") await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
  const reply = run();
  if (fault === "lose-answer") return void response.socket?.destroy();
  if (fault === "truncate" && reply.body !== undefined && reply.body.length > 1) {
    const length = Buffer.byteLength(reply.body);
    response.writeHead(reply.status, { ...reply.headers, "content-length": String(length) });
    response.write(Buffer.from(reply.body).subarray(0, length >> 1), () => response.socket?.destroy());
    return;
  }
  write(response, reply);
}

function write(response: ServerResponse, reply: Reply): void {
  const body = Buffer.from(reply.body ?? "");
  response.writeHead(reply.status, { "content-length": String(body.length), ...reply.headers }).end(body);
}

function problem(status: number, code: string): Reply {
  return {
    status,
    headers: { "content-type": "application/xml" },
    body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  };
}

interface State {
  buckets: readonly string[];
  objects: S3Emulator["objects"];
  uploads: S3Emulator["uploads"];
}

function perform(state: State, call: Call): Reply {
  if (call.refusal !== undefined) return problem(403, call.refusal);
  const bucket = call.name.split("/")[0] ?? "";
  if (!state.buckets.includes(bucket)) return problem(404, "NoSuchBucket");
  switch (call.operation) {
    case "PutObject": {
      const stored = store(call.body, call.headers["content-type"]);
      state.objects.set(call.name, stored);
      return { status: 200, headers: { etag: stored.etag } };
    }
    case "GetObject":
      return getObject(state.objects.get(call.name), call);
    case "HeadObject": {
      const found = state.objects.get(call.name);
      return found === undefined
        ? { status: 404 }
        : { status: 200, headers: { etag: found.etag, "content-length": String(found.body.length) } };
    }
    case "HeadBucket":
      return { status: 200 };
    case "ListObjectsV2":
    case "ListMultipartUploads":
      return list(state, call, bucket);
    case "DeleteObject":
      state.objects.delete(call.name);
      return { status: 204 };
    default:
      return multipart(state, call);
  }
}

/** All at once: no test has a thousand. */
function list(state: State, call: Call, bucket: string): Reply {
  const start = `${bucket}/${call.query.get("prefix") ?? ""}`;
  const key = (name: string): string => `<Key>${name.slice(bucket.length + 1)}</Key>`;
  const isUploads = call.operation === "ListMultipartUploads";
  const entries = isUploads
    ? [...state.uploads]
        .filter(([, { name }]) => name.startsWith(start))
        .map(
          ([id, { name, begun }]) =>
            `<Upload>${key(name)}<UploadId>${id}</UploadId><Initiated>${begun}</Initiated></Upload>`,
        )
    : [...state.objects]
        .filter(([name]) => name.startsWith(start))
        .map(
          ([name, { modified }]) =>
            `<Contents>${key(name)}<LastModified>${modified}</LastModified></Contents>`,
        );
  const root = isUploads ? "ListMultipartUploadsResult" : "ListBucketResult";
  const body = `<?xml version="1.0"?><${root}><IsTruncated>false</IsTruncated>${entries.join("")}</${root}>`;
  return { status: 200, headers: { "content-type": "application/xml" }, body };
}

function getObject(found: Stored | undefined, call: Call): Reply {
  if (found === undefined) return problem(404, "NoSuchKey");
  const match = call.headers["if-match"];
  if (match !== undefined && match !== found.etag) return problem(412, "PreconditionFailed");
  const from = /bytes=(\d+)-/.exec(call.headers.range ?? "")?.[1];
  const body = from === undefined ? found.body : found.body.subarray(Number(from));
  return {
    status: from === undefined ? 200 : 206,
    headers: { etag: found.etag, "content-type": found.type },
    body,
  };
}

function multipart(state: State, call: Call): Reply {
  const xml = { "content-type": "application/xml" };
  if (call.operation === "CreateMultipartUpload") {
    const id = randomUUID();
    const begun = new Date().toISOString();
    const type = call.headers["content-type"];
    state.uploads.set(id, { name: call.name, type, begun, parts: new Map() });
    const body = `<?xml version="1.0"?><InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
    return { status: 200, headers: xml, body };
  }
  const id = call.query.get("uploadId") ?? "";
  const upload = state.uploads.get(id);
  if (upload === undefined) return problem(404, "NoSuchUpload");
  if (call.operation === "UploadPart") {
    const part = store(call.body);
    upload.parts.set(Number(call.query.get("partNumber")), part);
    return { status: 200, headers: { etag: part.etag } };
  }
  state.uploads.delete(id);
  if (call.operation === "AbortMultipartUpload") return { status: 204 };
  const parts = [...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part.body);
  if (parts.slice(0, -1).some((part) => part.length < 5 * 1024 * 1024)) return problem(400, "EntityTooSmall");
  const whole = store(Buffer.concat(parts), upload.type);
  state.objects.set(upload.name, whole);
  const body = `<?xml version="1.0"?><CompleteMultipartUploadResult><ETag>${whole.etag}</ETag></CompleteMultipartUploadResult>`;
  return { status: 200, headers: xml, body };
}

function store(body: Buffer, type = "application/octet-stream"): Stored {
  const etag = `"${createHash("md5").update(body).digest("hex")}"`;
  return { body, type, etag, modified: new Date().toISOString() };
}
