import type { ReportDefinition } from "../definition.ts";

/** A built-in report. */
export interface ReportTemplate {
  id: string;
  definition: ReportDefinition;
}
