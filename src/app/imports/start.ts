import type { Principal } from "../../core/access/access.ts";
import { shorten } from "../../core/errors/bounded.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { Job } from "../../core/jobs/job.ts";
import { KEEP_UPLOAD_MS, type UploadAddress, type UploadFile } from "../../ports/uploads.ts";
import { enqueueJob, makeJob } from "../jobs/jobs.ts";
import { jobKey } from "../../core/jobs/key.ts";
import { UPLOADS } from "../records/kinds.ts";
import { type Records, serviceRecords } from "../records/records.ts";
import type { StoredUpload } from "../records/kinds.ts";
import type { Services } from "../services.ts";
import { getTenant } from "../tenants/registry.ts";
import type { ImportChoices } from "./import-files.ts";
import type { ImportInput } from "./perform.ts";

/** Seconds that the addresses of an upload are good for. */
const ADDRESS_SECONDS = 3_600;

/**
 * Has a job load files that were uploaded.
 * @throws DomainError `tenant.not-found`
 */
export async function startImport(
  services: Services,
  principal: Principal,
  { upload, files, choices }: ImportInput,
): Promise<Job> {
  if (choices.tenant !== undefined) await getTenant(services, choices.tenant);
  const names = files.map(({ name }) => name);
  const job = makeJob(services, {
    kind: "import",
    tenant: principal.tenant ?? null,
    title: names.length === 1 ? `Import ${names[0] ?? ""}` : `Import ${names.length} files`,
    input: { upload, files, choices } satisfies ImportInput,
    requestedBy: principal.subject,
  });
  await enqueueJob(services, job);
  return job;
}

/** An upload and where its files are to be sent. */
export interface OpenedUpload {
  id: string;
  files: readonly (UploadFile & UploadAddress)[];
  /** RFC 3339, UTC; of the addresses. */
  expiresAt: string;
}

/** Says where to send files, of any size, before they are imported. */
export async function openUpload(
  services: Services,
  principal: Principal,
  files: readonly UploadFile[],
): Promise<OpenedUpload> {
  const tenant = principal.tenant ?? null;
  const now = services.clock.now();
  const stored: StoredUpload = {
    id: services.ids.next(),
    tenant,
    files,
    requestedBy: principal.subject,
    createdAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + KEEP_UPLOAD_MS).toISOString(),
  };
  await uploadRecords(services).create(stored);
  const own = services.uploads.forOwner(tenant);
  const addressed = files.map(async (file, i) => ({
    ...file,
    ...(await own.address(stored.id, i, file, ADDRESS_SECONDS)),
  }));
  return {
    id: stored.id,
    files: await Promise.all(addressed),
    expiresAt: new Date(now.getTime() + ADDRESS_SECONDS * 1000).toISOString(),
  };
}

/** Takes a file of an upload. @throws DomainError `upload.not-found`, `upload.unknown-file`, `upload.incomplete` */
export async function receiveUpload(
  services: Services,
  principal: Principal,
  id: string,
  index: string,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { files, tenant } = await getUpload(services, principal, id);
  const file = /^\d{1,4}$/.test(index) ? files[Number(index)] : undefined;
  if (file === undefined)
    throw new DomainError("upload.unknown-file", "not-found", `The upload has no file "${shorten(index)}"`, {
      fix: "Send each file to the address that was given for it.",
    });
  await services.uploads.forOwner(tenant).write(id, Number(index), file.name, content);
}

/**
 * Has a job load an upload whose files were sent to their addresses.
 * @throws DomainError `upload.not-found`, `upload.incomplete`, `tenant.not-found`
 */
export async function importUpload(
  services: Services,
  principal: Principal,
  id: string,
  choices: ImportChoices,
): Promise<Job> {
  const { files, tenant } = await getUpload(services, principal, id);
  // What has not arrived is told at once, not when the job is carried out.
  await services.uploads.forOwner(tenant).files(id, files);
  const job = await startImport(services, principal, { upload: id, files, choices });
  await uploadRecords(services).remove(jobKey({ tenant, id }));
  return job;
}

async function getUpload(services: Services, principal: Principal, id: string): Promise<StoredUpload> {
  const found = await uploadRecords(services).find(jobKey({ tenant: principal.tenant ?? null, id }));
  if (found === undefined) throw UPLOADS.errors.notFound(id);
  return found.record;
}

function uploadRecords(services: Services): Records<StoredUpload> {
  return serviceRecords(services, UPLOADS);
}
