import type { ReportDefinition } from "./definition.ts";

/** A report that was saved. */
export interface SavedReport {
  /** Sorts by time of creation. */
  id: string;
  definition: ReportDefinition;
  /** JWT `sub` of who saved it first. */
  createdBy: string;
  /** RFC 3339, UTC. */
  createdAt: string;
  updatedAt: string;
}
