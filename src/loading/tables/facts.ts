import type { DuckDBConnection } from "@duckdb/node-api";
import { DATASETS } from "../../core/metrics/datasets.ts";
import { execute, identifier, literal } from "../../duckdb/sql.ts";
import type { TableLoad, TableMapping, TenantZones } from "../../ports/load.ts";
import { PERIOD } from "./readings.ts";
import type { Stage } from "./stage.ts";
import { type Assignment, ownerExpression } from "./summary.ts";
import type { TagReader } from "./tags.ts";
import { uniformColumns } from "./uniform.ts";

/**
 * Writes the accepted rows as facts, each with its partition's index (`part`) and its day, sorted so that a tenant's
 * days lie together.
 */
export async function writeFacts(
  connection: DuckDBConnection,
  stage: Stage,
  { mapping, zones }: TableLoad,
  assignment: Assignment,
  tags: readonly TagReader[],
  path: string,
): Promise<void> {
  await fillGroups(connection, mapping, zones, assignment);
  const dataset = DATASETS[mapping.dataset];
  const uniform = await uniformColumns(connection, stage.paths, stage.table, dataset);
  const valueOf = (name: string): string =>
    tags.find((reader) => reader.column === name)?.expression ?? `s.${identifier(name)}`;
  const names = dataset.columns.map(({ name }) => name);
  const sorted = names
    .filter((name) => !uniform.has(name))
    .map((name) => `${valueOf(name)} AS ${identifier(name)}`);
  const columns = names.map((name) => `${uniform.get(name) ?? identifier(name)} AS ${identifier(name)}`);
  const joins = tags.map((reader) => reader.join).join(" ");
  const keys = [...mapping.source.map(identifier), ownerExpression(mapping)];
  const matches = keys.map((key, i) => `coalesce(${key}, '') = g.k${i}`);
  const from = `${stage.table} s JOIN load_groups g ON ${matches.join(" AND ")} AND s.${PERIOD} = g.month`;
  const { zone, minute, start } = dayKeys(mapping);
  await fillDays(connection, mapping, from);
  await execute(
    connection,
    `COPY (SELECT part, day, ${columns.join(", ")} FROM (
        SELECT ${["g.part", `coalesce(d.day, ${start}::DATE) AS day`, ...sorted].join(", ")}
        FROM ${from} LEFT JOIN load_days d ON d.zone = ${zone} AND d.minute = ${minute} ${joins}
        WHERE s.bad = 0 ORDER BY g.tenant, day))
      TO ${literal(path)} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 40960, USE_TMP_FILE false)`,
  );
  await connection.run("DROP TABLE temp.load_groups");
  await connection.run("DROP TABLE temp.load_days");
}

const DAY_MICROS = 86_400_000_000;

/**
 * What a row's day depends on, see `TableMapping.start` for the rule: the zone it is counted in, null for UTC, and the
 * minute it starts in.
 */
function dayKeys(mapping: TableMapping): { zone: string; minute: string; start: string } {
  const start = `s.${identifier(mapping.start)}`;
  const micros = `epoch_us(s.${identifier(mapping.end)}) - epoch_us(${start})`;
  return {
    zone: `CASE WHEN ${micros} < ${DAY_MICROS} THEN g.zone END`,
    minute: `date_trunc('minute', ${start})`,
    start,
  };
}

/**
 * Local days, each computed once: a bill has few starts and many rows, and of all that is done to a row the engine takes
 * longest to find its day in a zone. Minutes do, since no zone has been off by seconds since 1972, and no plausible row
 * is older.
 */
async function fillDays(connection: DuckDBConnection, mapping: TableMapping, from: string): Promise<void> {
  const { zone, minute } = dayKeys(mapping);
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE load_days AS
      SELECT zone, minute, timezone(zone, timezone('UTC', minute))::DATE AS day
      FROM (SELECT DISTINCT ${zone} AS zone, ${minute} AS minute
        FROM ${from} WHERE s.bad = 0 AND g.zone IS NOT NULL)
      WHERE zone IS NOT NULL`,
  );
}

const GROUPS_A_STATEMENT = 1000;

/** Says which group goes where; an absent key is the empty text, which no value is. */
async function fillGroups(
  connection: DuckDBConnection,
  mapping: TableMapping,
  zones: TenantZones,
  { groups, partitions }: Assignment,
): Promise<void> {
  const keys = [...mapping.source, "account"].map((_, i) => `k${i} VARCHAR`);
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE load_groups (${keys.join(", ")}, month DATE, part INTEGER, tenant INTEGER, zone VARCHAR)`,
  );
  const tenants = [...new Set(partitions.map((partition) => partition.tenant))].sort();
  const order = new Map(tenants.map((tenant, i) => [tenant, i]));
  const rows = groups.flatMap(({ group, partition }) => {
    const target = partitions[partition];
    if (target === undefined) return [];
    const zone = zones[target.tenant];
    const keyed = [...group.source, group.account].map((value) => literal(value ?? ""));
    const place = [literal(group.month), String(partition), String(order.get(target.tenant))];
    return `(${[...keyed, ...place, zone === undefined || zone === "UTC" ? "NULL" : literal(zone)].join(", ")})`;
  });
  for (let at = 0; at < rows.length; at += GROUPS_A_STATEMENT) {
    const values = rows.slice(at, at + GROUPS_A_STATEMENT).join(", ");
    await connection.run(`INSERT INTO load_groups VALUES ${values}`);
  }
}
