import { DomainError } from "../../core/errors/errors.ts";
import type { ReportStore, SavedReport, TenantReports } from "../../ports/report-store.ts";
import type { Dynamo, Item } from "./dynamo.ts";
import { packed, text, textOf, unpacked } from "./items.ts";
import { ConditionFailed } from "./retry.ts";

const PREFIX = "report#";

/**
 * Saved reports in the reports table. Their ids sort by creation time (see `Ids`), so the newest come first by reading
 * the keys backwards, which, unlike an index, is never behind a write.
 */
export function createReportStore(dynamo: Dynamo, table: string): ReportStore {
  return { forTenant: (tenant) => new AwsReports(dynamo, table, tenant) };
}

class AwsReports implements TenantReports {
  readonly #dynamo: Dynamo;
  readonly #table: string;
  readonly #tenant: string;

  constructor(dynamo: Dynamo, table: string, tenant: string) {
    this.#dynamo = dynamo;
    this.#table = table;
    this.#tenant = tenant;
  }

  #key(id: string): Item {
    return { customer_id: text(this.#tenant), id: text(PREFIX + id) };
  }

  async get(id: string): Promise<SavedReport | undefined> {
    const item = await this.#dynamo.get(this.#table, this.#key(id));
    return item === undefined ? undefined : (unpacked(item, "body") as SavedReport);
  }

  async list(page: { limit: number; after?: string }): Promise<SavedReport[]> {
    const items = await this.#dynamo.queryAll(
      newestFirst(this.#table, this.#tenant, PREFIX, page),
      page.limit,
    );
    return items.map((item) => unpacked(item, "body") as SavedReport);
  }

  async create(report: SavedReport): Promise<void> {
    try {
      await this.#dynamo.put({
        TableName: this.#table,
        Item: this.#item(report),
        ConditionExpression: "attribute_not_exists(id)",
      });
    } catch (error) {
      if (await this.#wasOurs(error, report)) return;
      throw new DomainError("report.exists", "conflict", `There is already a report "${report.id}"`, {
        fix: "Save it under another id, or replace the one there.",
        cause: error,
      });
    }
  }

  async replace(report: SavedReport, expected: string): Promise<void> {
    try {
      await this.#dynamo.put({
        TableName: this.#table,
        Item: this.#item(report),
        ConditionExpression: "etag = :expected",
        ExpressionAttributeValues: { ":expected": text(expected) },
      });
    } catch (error) {
      if (await this.#wasOurs(error, report)) return;
      throw await this.#refusal(report.id, error);
    }
  }

  async remove(id: string, expected?: string): Promise<void> {
    try {
      await this.#dynamo.delete({
        TableName: this.#table,
        Key: this.#key(id),
        ConditionExpression: expected === undefined ? "attribute_exists(id)" : "etag = :expected",
        ...(expected !== undefined && { ExpressionAttributeValues: { ":expected": text(expected) } }),
      });
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const refusal = await this.#refusal(id, error);
      // The try before may have removed it although its answer was lost.
      if (error.ambiguous && refusal.code === "report.not-found") return;
      throw refusal;
    }
  }

  #item(report: SavedReport): Item {
    return {
      ...this.#key(report.id),
      created_at: text(report.createdAt),
      etag: text(report.etag),
      body: packed(report),
    };
  }

  /** Whether a failed condition failed on this very write; an etag is never given twice. Throws other errors. */
  async #wasOurs(error: unknown, report: SavedReport): Promise<boolean> {
    if (!(error instanceof ConditionFailed)) throw error;
    if (!error.ambiguous) return false;
    const item = await this.#dynamo.get(this.#table, this.#key(report.id));
    return item !== undefined && textOf(item, "etag") === report.etag;
  }

  async #refusal(id: string, cause: unknown): Promise<DomainError> {
    if (!(cause instanceof ConditionFailed)) throw cause;
    if ((await this.get(id)) === undefined) {
      return new DomainError("report.not-found", "not-found", `There is no report "${id}"`, {
        fix: "List the reports to see their ids.",
        cause,
      });
    }
    return new DomainError(
      "report.changed",
      "precondition",
      `The report "${id}" was changed since it was read`,
      { fix: "Read it again, and apply your change to what is there now.", cause },
    );
  }
}

/** A query for a tenant's records of one kind, newest first, behind the record `after`. */
export function newestFirst(
  table: string,
  tenant: string,
  prefix: string,
  page: { limit: number; after?: string },
): {
  TableName: string;
  KeyConditionExpression: string;
  ExpressionAttributeValues: Item;
  ScanIndexForward: boolean;
  ConsistentRead: boolean;
  Limit: number;
  ExclusiveStartKey?: Item;
} {
  return {
    TableName: table,
    KeyConditionExpression: "customer_id = :tenant AND begins_with(id, :prefix)",
    ExpressionAttributeValues: { ":tenant": text(tenant), ":prefix": text(prefix) },
    ScanIndexForward: false,
    ConsistentRead: true,
    Limit: page.limit,
    ...(page.after !== undefined && {
      ExclusiveStartKey: { customer_id: text(tenant), id: text(prefix + page.after) },
    }),
  };
}
