import type { ImportChoices } from "../../app/imports/import-files.ts";
import { listLoads, removeLoads } from "../../app/imports/loads.ts";
import { reportOfImport } from "../../app/imports/perform.ts";
import { importUpload, openUpload, receiveUpload, startImport } from "../../app/imports/start.ts";
import { cancelJob } from "../../app/jobs/jobs.ts";
import { waitForJob } from "../../app/jobs/wait.ts";
import type { Principal } from "../../core/access/access.ts";
import { DomainError, invalid } from "../../core/errors/errors.ts";
import type { Job } from "../../core/jobs/job.ts";
import { checkDate } from "../../core/time/dates.ts";
import type { Call, Handlers } from "../call.ts";
import { json } from "../respond.ts";
import { bounded, receiveFiles } from "../upload.ts";
import { throwFailure, underWay, WAIT_MS } from "./jobs.ts";

/** @throws DomainError `date.invalid` */
function checkedDate(text: string, field: string): string {
  checkDate(text, field);
  return text;
}

type Names = "createImport" | "createUpload" | "putUpload" | "listImports" | "removeImports";

export const importHandlers: Pick<Handlers, Names> = {
  createImport: async (call) => {
    const { query, principal, services } = call;
    const { tenant, format, dryRun, snapshot } = query;
    const target = targetTenant(principal, tenant);
    const choices: ImportChoices = {
      ...(target !== undefined && { tenant: target }),
      ...(format !== undefined && { format }),
      ...(dryRun !== undefined && { dryRun }),
      ...(snapshot !== undefined && { snapshot: checkedDate(snapshot, "snapshot") }),
    };
    const job =
      query.upload === undefined
        ? await importBody(call, choices)
        : await importUpload(services, principal, query.upload, choices);
    return answer(call, await endOf(call, job));
  },

  createUpload: async ({ services, principal, body }) =>
    json(await openUpload(services, principal, body.files), 201),

  putUpload: async ({ services, principal, params, request, settings, signal }) => {
    const { maxUploadBytes: maxBytes, stallSeconds } = settings;
    const content = bounded(request, { maxBytes, stallSeconds, signal });
    await receiveUpload(services, principal, params.id, params.file, content);
    return new Response(null, { status: 204 });
  },

  listImports: async ({ query, principal, services }) => {
    const { tenant: named, ...page } = query;
    const tenant = targetTenant(principal, named);
    return json(await listLoads(services, tenant === undefined ? page : { ...page, tenant }));
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

/** Stores what the request brings, and has a job load it. */
async function importBody(
  { request, query, principal, services, settings, signal }: Call<"createImport">,
  choices: ImportChoices,
): Promise<Job> {
  const upload = services.ids.next();
  const own = services.uploads.forOwner(principal.tenant ?? null);
  let received = 0;
  try {
    const files = await receiveFiles(request, {
      spool: { store: (name, content) => own.write(upload, received++, name, content) },
      maxBytes: settings.maxUploadBytes,
      stallSeconds: settings.stallSeconds,
      name: query.name,
      signal,
    });
    const sent = files.map(({ name, size = 0 }) => ({ name, size }));
    return await startImport(services, principal, { upload, files: sent, choices });
  } catch (error) {
    await own.remove(upload).catch(() => undefined);
    throw error;
  }
}

/** A job that ended quickly, or as it is after a while. A client that leaves before it was told of the job ends it. */
async function endOf({ services, signal }: Call<"createImport">, job: Job): Promise<Job> {
  try {
    return await waitForJob(services, job, WAIT_MS, signal);
  } catch (error) {
    await cancelJob(services, job.tenant, job.id);
    throw error;
  }
}

function answer(call: Call<"createImport">, job: Job): Response {
  throwFailure(call, job);
  return job.status === "done" ? json(reportOfImport(job)) : underWay(job);
}

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
