import type { DuckDBConnection } from "@duckdb/node-api";
import { DATASETS } from "../../core/metrics/datasets.ts";
import type { TableLoad, TableMapping, TenantZones } from "../../ports/load.ts";
import { PERIOD } from "./load-readings.ts";
import type { Stage } from "./load-stage.ts";
import { type Assignment, ownerExpression } from "./load-summary.ts";
import type { TagReader } from "./load-tags.ts";
import type { OpenedPartition } from "./partitions.ts";
import { factTable, identifier, literal } from "./schema.ts";
import { execute } from "./sql.ts";

/**
 * Copies the accepted rows into their partitions, sorted so that a tenant's days lie together on disk.
 * @returns facts inserted
 */
export async function insertFacts(
  connection: DuckDBConnection,
  stage: Stage,
  input: TableLoad,
  assignment: Assignment,
  opened: readonly OpenedPartition[],
  tags: readonly TagReader[],
): Promise<number> {
  if (opened.length === 0) return 0;
  const { mapping, zones } = input;
  await fillGroups(connection, mapping, zones, assignment, opened);
  const columns = DATASETS[mapping.dataset].columns.map(
    ({ name }) => tags.find((reader) => reader.column === name)?.expression ?? `s.${identifier(name)}`,
  );
  const joins = tags.map((reader) => reader.join).join(" ");
  const keys = [...mapping.source.map(identifier), ownerExpression(mapping)];
  const matches = keys.map((key, i) => `coalesce(${key}, '') = g.k${i}`);
  const inserted = await execute(
    connection,
    `INSERT INTO ${factTable(mapping.dataset)} SELECT g.key AS fact_tenant, ${dayExpression(mapping)} AS fact_day, g.load_id,
      ${columns.join(", ")} FROM ${stage.table} s JOIN load_groups g ON ${matches.join(" AND ")} AND s.${PERIOD} = g.month ${joins}
      WHERE s.bad = 0 ORDER BY fact_tenant, fact_day`,
  );
  await connection.run("DROP TABLE temp.load_groups");
  return inserted;
}

const DAY_MICROS = 86_400_000_000;

/** See `TableMapping.start` for the rule; `g.zone` is null for UTC. */
function dayExpression({ start, end }: TableMapping): string {
  const from = `s.${identifier(start)}`;
  const to = `s.${identifier(end)}`;
  return `CASE WHEN g.zone IS NULL OR ${to} IS NULL OR epoch_us(${to}) - epoch_us(${from}) >= ${DAY_MICROS}
    THEN ${from}::DATE ELSE timezone(g.zone, timezone('UTC', ${from}))::DATE END`;
}

/** Tells the engine which group goes where; an absent key is the empty text, which no value is. */
async function fillGroups(
  connection: DuckDBConnection,
  mapping: TableMapping,
  zones: TenantZones,
  assignment: Assignment,
  opened: readonly OpenedPartition[],
): Promise<void> {
  const keys = [...mapping.source, "account"].map((_, i) => `k${i} VARCHAR`);
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE load_groups (${keys.join(", ")}, month DATE, key INTEGER, load_id INTEGER, zone VARCHAR)`,
  );
  const rows = assignment.groups.flatMap(({ group, partition }) => {
    const target = opened[partition];
    if (target === undefined) return [];
    const zone = zones[target.tenant];
    const keyed = [...group.source, group.account].map((value) => literal(value ?? ""));
    const place = [literal(group.month), String(target.tenantKey), String(target.loadId)];
    return `(${[...keyed, ...place, zone === undefined || zone === "UTC" ? "NULL" : literal(zone)].join(", ")})`;
  });
  const batch = 1000;
  for (let at = 0; at < rows.length; at += batch) {
    await connection.run(`INSERT INTO load_groups VALUES ${rows.slice(at, at + batch).join(", ")}`);
  }
}
