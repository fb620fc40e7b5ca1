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
  /** Removes record and file; does nothing when neither exists. */
  remove(id: string): Promise<void>;
}

export interface ExportStore {
  forTenant(tenant: string): TenantExports;
}
