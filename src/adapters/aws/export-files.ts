import { DomainError } from "../../core/errors/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ExportFiles, ExportLegs, TenantExportFiles } from "../../ports/export-files.ts";
import type { Dynamo } from "./dynamo.ts";
import { AwsLegs, forgetLegs, type LegPlace } from "./export-legs.ts";
import type { ObjectStore } from "./object-store.ts";
import { RecordKeys } from "./record-items.ts";

/** Files in the bucket; the legs they are written in are noted on the record of their export in the reports table. */
export function createExportFiles(
  dynamo: Dynamo,
  table: string,
  objects: ObjectStore,
  clock: Clock,
): ExportFiles {
  return { forTenant: (tenant) => new AwsExportFiles({ dynamo, table, objects, clock }, tenant) };
}

interface Parts {
  dynamo: Dynamo;
  table: string;
  objects: ObjectStore;
  clock: Clock;
}

/** Where an export's file is in the bucket. */
export function exportObjectKey(tenant: string, id: string): string {
  return `${EXPORTS}${tenant}/${encodeURIComponent(id)}`;
}

/** Under this are the checkpoints of exports that are written in legs. */
export const CHECKPOINTS = "checkpoints/";
export const EXPORTS = "exports/";

function checkpointPrefix(tenant: string, id: string): string {
  return `${CHECKPOINTS}${tenant}/${encodeURIComponent(id)}/`;
}

class AwsExportFiles implements TenantExportFiles {
  readonly #parts: Parts;
  readonly #tenant: string;
  readonly legs: ExportLegs;

  constructor(parts: Parts, tenant: string) {
    this.#parts = parts;
    this.#tenant = tenant;
    this.legs = new AwsLegs((id) => this.#place(id));
  }

  #place(id: string): LegPlace {
    const object = exportObjectKey(this.#tenant, id);
    const key = new RecordKeys(this.#tenant).record("export", id);
    return { ...this.#parts, key, object, checkpoints: checkpointPrefix(this.#tenant, id) };
  }

  write(id: string, content: AsyncIterable<Uint8Array>): Promise<number> {
    return this.#parts.objects.write(exportObjectKey(this.#tenant, id), content);
  }

  async read(id: string): Promise<AsyncIterable<Uint8Array>> {
    const content = await this.#parts.objects.read(exportObjectKey(this.#tenant, id));
    if (content !== undefined) return content;
    throw new DomainError("export.not-found", "not-found", `The export "${id}" has no file`, {
      fix: "List the exports to see which are done; files are kept for 90 days.",
    });
  }

  async remove(id: string): Promise<void> {
    await forgetLegs(this.#place(id));
    await this.#parts.objects.remove(exportObjectKey(this.#tenant, id));
  }
}
