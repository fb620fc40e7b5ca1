import type { RouteSpec } from "./route.ts";
import { analyticsRoutes } from "./routes/analytics.ts";
import { auditRoutes } from "./routes/audit.ts";
import { connectionRoutes } from "./routes/connections.ts";
import { costRoutes } from "./routes/costs.ts";
import { exportRoutes } from "./routes/exports.ts";
import { importRoutes } from "./routes/imports.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { postureRoutes } from "./routes/posture.ts";
import { reportRoutes } from "./routes/reports.ts";
import { serviceRoutes } from "./routes/service.ts";
import { tenantRoutes } from "./routes/tenants.ts";

/** The HTTP API, whole: what is not in this table is not routed. */
export const ROUTES = {
  ...serviceRoutes,
  ...analyticsRoutes,
  ...postureRoutes,
  ...costRoutes,
  ...exportRoutes,
  ...reportRoutes,
  ...importRoutes,
  ...jobRoutes,
  ...connectionRoutes,
  ...tenantRoutes,
  ...auditRoutes,
};

export type Routes = typeof ROUTES;
export type RouteId = keyof Routes;

/** The table as a list, for those who treat all routes alike. */
export function routeList(): (RouteSpec & { id: RouteId })[] {
  return (Object.keys(ROUTES) as RouteId[]).map((id) => ({ ...(ROUTES[id] as RouteSpec), id }));
}
