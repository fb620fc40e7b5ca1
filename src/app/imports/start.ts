import type { Principal } from "../../core/access/access.ts";
import { shorten } from "../../core/errors/bounded.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { Job } from "../../core/jobs/job.ts";
import { KEEP_UPLOAD_MS, type UploadAddress, type UploadFile } from "../../ports/uploads.ts";
import { enqueueJob, makeJob } from "../jobs/jobs.ts";
import { jobKey, ownerPrefix } from "../../core/jobs/key.ts";
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

/** Says where to send files, of any size, before they are imported. @throws DomainError `upload.too-many-bytes` */
export async function openUpload(
  services: Services,
  principal: Principal,
  files: readonly UploadFile[],
): Promise<OpenedUpload> {
  const tenant = principal.tenant ?? null;
  const now = services.clock.now();
  const most = services.limits.imports.uploadBytes;
  const bytes = (await waitingBytes(services, tenant)) + sizeOf(files);
  if (bytes > most) {
    throw new DomainError(
      "upload.too-many-bytes",
      "too-large",
      `Uploads that wait for their import would have ${bytes} bytes; they may have ${most}`,
      { fix: "Import what was uploaded first; uploads that are not imported go after a day." },
    );
  }
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
  await services.uploads.forOwner(tenant).write(id, Number(index), file.name, asAnnounced(file, content));
}

/** The content, ended with an error when it is larger than what was announced. */
async function* asAnnounced(
  { name, size }: UploadFile,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (bytes > size) {
      throw new DomainError(
        "upload.incomplete",
        "unprocessable",
        `${shorten(name)} is larger than the ${size} bytes that were announced`,
        { fix: "Begin a new upload with the size the file has now." },
      );
    }
    yield chunk;
  }
}

const UPLOAD_PAGE = 1_000;

/** Bytes of an owner's uploads that were announced and not imported yet. */
async function waitingBytes(services: Services, tenant: string | null): Promise<number> {
  const prefix = ownerPrefix(tenant);
  let bytes = 0;
  let after: string | undefined;
  for (;;) {
    const page = await uploadRecords(services).list({
      limit: UPLOAD_PAGE,
      prefix,
      ...(after !== undefined && { after }),
    });
    bytes += page.reduce((sum, { record }) => sum + sizeOf(record.files), 0);
    const last = page.at(-1);
    if (last === undefined || page.length < UPLOAD_PAGE) return bytes;
    after = jobKey(last.record);
  }
}

function sizeOf(files: readonly UploadFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
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
