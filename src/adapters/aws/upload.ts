import type * as S3 from "@aws-sdk/client-s3";
import { DomainError } from "../../core/errors/errors.ts";
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

/** An upload that was left, for another process to go on with. */
export interface UploadState {
  /** Undefined as long as there is no part. */
  id: string | undefined;
  /** ETags of the parts, in order. */
  parts: readonly string[];
  /** Bytes in the parts. */
  bytes: number;
  /** Bytes that are no part yet. */
  tail: Uint8Array;
}

/**
 * An object being stored. A small one is one request; a larger one is sent in parts that become visible together. An
 * upload that is neither completed nor aborted keeps its parts, unseen and billed.
 */
export class Upload {
  readonly #target: UploadTarget;
  #id: string | undefined;
  readonly #parts: (string | undefined)[];
  readonly #running = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;
  #aborted = false;
  #bytes: number;
  #held: Uint8Array[];
  #length: number;

  constructor(target: UploadTarget, from?: UploadState) {
    this.#target = target;
    this.#id = from?.id;
    this.#parts = [...(from?.parts ?? [])];
    this.#bytes = from?.bytes ?? 0;
    this.#held = from === undefined ? [] : [from.tail];
    this.#length = from?.tail.length ?? 0;
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
    if (this.#aborted) {
      await this.abort();
      throw uploadLost(this.#target.key, undefined);
    }
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
    return output.UploadId ?? "";
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
    ).catch((error: unknown) => {
      throw isGone(error) ? uploadLost(key, error) : error;
    });
    return output.ETag ?? "";
  }

  async #drained(): Promise<void> {
    await Promise.all(this.#running);
    this.#throwIfFailed();
  }

  /** What another process needs to go on, once all parts under way are stored. */
  async state(): Promise<UploadState> {
    await this.#drained();
    const parts = this.#parts.map((etag) => etag ?? "");
    return { id: this.#id, parts, bytes: this.#bytes, tail: Buffer.concat(this.#held) };
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
    await this.#drained();
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

  /** Frees the parts; whoever adds more is refused. Does nothing when there are none. */
  async abort(): Promise<void> {
    this.#aborted = true;
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

function uploadLost(key: string, cause: unknown): DomainError {
  return new DomainError("export.upload-lost", "conflict", `The unfinished file ${key} is gone`, {
    fix: "Start the export again.",
    cause,
  });
}
