import type { JobKind } from "../../core/jobs/job.ts";
import { performExport } from "../exports/perform.ts";
import { performImport } from "../imports/perform.ts";
import { performSync } from "../sync/perform.ts";
import { performClaim } from "../tenants/claims.ts";
import type { JobHandler } from "./handler.ts";

/** What carries out each kind of job. */
export const HANDLERS: Readonly<Record<JobKind, JobHandler>> = {
  import: performImport,
  export: performExport,
  sync: performSync,
  claim: performClaim,
};
