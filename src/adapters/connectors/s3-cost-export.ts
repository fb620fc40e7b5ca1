import { createHash } from "node:crypto";
import type * as S3 from "@aws-sdk/client-s3";
import { DomainError } from "../../core/errors/errors.ts";
import { numberSetting } from "../../core/connections/kinds.ts";
import { must } from "../../core/errors/must.ts";
import type { Connector, SyncBatch, PullContext } from "../../ports/connector.ts";
import type { InputFile } from "../../ports/load.ts";
import { translate } from "./errors.ts";
import {
  type ListedObject,
  manifestObject,
  type ManifestObject,
  newestByPeriod,
  parseManifest,
} from "./exports.ts";
import { pages } from "./pages.ts";
import { type ConnectorOptions, Session } from "./session.ts";

/** A bucket with more objects is searched with a prefix. */
const MAX_OBJECTS = 500_000;
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
/** How many times in a row a broken download is resumed without receiving a byte. */
const MAX_FUTILE = 5;

/**
 * Cost exports in a bucket. Each billing period's newest delivery is one load; a delivery whose files are those that
 * were loaded last is not downloaded again.
 */
export function s3CostExport(options: ConnectorOptions): Connector {
  return {
    kind: "s3-cost-export",
    async *pull(connection, context) {
      const sdk = await import("@aws-sdk/client-s3");
      const session = new Session(connection, options, context);
      const endpoint = options.s3Endpoint ?? options.endpoint;
      const client = new sdk.S3Client({
        ...session.clientConfig,
        // Checksums beyond those of TLS are for uploads; a download's ETag and length are checked here.
        responseChecksumValidation: "WHEN_REQUIRED",
        ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      });
      try {
        yield* new Bucket(sdk, client, session, context).deliveries();
      } finally {
        client.destroy();
      }
    },
  };
}

class Bucket {
  readonly #sdk: typeof S3;
  readonly #client: S3.S3Client;
  readonly #session: Session;
  readonly #context: PullContext;
  readonly #name: string;
  readonly #prefix: string;

  constructor(sdk: typeof S3, client: S3.S3Client, session: Session, context: PullContext) {
    this.#sdk = sdk;
    this.#client = client;
    this.#session = session;
    this.#context = context;
    const { bucket = "", prefix } = session.connection.settings;
    this.#name = bucket;
    this.#prefix = prefix === undefined ? "" : `${prefix}/`;
  }

  async *deliveries(): AsyncGenerator<SyncBatch> {
    const objects = new Map<string, ListedObject>();
    const manifests: ManifestObject[] = [];
    for await (const object of this.#list()) {
      const manifest = manifestObject(object);
      if (manifest === undefined) objects.set(object.key, object);
      else manifests.push(manifest);
      if (objects.size > MAX_OBJECTS) throw this.#tooMany();
    }
    this.#checkOneExport(manifests);
    const most = numberSetting(this.#session.connection.settings, "months", Infinity);
    for (const manifest of newestByPeriod(manifests).slice(0, most))
      yield await this.#delivery(manifest, objects);
  }

  async *#list(): AsyncGenerator<ListedObject> {
    const action = "s3:ListBucket";
    const listed = pages(
      action,
      (ContinuationToken) =>
        this.#call(action, (abortSignal) =>
          this.#client.send(
            new this.#sdk.ListObjectsV2Command({
              Bucket: this.#name,
              Prefix: this.#prefix,
              ...(ContinuationToken !== undefined && { ContinuationToken }),
            }),
            { abortSignal },
          ),
        ),
      (page) => page.NextContinuationToken,
    );
    for await (const page of listed) {
      for (const { Key, ETag = "", Size = 0, LastModified } of page.Contents ?? []) {
        if (Key !== undefined)
          yield { key: Key, etag: ETag, size: Size, modified: LastModified?.getTime() ?? 0 };
      }
    }
  }

  #call<T>(action: string, send: (signal: AbortSignal) => Promise<T>, key?: string): Promise<T> {
    const resource = `s3://${this.#name}/${key ?? this.#prefix}`;
    return this.#session.call(action, send, { resource, streams: key !== undefined });
  }

  async #delivery(manifest: ManifestObject, objects: ReadonlyMap<string, ListedObject>): Promise<SyncBatch> {
    const { period } = manifest;
    const title = `billing period ${period}`;
    const [manifestTag, filesTag] = (this.#context.marks[period] ?? "").split(" ");
    if (manifestTag === manifest.etag) return { kind: "unchanged", id: period, title };
    const { files, id, payer } = parseManifest(await this.#readText(manifest), manifest.key, this.#name);
    const found = files.map((key) => objects.get(key) ?? missing(manifest, key));
    const tag = fingerprint(found);
    if (tag === filesTag) return { kind: "unchanged", id: period, title };
    const bytes = found.reduce((sum, file) => sum + file.size, 0);
    return {
      kind: "files",
      id: period,
      title: `${title}, ${found.length} ${found.length === 1 ? "file" : "files"}, ${(bytes / 1e6).toFixed(1)} MB${id === "" ? "" : `, delivery ${id}`}`,
      period,
      payer,
      files: found.map((file) => this.#file(file)),
      marks: () => ({ [period]: `${manifest.etag} ${tag}` }),
      notes: () =>
        found.length === 0 ? [`The delivery for ${period} has no data files; nothing was replaced.`] : [],
    };
  }

  async #readText(object: ListedObject): Promise<string> {
    if (object.size > MAX_MANIFEST_BYTES) throw tooLarge(object);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#read(object)) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  }

  #file(object: ListedObject): InputFile {
    return {
      name: `s3://${this.#name}/${object.key}`,
      size: object.size,
      open: () => this.#download(object),
    };
  }

  async *#download(object: ListedObject): AsyncGenerator<Uint8Array> {
    let got = 0;
    for await (const chunk of this.#read(object)) {
      got += chunk.length;
      yield chunk;
      this.#context.onProgress(
        `Downloading ${must(object.key.split("/").at(-1), "the name of an object")} ${(got / 1e6).toFixed(1)} of ${(object.size / 1e6).toFixed(1)} MB`,
      );
    }
  }

  /** Reads the object as it was listed, resuming where a connection breaks. */
  async *#read(object: ListedObject): AsyncGenerator<Uint8Array> {
    let at = 0;
    for (let futile = 0; ; futile++) {
      const before = at;
      try {
        for await (const chunk of await this.#open(object, at)) {
          at += chunk.length;
          yield chunk;
        }
        if (at >= object.size) return;
        throw new Error(`the connection ended after ${at} of ${object.size} bytes`);
      } catch (error) {
        this.#context.signal.throwIfAborted();
        if (error instanceof DomainError) throw error;
        if (at > before) futile = 0;
        if (futile >= MAX_FUTILE) {
          const { connection } = this.#session;
          const resource = `s3://${this.#name}/${object.key}`;
          throw translate({ connection, action: "s3:GetObject", resource }, error);
        }
      }
    }
  }

  /** `IfMatch` keeps a file that is replaced meanwhile from being assembled from two deliveries. */
  async #open(object: ListedObject, from: number): Promise<AsyncIterable<Uint8Array>> {
    const input = {
      Bucket: this.#name,
      Key: object.key,
      IfMatch: object.etag,
      ...(from > 0 && { Range: `bytes=${from}-` }),
    };
    const answer = await this.#call(
      "s3:GetObject",
      async (abortSignal) => {
        try {
          return await this.#client.send(new this.#sdk.GetObjectCommand(input), { abortSignal });
        } catch (error) {
          if (error instanceof Error && error.name === "PreconditionFailed") throw replaced(object, error);
          throw error;
        }
      },
      object.key,
    );
    return answer.Body as unknown as AsyncIterable<Uint8Array>;
  }

  /** Two exports of one bill would count every cost twice, so the choice is the operator's. */
  #checkOneExport(manifests: readonly ManifestObject[]): void {
    const roots = [...new Set(manifests.map((manifest) => manifest.root))].sort();
    const place = `s3://${this.#name}/${this.#prefix}`;
    if (roots.length === 1) return;
    if (roots.length > 1) {
      const shown = roots.slice(0, 5).map((root) => root.replace(/\/$/, ""));
      throw new DomainError(
        "sync.several-exports",
        "unavailable",
        `${place} holds ${roots.length} exports: ${shown.join(", ")}`,
        {
          field: "prefix",
          fix: `Add a connection for one of them, for example --prefix ${must(shown[0], "one of several exports")}.`,
        },
      );
    }
    throw new DomainError(
      "sync.not-found",
      "unavailable",
      `${place} holds no cost export: there is no manifest`,
      {
        field: "prefix",
        fix: "Give the folder of the export as prefix. The first delivery of a new export can take a day.",
      },
    );
  }

  #tooMany(): DomainError {
    return new DomainError(
      "sync.several-exports",
      "unavailable",
      `s3://${this.#name}/${this.#prefix} holds more than ${MAX_OBJECTS} objects`,
      { field: "prefix", fix: "Give the folder of the export as prefix." },
    );
  }
}

/** A fingerprint of names and contents, whatever else the manifest says. */
function fingerprint(files: readonly ListedObject[]): string {
  const hash = createHash("sha256");
  for (const { key, etag } of [...files].sort((a, b) => (a.key < b.key ? -1 : 1)))
    hash.update(`${key}\0${etag}\n`);
  return hash.digest("hex").slice(0, 32);
}

function missing(manifest: ManifestObject, key: string): never {
  throw new DomainError(
    "sync.incomplete-delivery",
    "unavailable",
    `The delivery for ${manifest.period} is incomplete: ${key}, which its manifest names, does not exist`,
    {
      fix: "Try again later; if that does not help, refresh the export. Data loaded earlier is unchanged.",
      retryAfter: 3600,
    },
  );
}

function tooLarge(object: ListedObject): DomainError {
  return new DomainError(
    "sync.unexpected-answer",
    "unavailable",
    `${object.key} has ${object.size} bytes; no manifest is that large`,
    { fix: "Check that the prefix is that of a cost export." },
  );
}

function replaced(object: ListedObject, cause: unknown): DomainError {
  return new DomainError(
    "sync.incomplete-delivery",
    "unavailable",
    `${object.key} was replaced while it was read: a new delivery is being written`,
    { fix: "Try again in an hour. Data loaded earlier is unchanged.", retryAfter: 3600, cause },
  );
}
