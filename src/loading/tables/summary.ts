import type { DuckDBConnection } from "@duckdb/node-api";
import { DATASETS } from "../../core/metrics/datasets.ts";
import { UNASSIGNED } from "../../core/tenants/tenant.ts";
import type { LoadReport, Ownership, TableMapping } from "../../ports/load.ts";
import type { StagedPartition } from "../../ports/staged.ts";
import { PERIOD } from "./readings.ts";
import { identifier } from "../../duckdb/sql.ts";
import { rowsOf, textOf } from "../../duckdb/sql.ts";

export interface Counts {
  rows: number;
  rejected: number;
}

export async function countStaged(connection: DuckDBConnection, table: string): Promise<Counts> {
  const rows = await rowsOf(connection, `SELECT count(*), count(*) FILTER (bad > 0) FROM ${table}`);
  const [count, rejected] = (rows[0] ?? []).map(Number);
  return { rows: count ?? 0, rejected: rejected ?? 0 };
}

/** Rows that go the same way: one deliverer, month and owning account. */
export interface Group {
  /** Values of the mapping's source columns. */
  source: readonly (string | null)[];
  /** `YYYY-MM-01`. */
  month: string;
  account: string | null;
  name: string | null;
  rows: number;
}

/** The expression for the account that decides who owns a row. */
export function ownerExpression(mapping: TableMapping): string {
  return `coalesce(${[...mapping.accounts.map(identifier), "NULL"].join(", ")})`;
}

export async function groupStaged(
  connection: DuckDBConnection,
  table: string,
  mapping: TableMapping,
): Promise<Group[]> {
  const columns = mapping.source.map(identifier);
  const named = DATASETS[mapping.dataset].columns.some((column) => column.name === "sub_account_name");
  const rows = await rowsOf(
    connection,
    `SELECT ${[...columns, `${PERIOD}::VARCHAR`, ownerExpression(mapping)].join(", ")},
      ${named ? "min(sub_account_name)" : "NULL"}, count(*) FROM ${table} WHERE bad = 0
      GROUP BY ALL ORDER BY ALL`,
  );
  return rows.map((row) => {
    const [month, account, name, count] = row.slice(columns.length);
    return {
      source: row.slice(0, columns.length).map(textOf),
      month: String(month),
      account: textOf(account),
      name: textOf(name),
      rows: Number(count),
    };
  });
}

/** A group and the partition it belongs to, as an index into the partitions. */
export interface Assignment {
  partitions: StagedPartition[];
  groups: readonly { group: Group; partition: number }[];
  unassigned: LoadReport["unassigned"];
}

/** Shown for rows that name no account at all. */
const NO_ACCOUNT = "(no account)";

/** Says who gets which group: the tenant that claims its account, else the unassigned one. */
export function assignGroups(groups: readonly Group[], mapping: TableMapping, owners: Ownership): Assignment {
  const claims =
    owners.kind === "accounts" ? new Map(owners.claims.map((c) => [c.account, c.tenant])) : undefined;
  const byKey = new Map<string, number>();
  const partitions: StagedPartition[] = [];
  const unassigned = new Map<string, { account: string; name: string | null; rows: number }>();
  const assigned = groups.map((group) => {
    const tenant =
      owners.kind === "tenant" ? owners.tenant : (claims?.get(group.account ?? "") ?? UNASSIGNED);
    if (tenant === UNASSIGNED) {
      const account = group.account ?? NO_ACCOUNT;
      const entry = unassigned.get(account) ?? { account, name: group.name, rows: 0 };
      unassigned.set(account, { ...entry, name: entry.name ?? group.name, rows: entry.rows + group.rows });
    }
    const source = [mapping.format, ...group.source.map((value) => value ?? "-")].join(":");
    const period = group.month.slice(0, 7);
    const key = JSON.stringify([tenant, source, period]);
    const index = byKey.get(key) ?? partitions.push({ tenant, source, period, rows: 0 }) - 1;
    byKey.set(key, index);
    const partition = partitions[index];
    if (partition !== undefined) partition.rows += group.rows;
    return { group, partition: index };
  });
  return {
    partitions,
    groups: assigned,
    unassigned: [...unassigned.values()].sort((a, b) => (a.account < b.account ? -1 : 1)),
  };
}
