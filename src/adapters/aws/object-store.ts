import type { ListMultipartUploadsCommandInput, ListMultipartUploadsCommandOutput } from "@aws-sdk/client-s3";
import { DomainError } from "../../core/errors/errors.ts";
import { type AwsConfig, clientOptions, DEFAULT_RETRY, type RetryPolicy } from "./config.ts";
import { readVendorError, withRetry } from "./retry.ts";
import { abortUpload, type LoadedS3, Upload, type UploadTarget } from "./upload.ts";

/** One bucket. The SDK is loaded when it is first used: a query never pays for it. */
export class ObjectStore {
  readonly #config: AwsConfig;
  readonly #policy: RetryPolicy;
  #loaded: Promise<LoadedS3> | undefined;
  readonly bucket: string;

  constructor(config: AwsConfig) {
    this.#config = config;
    this.#policy = { ...DEFAULT_RETRY, timeout: 20_000, deadline: 60_000, ...config.retry };
    this.bucket = config.names.bucket;
  }

  async #load(): Promise<LoadedS3> {
    this.#loaded ??= import("@aws-sdk/client-s3").then((sdk) => {
      const { region, s3Endpoint, credentials } = this.#config;
      const client = new sdk.S3Client({
        ...clientOptions({ region, endpoint: s3Endpoint, credentials }),
        forcePathStyle: s3Endpoint !== undefined,
        requestHandler: { connectionTimeout: 3_000, socketTimeout: 20_000 },
        // CRC32 trailers are for browsers and old SDKs' gaps; TLS and the ETag of each part already check the bytes.
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
      });
      return { sdk, client };
    });
    return this.#loaded;
  }

  async #call<T>(what: string, call: (loaded: LoadedS3, signal: AbortSignal) => Promise<T>): Promise<T> {
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
    const upload = new Upload({ ...this.#target(key), contentType });
    try {
      for await (const bytes of content) await upload.add(bytes);
      return await upload.complete();
    } catch (error) {
      await upload.abort().catch(() => undefined);
      throw error;
    }
  }

  #target(key: string): UploadTarget {
    return {
      call: (what, call) => this.#call(what, call),
      bucket: this.bucket,
      key,
      exists: () => this.exists(key),
    };
  }

  /** Frees the parts of an upload that nobody will complete. */
  async abortUpload(key: string, id: string): Promise<void> {
    await abortUpload(this.#target(key), id);
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
            Bucket: this.bucket,
            Key: key,
            Range: from > 0 ? `bytes=${from}-` : undefined,
            IfMatch: etag,
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

  /** The keys under a prefix; of objects that were written before an instant, when one is given. */
  async keys(prefix: string, before?: Date): Promise<string[]> {
    const found: string[] = [];
    let page: string | undefined;
    do {
      const input = { Bucket: this.bucket, Prefix: prefix, ContinuationToken: page };
      const output = await this.#call("ListObjectsV2", ({ sdk, client }, abortSignal) =>
        client.send(new sdk.ListObjectsV2Command(input), { abortSignal }),
      );
      for (const { Key, LastModified } of output.Contents ?? []) {
        const isOld = before === undefined || (LastModified !== undefined && LastModified < before);
        if (Key !== undefined && isOld) found.push(Key);
      }
      page = output.NextContinuationToken;
    } while (page !== undefined);
    return found;
  }

  /** The uploads under a prefix that were begun before an instant and neither completed nor aborted. */
  async uploadsBefore(prefix: string, before: Date): Promise<{ key: string; id: string }[]> {
    const found: { key: string; id: string }[] = [];
    let [key, id]: (string | undefined)[] = [];
    do {
      const input: ListMultipartUploadsCommandInput = {
        Bucket: this.bucket,
        Prefix: prefix,
        KeyMarker: key,
        UploadIdMarker: id,
      };
      const output: ListMultipartUploadsCommandOutput = await this.#call(
        "ListMultipartUploads",
        ({ sdk, client }, abortSignal) =>
          client.send(new sdk.ListMultipartUploadsCommand(input), { abortSignal }),
      );
      for (const { Key, UploadId, Initiated } of output.Uploads ?? []) {
        if (Key === undefined || UploadId === undefined || Initiated === undefined) continue;
        if (Initiated < before) found.push({ key: Key, id: UploadId });
      }
      const isWhole = output.IsTruncated !== true;
      [key, id] = isWhole ? [] : [output.NextKeyMarker, output.NextUploadIdMarker];
    } while (key !== undefined);
    return found;
  }

  async exists(key: string): Promise<boolean> {
    return (await this.size(key)) !== undefined;
  }

  /** Bytes of an object; undefined when it does not exist. */
  async size(key: string): Promise<number | undefined> {
    return this.#call("HeadObject", async ({ sdk, client }, abortSignal) => {
      try {
        const head = new sdk.HeadObjectCommand({ Bucket: this.bucket, Key: key });
        return (await client.send(head, { abortSignal })).ContentLength ?? 0;
      } catch (error) {
        if (["NotFound", "NoSuchKey"].includes(readVendorError(error).name)) return undefined;
        throw error;
      }
    });
  }

  /** A link that stores an object of exactly so many bytes without credentials, for some seconds. */
  async uploadLink(key: string, bytes: number, seconds: number): Promise<string> {
    const { sdk, client } = await this.#load();
    const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
    const command = new sdk.PutObjectCommand({ Bucket: this.bucket, Key: key, ContentLength: bytes });
    return getSignedUrl(client, command, {
      expiresIn: seconds,
      signableHeaders: new Set(["content-length"]),
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
