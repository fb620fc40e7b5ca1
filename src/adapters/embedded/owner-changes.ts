import type { DuckDBConnection } from "@duckdb/node-api";
import { ownersChanged } from "../../core/metrics/assign.ts";
import { DATASETS } from "../../core/metrics/datasets.ts";
import { execute, identifier, literal, rowsOf } from "../../duckdb/sql.ts";
import { stagedTable } from "../../duckdb/stage-delivery.ts";
import type { StorableLoad } from "../../ports/staged.ts";

/** How often accounts changed hands so far. */
export async function ownerChanges(connection: DuckDBConnection): Promise<number> {
  const [row] = await rowsOf(connection, "SELECT coalesce(max(number), 0) FROM owner_changes");
  return Number(row?.[0]);
}

/** Notes that accounts change hands, in the caller's transaction. */
export async function countOwnerChange(
  connection: DuckDBConnection,
  accounts: readonly string[],
): Promise<void> {
  const number = (await ownerChanges(connection)) + 1;
  const names = [...new Set(accounts)].map(literal);
  await execute(connection, `DELETE FROM owner_changes WHERE account IN (${names.join(", ")})`);
  const rows = names.map((name) => `(${number}, ${name})`);
  await execute(connection, `INSERT INTO owner_changes VALUES ${rows.join(", ")}`);
}

/**
 * Refuses a load, in the transaction that stores it, that holds facts of accounts which have changed hands since it
 * looked up their owners.
 * @throws DomainError `import.owners-changed`
 */
export async function refuseFormerOwners(connection: DuckDBConnection, load: StorableLoad): Promise<void> {
  if (load.assignment.kind !== "owners") return;
  const rows = await rowsOf(connection, "SELECT account FROM owner_changes WHERE number > $1", [
    load.assignment.seen,
  ]);
  if (rows.length === 0) return;
  const changed = rows.map(([account]) => literal(String(account))).join(", ");
  for (const { dataset, paths } of load.datasets) {
    if (paths.length === 0) continue;
    const account = identifier(DATASETS[dataset].accountColumn);
    const found = await rowsOf(
      connection,
      `SELECT 1 FROM ${stagedTable(paths)} WHERE ${account} IN (${changed}) LIMIT 1`,
    );
    if (found.length > 0) throw ownersChanged();
  }
}
