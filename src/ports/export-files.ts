import type { ExportJob } from "../core/exports/export-job.ts";

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

/** The files of one tenant's exports. A file becomes visible only when it is whole. */
export interface TenantExportFiles {
  /**
   * Stores the file of an export, pulling as it writes. When the stream fails nothing is stored and its error is
   * rethrown.
   * @returns bytes written
   */
  write(id: string, content: AsyncIterable<Uint8Array>): Promise<number>;
  /** @throws DomainError `export.not-found` when the export has no file */
  read(id: string): Promise<AsyncIterable<Uint8Array>>;
  /** Removes the file, whole or not; does nothing when there is none. */
  remove(id: string): Promise<void>;
  /** Present where a file can be written in legs. */
  readonly legs?: ExportLegs;
}

export interface ExportFiles {
  forTenant(tenant: string): TenantExportFiles;
}
