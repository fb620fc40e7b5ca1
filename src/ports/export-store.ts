import type { Manifest } from "../core/reports/manifest.ts";
import type { ExportFormat } from "../core/reports/formats.ts";

export type ExportStatus = "pending" | "running" | "done" | "failed";

/** An export job and, when done, its file. */
export interface ExportJob {
  id: string;
  title: string;
  format: ExportFormat;
  fileName: string;
  status: ExportStatus;
  /** Rows written so far and in all, null while unknown. */
  rowsWritten: number;
  rowsTotal: number | null;
  bytes: number | null;
  manifest: Manifest | null;
  /** Why it failed: a stable code and a message. */
  error: { code: string; message: string } | null;
  requestedBy: string;
  /** RFC 3339, UTC. */
  createdAt: string;
  finishedAt: string | null;
  expiresAt: string;
  /** When it last got on; absent where no other process needs to know. */
  progressAt?: string;
}

/**
 * One leg of the way to a file that processes write one after the other, taken by one of them.
 * What changes the job throws DomainError `export.leg-lost` when the job is gone or another process has its leg.
 */
export interface ExportLeg {
  /** The job's record as it was when the leg was taken. */
  readonly job: ExportJob;
  /** Legs before this one. */
  readonly number: number;
  /** What the leg before left; undefined in the first, and when it cannot be read: the file is empty then. */
  readonly checkpoint: unknown;
  /** Adds to the end of the file, as fast as it can be stored. The bytes are the store's from then on. */
  add(bytes: Uint8Array): Promise<void>;
  /** Changes the job's record, to tell how it goes. */
  tell(job: ExportJob): Promise<void>;
  /** Ends the leg where the next one begins. @param checkpoint any value that survives a structured clone */
  leave(job: ExportJob, checkpoint: unknown): Promise<void>;
  /** Forgets all bytes of this leg and of those before. */
  startOver(): Promise<void>;
  /** Makes the file visible. @returns its bytes */
  complete(): Promise<number>;
  /** Ends the job, done or failed, and frees all but a file that is complete. */
  end(job: ExportJob): Promise<void>;
}

/** The store's ability to have a file written by several processes, one after the other. */
export interface ExportLegs {
  /**
   * Takes the leg of a job that is to be written next; of many who ask one gets it.
   * @param milliseconds after which whoever took it cannot be at work any more, and another may take it
   * @returns undefined when another has it, or the job is gone or not running
   */
  take(id: string, milliseconds: number): Promise<ExportLeg | undefined>;
}

/** One tenant's exports. A file becomes visible only when it is whole. */
export interface TenantExports {
  get(id: string): Promise<ExportJob | undefined>;
  /** Newest first. */
  list(page: { limit: number; after?: string }): Promise<ExportJob[]>;
  /** Creates or replaces the job's record. */
  put(job: ExportJob): Promise<void>;
  /**
   * Stores the job's file, pulling as it writes. When the stream fails nothing is stored and its error is rethrown.
   * @returns bytes written
   */
  write(id: string, content: AsyncIterable<Uint8Array>): Promise<number>;
  /** @throws DomainError `export.not-found` when the job has no file */
  read(id: string): Promise<AsyncIterable<Uint8Array>>;
  /** Removes record and file, whole or not; does nothing when neither exists. */
  remove(id: string): Promise<void>;
  /** Present where a file can be written in legs. */
  readonly legs?: ExportLegs;
}

export interface ExportStore {
  forTenant(tenant: string): TenantExports;
}
