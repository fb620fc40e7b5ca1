import { must } from "../../core/errors/must.ts";
import type * as S3 from "@aws-sdk/client-s3";
import { readVendorError } from "./retry.ts";

/** S3 asks for parts of at least 5 MiB, but for the last. */
const PART_BYTES = 5 * 1024 * 1024;
const PARTS_AT_ONCE = 2;

export interface LoadedS3 {
  sdk: typeof S3;
  client: S3.S3Client;
}

/** A call with a time limit and retries. */
export type CallS3 = <T>(
  what: string,
  call: (loaded: LoadedS3, signal: AbortSignal) => Promise<T>,
) => Promise<T>;

export interface UploadTarget {
  call: CallS3;
  bucket: string;
  key: string;
  contentType?: string | undefined;
  exists: () => Promise<boolean>;
}

/**
 * An object being stored. A small one is one request; a larger one is sent in parts that become visible together. An
 * upload that is neither completed nor aborted keeps its parts, unseen and billed.
 */
export class Upload {
  readonly #target: UploadTarget;
  #id: string | undefined;
  /** ETags of the parts, in order; undefined while a part is on its way. */
  readonly #parts: (string | undefined)[] = [];
  readonly #running = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;
  #bytes = 0;
  #held: Uint8Array[] = [];
  #length = 0;

  constructor(target: UploadTarget) {
    this.#target = target;
  }

  /** Adds to the end; resolves when there is room for more. */
  async add(bytes: Uint8Array): Promise<void> {
    this.#held.push(bytes);
    this.#length += bytes.length;
    if (this.#length < PART_BYTES) return;
    const joined = Buffer.concat(this.#held);
    let at = 0;
    for (; at + PART_BYTES <= joined.length; at += PART_BYTES)
      await this.#send(joined.subarray(at, at + PART_BYTES));
    this.#held = [joined.subarray(at)];
    this.#length = joined.length - at;
  }

  async #send(body: Uint8Array): Promise<void> {
    this.#throwIfFailed();
    this.#id ??= await this.#create();
    const id = this.#id;
    const number = this.#parts.push(undefined);
    this.#bytes += body.length;
    const task = this.#writePart(id, number, body)
      .then((etag) => {
        this.#parts[number - 1] = etag;
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(task));
    this.#running.add(task);
    if (this.#running.size >= PARTS_AT_ONCE) await Promise.race(this.#running);
    this.#throwIfFailed();
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #create(): Promise<string> {
    const { call, bucket, key } = this.#target;
    const output = await call("CreateMultipartUpload", ({ sdk, client }, abortSignal) =>
      client.send(new sdk.CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ...this.#type() }), {
        abortSignal,
      }),
    );
    return must(output.UploadId, "the id of a multipart upload");
  }

  #type(): { ContentType?: string } {
    const { contentType } = this.#target;
    return contentType === undefined ? {} : { ContentType: contentType };
  }

  async #writePart(id: string, number: number, body: Uint8Array): Promise<string> {
    const { call, bucket, key } = this.#target;
    const part = { Bucket: bucket, Key: key, UploadId: id, PartNumber: number, Body: body };
    const output = await call("UploadPart", ({ sdk, client }, abortSignal) =>
      client.send(new sdk.UploadPartCommand(part), { abortSignal }),
    );
    return must(output.ETag, "the ETag of a part");
  }

  /** Makes the object visible. @returns its bytes */
  async complete(): Promise<number> {
    const { call, bucket, key } = this.#target;
    const rest = Buffer.concat(this.#held);
    if (this.#id === undefined) {
      const object = { Bucket: bucket, Key: key, Body: rest, ...this.#type() };
      await call("PutObject", ({ sdk, client }, abortSignal) =>
        client.send(new sdk.PutObjectCommand(object), { abortSignal }),
      );
      return rest.length;
    }
    if (rest.length > 0) await this.#send(rest);
    this.#held = [];
    await Promise.all(this.#running);
    this.#throwIfFailed();
    await this.#finish(this.#id);
    return this.#bytes;
  }

  async #finish(id: string): Promise<void> {
    const { call, bucket, key, exists } = this.#target;
    const parts = this.#parts.map((etag, i) => ({ PartNumber: i + 1, ETag: etag }));
    const upload = { Bucket: bucket, Key: key, UploadId: id, MultipartUpload: { Parts: parts } };
    try {
      await call("CompleteMultipartUpload", ({ sdk, client }, abortSignal) =>
        client.send(new sdk.CompleteMultipartUploadCommand(upload), { abortSignal }),
      );
    } catch (error) {
      // The try before may have completed it although its answer was lost.
      if (isGone(error) && (await exists())) return;
      throw error;
    }
  }

  /** Frees the parts, after which nothing may be added. Does nothing when there are none. */
  async abort(): Promise<void> {
    if (this.#id === undefined) return;
    await abortUpload(this.#target, this.#id);
    if (this.#running.size === 0) return;
    // Parts that are under way may still arrive after that (Amazon S3 API Reference, AbortMultipartUpload).
    await Promise.all(this.#running);
    await abortUpload(this.#target, this.#id);
  }
}

/** Frees the parts of an upload; does nothing when it is gone already. */
export async function abortUpload(
  { call, bucket, key }: Pick<UploadTarget, "call" | "bucket" | "key">,
  id: string,
): Promise<void> {
  await call("AbortMultipartUpload", ({ sdk, client }, abortSignal) =>
    client.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: id }), {
      abortSignal,
    }),
  ).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
}

function isGone(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return readVendorError(cause).name === "NoSuchUpload";
}
