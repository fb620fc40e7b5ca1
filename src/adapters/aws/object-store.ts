import type * as S3 from "@aws-sdk/client-s3";
import { DomainError } from "../../core/errors/errors.ts";
import { type AwsConfig, DEFAULT_RETRY, type RetryPolicy } from "./config.ts";
import { readVendorError, withRetry } from "./retry.ts";

/** S3 asks for parts of at least 5 MiB, but for the last. */
const PART_BYTES = 5 * 1024 * 1024;
const PARTS_AT_ONCE = 2;

interface Loaded {
  sdk: typeof S3;
  client: S3.S3Client;
}

/** One bucket. The SDK is loaded when it is first used: a query never pays for it. */
export class ObjectStore {
  readonly #config: AwsConfig;
  readonly #policy: RetryPolicy;
  #loaded: Promise<Loaded> | undefined;
  readonly bucket: string;

  constructor(config: AwsConfig) {
    this.#config = config;
    this.#policy = { ...DEFAULT_RETRY, timeout: 20_000, deadline: 60_000, ...config.retry };
    this.bucket = config.names.bucket;
  }

  async #load(): Promise<Loaded> {
    this.#loaded ??= import("@aws-sdk/client-s3").then((sdk) => {
      const { region, s3Endpoint, credentials } = this.#config;
      const client = new sdk.S3Client({
        region,
        maxAttempts: 1,
        requestHandler: { connectionTimeout: 3_000, socketTimeout: 20_000 },
        // CRC32 trailers are for browsers and old SDKs' gaps; TLS and the ETag of each part already check the bytes.
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
        ...(s3Endpoint !== undefined && { endpoint: s3Endpoint, forcePathStyle: true }),
        ...(credentials !== undefined && { credentials }),
      });
      return { sdk, client };
    });
    return this.#loaded;
  }

  async #call<T>(what: string, call: (loaded: Loaded, signal: AbortSignal) => Promise<T>): Promise<T> {
    const loaded = await this.#load();
    return withRetry(this.#policy, `${what} ${this.bucket}`, (signal) => call(loaded, signal));
  }

  /**
   * Stores a stream, pulling as it uploads. A small one is one request; a larger one is sent in parts that become
   * visible together, or not at all when the stream or the upload fails.
   * @returns bytes stored
   * @throws what the stream throws
   */
  async write(key: string, content: AsyncIterable<Uint8Array>, contentType?: string): Promise<number> {
    const type = contentType === undefined ? {} : { ContentType: contentType };
    const pieces = inPieces(content, PART_BYTES)[Symbol.asyncIterator]();
    const first = await pieces.next();
    const body = first.done === true ? new Uint8Array() : first.value;
    if (body.length < PART_BYTES) {
      await this.#call("PutObject", ({ sdk, client }, abortSignal) =>
        client.send(new sdk.PutObjectCommand({ Bucket: this.bucket, Key: key, Body: body, ...type }), {
          abortSignal,
        }),
      );
      return body.length;
    }
    const upload = await this.#call("CreateMultipartUpload", ({ sdk, client }, abortSignal) =>
      client.send(new sdk.CreateMultipartUploadCommand({ Bucket: this.bucket, Key: key, ...type }), {
        abortSignal,
      }),
    );
    const id = upload.UploadId ?? "";
    try {
      return await this.#writeParts(key, id, body, pieces);
    } catch (error) {
      // Parts of an upload that is not aborted are kept, and billed, unseen.
      await this.#abort(key, id).catch(() => undefined);
      throw error;
    } finally {
      await pieces.return(undefined);
    }
  }

  async #writeParts(
    key: string,
    upload: string,
    first: Uint8Array,
    rest: AsyncIterator<Uint8Array>,
  ): Promise<number> {
    const parts: { PartNumber: number; ETag: string | undefined }[] = [];
    const running = new Set<Promise<void>>();
    let failure: { error: unknown } | undefined;
    let bytes = 0;
    for (let piece: Uint8Array | undefined = first; piece !== undefined && failure === undefined;) {
      const number = parts.push({ PartNumber: parts.length + 1, ETag: undefined });
      bytes += piece.length;
      const task = this.#writePart(key, upload, number, piece)
        .then((etag) => {
          parts[number - 1] = { PartNumber: number, ETag: etag };
        })
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => running.delete(task));
      running.add(task);
      if (running.size >= PARTS_AT_ONCE) await Promise.race(running);
      const next = await rest.next();
      piece = next.done === true ? undefined : next.value;
    }
    await Promise.all(running);
    if (failure !== undefined) throw failure.error;
    await this.#complete(key, upload, parts);
    return bytes;
  }

  async #writePart(
    key: string,
    upload: string,
    number: number,
    body: Uint8Array,
  ): Promise<string | undefined> {
    const output = await this.#call("UploadPart", ({ sdk, client }, abortSignal) =>
      client.send(
        new sdk.UploadPartCommand({
          ...{ Bucket: this.bucket, Key: key, UploadId: upload, PartNumber: number, Body: body },
        }),
        { abortSignal },
      ),
    );
    return output.ETag;
  }

  async #complete(
    key: string,
    upload: string,
    parts: { PartNumber: number; ETag: string | undefined }[],
  ): Promise<void> {
    try {
      await this.#call("CompleteMultipartUpload", ({ sdk, client }, abortSignal) =>
        client.send(
          new sdk.CompleteMultipartUploadCommand({
            ...{ Bucket: this.bucket, Key: key, UploadId: upload, MultipartUpload: { Parts: parts } },
          }),
          { abortSignal },
        ),
      );
    } catch (error) {
      // The try before may have completed it although its answer was lost.
      const cause = error instanceof Error ? error.cause : undefined;
      if (readVendorError(cause).name === "NoSuchUpload" && (await this.exists(key))) return;
      throw error;
    }
  }

  async #abort(key: string, upload: string): Promise<void> {
    await this.#call("AbortMultipartUpload", ({ sdk, client }, abortSignal) =>
      client.send(new sdk.AbortMultipartUploadCommand({ Bucket: this.bucket, Key: key, UploadId: upload }), {
        abortSignal,
      }),
    );
  }

  /** The object's bytes as they arrive; undefined when it does not exist. */
  async read(key: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const opened = await this.#open(key, 0, undefined);
    return opened === undefined ? undefined : this.#stream(key, opened);
  }

  async #open(key: string, from: number, etag: string | undefined): Promise<OpenObject | undefined> {
    const { sdk, client } = await this.#load();
    return withRetry(this.#policy, `GetObject ${this.bucket}`, async () => {
      try {
        const output = await client.send(
          new sdk.GetObjectCommand({
            ...{ Bucket: this.bucket, Key: key },
            ...(from > 0 && { Range: `bytes=${from}-` }),
            ...(etag !== undefined && { IfMatch: etag }),
          }),
        );
        return {
          body: output.Body as AsyncIterable<Uint8Array>,
          etag: output.ETag,
          size: from + (output.ContentLength ?? 0),
        };
      } catch (error) {
        if (readVendorError(error).name === "NoSuchKey") return undefined;
        throw error;
      }
    });
  }

  /** Goes on where it was when a connection breaks, as often as a call is tried. */
  async *#stream(key: string, opened: OpenObject): AsyncGenerator<Uint8Array> {
    let at = 0;
    let current = opened;
    for (let attempt = 1; ; attempt++) {
      try {
        for await (const chunk of current.body) {
          at += chunk.length;
          yield chunk;
        }
        if (at >= opened.size) return;
      } catch (error) {
        if (attempt >= this.#policy.attempts) throw unreadable(key, error);
      }
      if (attempt >= this.#policy.attempts) throw unreadable(key, undefined);
      const again = await this.#open(key, at, opened.etag);
      if (again === undefined) throw unreadable(key, undefined);
      current = again;
    }
  }

  async exists(key: string): Promise<boolean> {
    return this.#call("HeadObject", async ({ sdk, client }, abortSignal) => {
      try {
        await client.send(new sdk.HeadObjectCommand({ Bucket: this.bucket, Key: key }), { abortSignal });
        return true;
      } catch (error) {
        if (["NotFound", "NoSuchKey"].includes(readVendorError(error).name)) return false;
        throw error;
      }
    });
  }

  async remove(key: string): Promise<void> {
    await this.#call("DeleteObject", ({ sdk, client }, abortSignal) =>
      client.send(new sdk.DeleteObjectCommand({ Bucket: this.bucket, Key: key }), { abortSignal }),
    );
  }

  /** Whether the bucket is there and may be used. @throws DomainError */
  async check(): Promise<void> {
    await this.#call("HeadBucket", ({ sdk, client }, abortSignal) =>
      client.send(new sdk.HeadBucketCommand({ Bucket: this.bucket }), { abortSignal }),
    );
  }

  /** A link that reads the object without credentials for some seconds, saved under `fileName`. */
  async link(key: string, fileName: string, seconds: number): Promise<string> {
    const { sdk, client } = await this.#load();
    const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
    const command = new sdk.GetObjectCommand({
      Bucket: this.bucket,
      Key: key,
      ResponseContentDisposition: `attachment; filename="${fileName.replace(/[^\w.-]/g, "_")}"`,
    });
    return getSignedUrl(client, command, { expiresIn: seconds });
  }

  async close(): Promise<void> {
    (await this.#loaded)?.client.destroy();
  }
}

interface OpenObject {
  body: AsyncIterable<Uint8Array>;
  etag: string | undefined;
  /** Bytes of the whole object. */
  size: number;
}

function unreadable(key: string, cause: unknown): DomainError {
  return new DomainError(
    "store.unavailable",
    "unavailable",
    `The object ${key} broke off while it was read`,
    {
      fix: "Try again in some seconds.",
      retryAfter: 5,
      cause,
    },
  );
}

/** Joins or cuts chunks to pieces of exactly `size` bytes, the last one smaller. */
async function* inPieces(content: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of content) {
    held.push(chunk);
    length += chunk.length;
    if (length < size) continue;
    const joined = Buffer.concat(held);
    let at = 0;
    for (; at + size <= joined.length; at += size) yield joined.subarray(at, at + size);
    held = [joined.subarray(at)];
    length = joined.length - at;
  }
  if (length > 0) yield Buffer.concat(held);
}
