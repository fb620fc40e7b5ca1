import type { ExportFormat } from "../reports/formats.ts";
import type { Manifest } from "../reports/manifest.ts";

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
