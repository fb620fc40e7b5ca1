import { DomainError } from "../../core/errors/errors.ts";
import type { ExportFiles, TenantExportFiles } from "../../ports/export-files.ts";
import type { ObjectStore } from "./object-store.ts";

/** Export files as objects in the bucket. */
export function createExportFiles(objects: ObjectStore): ExportFiles {
  return { forTenant: (tenant) => new AwsExportFiles(objects, tenant), all: () => allFiles(objects) };
}

async function allFiles(objects: ObjectStore): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const key of await objects.keys(EXPORTS)) {
    const [tenant, name, ...rest] = key.slice(EXPORTS.length).split("/");
    if (tenant === undefined || name === undefined || rest.length > 0) continue;
    const id = decodeURIComponent(name);
    if (exportObjectKey(tenant, id) === key) found.set(tenant, [...(found.get(tenant) ?? []), id]);
  }
  return found;
}

/** All export files are under this prefix. */
export const EXPORTS = "exports/";

/** Where an export's file is in the bucket. */
export function exportObjectKey(tenant: string, id: string): string {
  return `${EXPORTS}${tenant}/${encodeURIComponent(id)}`;
}

class AwsExportFiles implements TenantExportFiles {
  readonly #objects: ObjectStore;
  readonly #tenant: string;

  constructor(objects: ObjectStore, tenant: string) {
    this.#objects = objects;
    this.#tenant = tenant;
  }

  write(id: string, content: AsyncIterable<Uint8Array>): Promise<number> {
    return this.#objects.write(exportObjectKey(this.#tenant, id), content);
  }

  async read(id: string): Promise<AsyncIterable<Uint8Array>> {
    const content = await this.#objects.read(exportObjectKey(this.#tenant, id));
    if (content !== undefined) return content;
    throw new DomainError("export.not-found", "not-found", `The export "${id}" has no file`, {
      fix: "List the exports to see which are done; files are kept for 90 days.",
    });
  }

  async remove(id: string): Promise<void> {
    await this.#objects.remove(exportObjectKey(this.#tenant, id));
  }
}
