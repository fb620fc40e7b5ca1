import type { Handlers } from "../call.ts";
import { analyticsHandlers } from "./analytics.ts";
import { auditHandlers } from "./audit.ts";
import { connectionHandlers } from "./connections.ts";
import { costHandlers } from "./costs.ts";
import { exportHandlers } from "./exports.ts";
import { importHandlers } from "./imports.ts";
import { jobHandlers } from "./jobs.ts";
import { postureHandlers } from "./posture.ts";
import { reportHandlers } from "./reports.ts";
import { serviceHandlers } from "./service.ts";
import { tenantHandlers } from "./tenants.ts";

/** Every operation of the contract and what does it. */
export const handlers: Handlers = {
  ...serviceHandlers,
  ...analyticsHandlers,
  ...postureHandlers,
  ...costHandlers,
  ...exportHandlers,
  ...reportHandlers,
  ...importHandlers,
  ...jobHandlers,
  ...connectionHandlers,
  ...tenantHandlers,
  ...auditHandlers,
};
