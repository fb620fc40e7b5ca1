import { DomainError } from "../../core/errors/errors.ts";
import type { Budget, BudgetStore, TenantBudgets } from "../../ports/budget-store.ts";
import type { Dynamo, Item } from "./dynamo.ts";
import { packed, text, textOf, unpacked } from "./items.ts";
import { ConditionFailed } from "./retry.ts";

const PREFIX = "budget#";

/** Budgets in the reports table, beside the tenant's reports; their ids sort by time of creation (see `Ids`). */
export function createBudgetStore(dynamo: Dynamo, table: string): BudgetStore {
  return { forTenant: (tenant) => new AwsBudgets(dynamo, table, tenant) };
}

class AwsBudgets implements TenantBudgets {
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

  async get(id: string): Promise<Budget | undefined> {
    const item = await this.#dynamo.get(this.#table, this.#key(id));
    return item === undefined ? undefined : (unpacked(item, "body") as Budget);
  }

  async list({ limit, after }: { limit: number; after?: string }): Promise<Budget[]> {
    const items = await this.#dynamo.queryAll(
      {
        TableName: this.#table,
        KeyConditionExpression: "customer_id = :tenant AND begins_with(id, :prefix)",
        ExpressionAttributeValues: { ":tenant": text(this.#tenant), ":prefix": text(PREFIX) },
        ConsistentRead: true,
        Limit: limit,
        ...(after !== undefined && { ExclusiveStartKey: this.#key(after) }),
      },
      limit,
    );
    return items.map((item) => unpacked(item, "body") as Budget);
  }

  async create(budget: Budget): Promise<void> {
    try {
      await this.#dynamo.put({
        TableName: this.#table,
        Item: this.#item(budget),
        ConditionExpression: "attribute_not_exists(id)",
      });
    } catch (error) {
      if (await this.#wasOurs(error, budget)) return;
      throw new DomainError("budget.exists", "conflict", `There is a budget ${budget.id} already`, {
        fix: "Save it under a new id, or replace the one there is.",
        cause: error,
      });
    }
  }

  async replace(budget: Budget, expected: string): Promise<void> {
    try {
      await this.#dynamo.put({
        TableName: this.#table,
        Item: this.#item(budget),
        ConditionExpression: "etag = :expected",
        ExpressionAttributeValues: { ":expected": text(expected) },
      });
    } catch (error) {
      if (await this.#wasOurs(error, budget)) return;
      throw await this.#refusal(budget.id, error);
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
      if (error.ambiguous && refusal.code === "budget.not-found") return;
      throw refusal;
    }
  }

  #item(budget: Budget): Item {
    return {
      ...this.#key(budget.id),
      created_at: text(budget.createdAt),
      etag: text(budget.etag),
      body: packed(budget),
    };
  }

  /** Whether a failed condition failed on this very write; an etag is never given twice. Throws other errors. */
  async #wasOurs(error: unknown, budget: Budget): Promise<boolean> {
    if (!(error instanceof ConditionFailed)) throw error;
    if (!error.ambiguous) return false;
    const item = await this.#dynamo.get(this.#table, this.#key(budget.id));
    return item !== undefined && textOf(item, "etag") === budget.etag;
  }

  async #refusal(id: string, cause: unknown): Promise<DomainError> {
    if (!(cause instanceof ConditionFailed)) throw cause;
    if ((await this.get(id)) === undefined) {
      return new DomainError("budget.not-found", "not-found", `There is no budget ${id}`, {
        fix: "List the budgets to find its id; it may have been removed.",
        cause,
      });
    }
    return new DomainError(
      "budget.changed",
      "precondition",
      `The budget ${id} was changed since it was read`,
      { fix: "Read it again, apply the change to that, and save with its new ETag.", cause },
    );
  }
}
