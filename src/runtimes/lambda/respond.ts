import { randomUUID } from "node:crypto";
import type { ObjectStore } from "../../adapters/aws/object-store.ts";
import { type HttpEvent, type HttpResult, toResult } from "./events.ts";

/**
 * Bytes of a body that fit an answer: Lambda takes 6 MB (6,291,556 bytes of JSON), and base64 and JSON escapes make
 * them more. "Lambda quotas".
 */
export const MAX_BODY_BYTES = 4_500_000;
const LINK_SECONDS = 300;

/**
 * Answers with the response, or, when it is too large for an answer, with a redirect to where it was put: a
 * short-lived link into the bucket.
 */
export async function respond(
  event: HttpEvent,
  response: Response,
  objects: ObjectStore,
): Promise<HttpResult> {
  const reader = chunksOf(response.body)[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let bytes = 0;
  for (let next = await reader.next(); next.done !== true; next = await reader.next()) {
    held.push(next.value);
    bytes += next.value.length;
    if (bytes > MAX_BODY_BYTES) return redirect(event, response, held, reader, objects);
  }
  return toResult(event, response, Buffer.concat(held));
}

async function redirect(
  event: HttpEvent,
  response: Response,
  held: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
  objects: ObjectStore,
): Promise<HttpResult> {
  const key = `responses/${randomUUID()}`;
  const type = response.headers.get("content-type") ?? "application/octet-stream";
  await objects.write(key, joined(held, rest), type);
  const name = /filename="?([^";]+)"?/.exec(response.headers.get("content-disposition") ?? "")?.[1];
  const location = await objects.link(key, name ?? "download", LINK_SECONDS);
  const headers = new Headers(response.headers);
  for (const drop of ["content-type", "content-disposition", "content-length", "etag"]) headers.delete(drop);
  headers.set("location", location);
  headers.set("cache-control", "no-store");
  // See Other: the link is read with GET whatever the request was (RFC 9110 section 15.4.4).
  return toResult(event, new Response(null, { status: 303, headers }), new Uint8Array());
}

async function* joined(
  held: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* held;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body !== null) yield* body as AsyncIterable<Uint8Array>;
}
