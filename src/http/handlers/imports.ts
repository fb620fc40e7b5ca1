import { importFiles } from "../../app/imports/import-files.ts";
import { listLoads, removeLoads } from "../../app/imports/loads.ts";
import type { Principal } from "../../core/access/access.ts";
import { DomainError, invalid } from "../../core/errors/errors.ts";
import { checkDate } from "../../core/time/dates.ts";
import type { Handlers } from "../call.ts";
import { json } from "../respond.ts";
import { disposeAll, receiveFiles } from "../upload.ts";

const DEFAULT_LOADS = 100;

/** @throws DomainError `date.invalid` */
function checkedDate(text: string, field: string): string {
  checkDate(text, field);
  return text;
}

export const importHandlers: Pick<Handlers, "createImport" | "listImports" | "removeImports"> = {
  createImport: async ({ request, query, principal, services, settings, signal }) => {
    const { tenant, format, dryRun, name, snapshot } = query;
    const target = targetTenant(principal, tenant);
    const files = await receiveFiles(request, {
      spool: services.spool,
      maxBytes: settings.maxUploadBytes,
      name,
      signal,
    });
    try {
      const report = await importFiles(services, files, {
        signal,
        ...(target !== undefined && { tenant: target }),
        ...(format !== undefined && { format }),
        ...(dryRun !== undefined && { dryRun }),
        ...(snapshot !== undefined && { snapshot: checkedDate(snapshot, "snapshot") }),
      });
      return json(report);
    } finally {
      await disposeAll(files);
    }
  },

  listImports: async ({ query, principal, services }) => {
    const { limit = DEFAULT_LOADS, totals } = query;
    const tenant = targetTenant(principal, query.tenant);
    const list = await listLoads(services, {
      limit,
      ...(tenant !== undefined && { tenant }),
      ...(totals !== undefined && { totals }),
    });
    return json(list);
  },

  removeImports: async ({ query, principal, services }) => {
    const tenant = targetTenant(principal, query.tenant);
    if (tenant === undefined) {
      throw invalid("request.missing-field", "tenant is missing: an operator has none of its own", {
        field: "tenant",
        fix: "Name the tenant whose loads are to go.",
      });
    }
    return json(await removeLoads(services, { ...query, tenant }));
  },
};

/**
 * The tenant a load is for. An admin's goes to the token's tenant, whatever the accounts in the files. An operator has
 * no tenant of its own and runs the registry, which decides whose facts are whose anyway: it may name one. It gets no
 * tenant's data to see by that.
 * @throws DomainError `access.forbidden` for an admin who names another tenant
 */
function targetTenant(principal: Principal, named: string | undefined): string | undefined {
  if (principal.tenant === undefined) return named;
  if (named === undefined || named === principal.tenant) return principal.tenant;
  throw new DomainError("access.forbidden", "forbidden", "An admin reaches the own tenant's imports only", {
    field: "tenant",
    fix: "Leave tenant out, or ask the operator to do it.",
  });
}
