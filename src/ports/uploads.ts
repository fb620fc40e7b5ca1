import type { SpooledFile } from "./spool.ts";

/** How long an upload is kept that nobody imports, in milliseconds. */
export const KEEP_UPLOAD_MS = 24 * 3_600_000;

/** A file of an upload, which may yet have to arrive. */
export interface UploadFile {
  /** As the user knows it; never used as a path. */
  name: string;
  /** Bytes. */
  size: number;
}

/** Where and how a client sends a file. */
export interface UploadAddress {
  /** Absolute, or relative to the address of the service. */
  url: string;
  method: "PUT";
  /** To be sent with it. */
  headers: Readonly<Record<string, string>>;
  /** Whether the service itself takes it, and wants to see the client's token. */
  authorize: boolean;
}

/** The uploads of one tenant, or of the operator. A handle never sees another's. */
export interface OwnUploads {
  /**
   * Stores a file of an upload, pulling as it writes.
   * @param index its place in the upload, from 0
   * @throws what the content throws; nothing is kept then
   */
  write(
    upload: string,
    index: number,
    name: string,
    content: AsyncIterable<Uint8Array>,
  ): Promise<SpooledFile>;
  /** @param seconds the address is good for */
  address(upload: string, index: number, file: UploadFile, seconds: number): Promise<UploadAddress>;
  /**
   * The files, in order.
   * @throws DomainError `upload.incomplete` when one is not there or has another size
   */
  files(upload: string, files: readonly UploadFile[]): Promise<SpooledFile[]>;
  remove(upload: string): Promise<void>;
}

/** Keeps what clients send until the job that loads it has ended: also when that is another process. */
export interface UploadStore {
  /** @param tenant null: the operator's */
  forOwner(tenant: string | null): OwnUploads;
}
