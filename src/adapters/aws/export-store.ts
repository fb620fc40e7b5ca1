import { DomainError } from "../../core/errors/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ExportJob, ExportLegs, ExportStore, TenantExports } from "../../ports/export-store.ts";
import type { Dynamo, Item } from "./dynamo.ts";
import { AwsLegs, forgetLegs, jobItem, type LegPlace } from "./export-legs.ts";
import { isExpired, text, unpacked } from "./items.ts";
import type { ObjectStore } from "./object-store.ts";
import { inOrder } from "./records.ts";

const PREFIX = "export#";

/** Exports: records in the reports table, which expire with their files, and files in the bucket. */
export function createExportStore(
  dynamo: Dynamo,
  table: string,
  objects: ObjectStore,
  clock: Clock,
): ExportStore {
  return { forTenant: (tenant) => new AwsExports({ dynamo, table, objects, clock }, tenant) };
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

class AwsExports implements TenantExports {
  readonly #parts: Parts;
  readonly #tenant: string;
  readonly legs: ExportLegs;

  constructor(parts: Parts, tenant: string) {
    this.#parts = parts;
    this.#tenant = tenant;
    this.legs = new AwsLegs((id) => this.#place(id));
  }

  #key(id: string): Item {
    return { customer_id: text(this.#tenant), id: text(PREFIX + id) };
  }

  #place(id: string): LegPlace {
    const object = exportObjectKey(this.#tenant, id);
    return { ...this.#parts, key: this.#key(id), object, checkpoints: checkpointPrefix(this.#tenant, id) };
  }

  async get(id: string): Promise<ExportJob | undefined> {
    const { dynamo, table, clock } = this.#parts;
    const item = await dynamo.get(table, this.#key(id));
    if (item === undefined || isExpired(item, clock.now())) return undefined;
    return unpacked(item, "body") as ExportJob;
  }

  async list(page: { limit: number; after?: string }): Promise<ExportJob[]> {
    const { dynamo, table, clock } = this.#parts;
    const query = inOrder(table, this.#tenant, PREFIX, page, "newest-first");
    const items = await dynamo.queryAll(query, page.limit, (item) => !isExpired(item, clock.now()));
    return items.map((item) => unpacked(item, "body") as ExportJob);
  }

  async put(job: ExportJob): Promise<void> {
    const { dynamo, table } = this.#parts;
    await dynamo.put({ TableName: table, Item: { ...this.#key(job.id), ...jobItem(job) } });
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
    const { dynamo, table, objects } = this.#parts;
    await forgetLegs(this.#place(id));
    await objects.remove(exportObjectKey(this.#tenant, id));
    await dynamo.delete({ TableName: table, Key: this.#key(id) });
  }
}
