import { complianceDashboard } from "../../app/compliance/dashboard.ts";
import { evidencePage } from "../../app/compliance/evidence-page.ts";
import { frameworkNames } from "../../app/compliance/frameworks.ts";
import { securityChanges } from "../../app/security/changed-findings.ts";
import { securityDashboard } from "../../app/security/dashboard.ts";
import type { PostureScope } from "../../app/security/snapshots.ts";
import type { TenantContext } from "../../app/services.ts";
import { summary } from "../../app/summary/summary.ts";
import { usageDashboard } from "../../app/usage/dashboard.ts";
import type { QueryFilter } from "../../core/query/query.ts";
import { resolveRange } from "../../core/time/ranges.ts";
import type { Handlers } from "../call.ts";
import { answered } from "../respond.ts";
import { rangeOf } from "./analytics.ts";

type Lists = Partial<Record<"account" | "region" | "service" | "framework" | "control", string[]>>;

/**
 * What a dashboard's parameters ask about. The range is resolved once, so that all its answers are over the same days
 * even when midnight passes meanwhile.
 */
async function scopeOf(
  tenant: TenantContext,
  params: Parameters<typeof rangeOf>[0] & Lists,
): Promise<PostureScope> {
  const fields = ["account", "region", "service", "framework", "control"] as const;
  const { framework } = params;
  const named = framework === undefined ? {} : { framework: await frameworkNames(tenant, framework) };
  const lists: Lists = { ...params, ...named };
  return {
    range: resolveRange(rangeOf(params), tenant.services.clock.now(), tenant.tenant.zone),
    filters: fields.flatMap((field): QueryFilter[] => {
      const value = lists[field];
      return value === undefined ? [] : [{ field, op: "in", value }];
    }),
  };
}

const COMPARE = "previous-period";

export const postureHandlers: Pick<
  Handlers,
  "summary" | "security" | "securityChanges" | "compliance" | "complianceEvidence" | "usage"
> = {
  summary: async ({ tenant, query, request }) =>
    answered(
      request,
      await summary(tenant, { ...(await scopeOf(tenant, query)), compare: query.compare ?? COMPARE }),
    ),

  security: async ({ tenant, query, request }) => {
    const { top = 10, compare = COMPARE } = query;
    return answered(
      request,
      await securityDashboard(tenant, { ...(await scopeOf(tenant, query)), top, compare }),
    );
  },

  securityChanges: async ({ tenant, query, request }) =>
    answered(request, await securityChanges(tenant, await scopeOf(tenant, query), query.list ?? 20)),

  compliance: async ({ tenant, query, request }) => {
    const { top = 100, compare = COMPARE } = query;
    return answered(
      request,
      await complianceDashboard(tenant, { ...(await scopeOf(tenant, query)), top, compare }),
    );
  },

  complianceEvidence: async ({ tenant, query, request }) => {
    const { range, filters } = await scopeOf(tenant, query);
    const { status, limit = 100, after } = query;
    const own: QueryFilter[] = status === undefined ? [] : [{ field: "status", op: "equals", value: status }];
    return answered(
      request,
      await evidencePage(tenant, { range, filters: [...filters, ...own] }, limit, after),
    );
  },

  usage: async ({ tenant, query, request }) => {
    const { top = 10, compare = COMPARE } = query;
    return answered(
      request,
      await usageDashboard(tenant, { ...(await scopeOf(tenant, query)), top, compare }),
    );
  },
};
