import { randomUUID } from "node:crypto";
import type { TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { DomainError } from "../../core/errors/errors.ts";
import type { Tenant } from "../../core/tenants/tenant.ts";
import type { TenantStore } from "../../ports/tenant-store.ts";
import { type Dynamo, type Item, MAX_TRANSACTION } from "./dynamo.ts";
import { packed, text, textOf, unpacked } from "./items.ts";
import { ConditionFailed } from "./retry.ts";

/** Partitions of the reports table that belong to no tenant: no tenant id has this form. */
const PROFILES = "#tenants";
const ACCOUNTS = "#accounts";

/**
 * The registry: a profile a tenant, and a claim an account that names its owner. Both are written in one transaction,
 * so that an account has one owner at most. A tenant with more than some hundred new accounts takes several, claims
 * first and the profile last; claims without a profile that lists them are given back on failure and can be taken over.
 */
export class AwsTenantStore implements TenantStore {
  readonly #dynamo: Dynamo;
  readonly #table: string;

  constructor(dynamo: Dynamo, table: string) {
    this.#dynamo = dynamo;
    this.#table = table;
  }

  async get(id: string): Promise<Tenant | undefined> {
    return (await this.#find(id))?.tenant;
  }

  async #find(id: string): Promise<{ tenant: Tenant; revision: string } | undefined> {
    const item = await this.#dynamo.get(this.#table, profileKey(id));
    if (item === undefined) return undefined;
    return { tenant: unpacked(item, "body") as Tenant, revision: textOf(item, "etag") ?? "" };
  }

  async list(): Promise<Tenant[]> {
    const items = await this.#dynamo.queryAll({
      TableName: this.#table,
      KeyConditionExpression: "customer_id = :registry",
      ExpressionAttributeValues: { ":registry": text(PROFILES) },
      ConsistentRead: true,
    });
    return items.map((item) => unpacked(item, "body") as Tenant);
  }

  async add(tenant: Tenant): Promise<void> {
    if ((await this.get(tenant.id)) !== undefined) throw exists(tenant.id);
    await this.#write(tenant, undefined, () => exists(tenant.id));
  }

  async update(tenant: Tenant): Promise<void> {
    const before = await this.#find(tenant.id);
    if (before === undefined) {
      throw new DomainError("tenant.not-found", "not-found", `There is no tenant "${tenant.id}"`, {
        fix: "List the tenants to see their ids.",
      });
    }
    await this.#write(tenant, before, () => changed(tenant.id));
  }

  async #write(
    tenant: Tenant,
    before: { tenant: Tenant; revision: string } | undefined,
    refused: () => DomainError,
  ): Promise<void> {
    const held = new Set(before?.tenant.accounts ?? []);
    const claimed = tenant.accounts.filter((account) => !held.has(account));
    const released = [...held].filter((account) => !tenant.accounts.includes(account));
    const claims = claimed.map((account) => this.#claim(tenant.id, account));
    const last = MAX_TRANSACTION - 1;
    const early = claims.slice(0, Math.max(0, claims.length - last));
    try {
      for (let at = 0; at < early.length; at += MAX_TRANSACTION)
        await this.#dynamo.transact(early.slice(at, at + MAX_TRANSACTION), randomUUID());
      const final = [this.#profile(tenant, before?.revision), ...claims.slice(early.length)];
      await this.#dynamo.transact(final, randomUUID());
    } catch (error) {
      if (early.length > 0) await this.#release(tenant.id, claimed);
      if (!(error instanceof ConditionFailed)) throw error;
      throw (await this.#takenBy(tenant.id, claimed, error)) ?? refused();
    }
    await this.#release(tenant.id, released);
  }

  #profile(tenant: Tenant, revision: string | undefined): TransactWriteItem {
    const item: Item = {
      ...profileKey(tenant.id),
      created_at: text(tenant.createdAt),
      etag: text(randomUUID()),
      body: packed(tenant),
    };
    const condition =
      revision === undefined
        ? { ConditionExpression: "attribute_not_exists(id)" }
        : {
            ConditionExpression: "etag = :seen",
            ExpressionAttributeValues: { ":seen": text(revision) },
          };
    return { Put: { TableName: this.#table, Item: item, ...condition } };
  }

  #claim(tenant: string, account: string): TransactWriteItem {
    return {
      Put: {
        TableName: this.#table,
        Item: { ...accountKey(account), tenant: text(tenant) },
        ConditionExpression: "attribute_not_exists(id) OR tenant = :tenant",
        ExpressionAttributeValues: { ":tenant": text(tenant) },
      },
    };
  }

  async #takenBy(
    tenant: string,
    accounts: readonly string[],
    cause: unknown,
  ): Promise<DomainError | undefined> {
    for (const account of accounts) {
      const item = await this.#dynamo.get(this.#table, accountKey(account));
      const owner = item === undefined ? undefined : textOf(item, "tenant");
      if (owner === undefined || owner === tenant) continue;
      return new DomainError(
        "tenant.account-taken",
        "conflict",
        `The account ${account} belongs to the tenant "${owner}"`,
        { field: "accounts", fix: `Take it from "${owner}" first, or leave it out.`, cause },
      );
    }
    return undefined;
  }

  /** Gives claims back that are the tenant's. */
  async #release(tenant: string, accounts: readonly string[]): Promise<void> {
    for (const account of accounts) {
      try {
        await this.#dynamo.delete({
          TableName: this.#table,
          Key: accountKey(account),
          ConditionExpression: "tenant = :tenant",
          ExpressionAttributeValues: { ":tenant": text(tenant) },
        });
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
      }
    }
  }
}

function profileKey(id: string): Item {
  return { customer_id: text(PROFILES), id: text(id) };
}

function accountKey(account: string): Item {
  return { customer_id: text(ACCOUNTS), id: text(account) };
}

function exists(id: string): DomainError {
  return new DomainError("tenant.exists", "conflict", `There is already a tenant "${id}"`, {
    field: "id",
    fix: "Choose another id, or change the tenant that is there.",
  });
}

function changed(id: string): DomainError {
  return new DomainError(
    "tenant.changed",
    "conflict",
    `The tenant "${id}" was changed by somebody else meanwhile`,
    { fix: "Read it again, and apply your change to what is there now." },
  );
}
