import type { DatasetId } from "../../core/metrics/datasets.ts";
import { dateLiteral } from "./compile-filters.ts";
import { factTable } from "./schema.ts";
import { literal } from "../../duckdb/sql.ts";

export interface Picks {
  name: string;
  dataset: DatasetId;
  tenant: number;
  from: string;
  to: string;
  /** Expressions of the time keys over `day`. */
  buckets: readonly string[];
  /** Conditions on time over `day`. */
  times: readonly string[];
}

/**
 * Which snapshots of a gauge count: the last one of each source in each time bucket, as `(load_id, day, z)`, where `z`
 * tells the source's last in the whole range. A snapshot without facts counts too: it says that nothing is left of
 * the one before. Its day is the period of its load.
 */
export function compilePicks(picks: Picks): string[] {
  const { name, dataset, tenant, from, to } = picks;
  const within = `day >= ${dateLiteral(from)} AND day < ${dateLiteral(to)}`;
  const where =
    picks.times.length === 0 ? "" : ` WHERE ${picks.times.map((time) => `(${time})`).join(" AND ")}`;
  const partition = ["source", ...picks.buckets].join(", ");
  return [
    `${name}_days AS MATERIALIZED (
      SELECT l.source, x.day, x.load_id
      FROM (SELECT DISTINCT load_id, day FROM ${factTable(dataset)} WHERE tenant = ${tenant} AND ${within}) x
      JOIN loads l ON l.load_id = x.load_id
      UNION ALL
      SELECT source, day, load_id FROM (
        SELECT source, try_cast(period AS DATE) AS day, load_id FROM loads
        WHERE tenant = ${tenant} AND dataset = ${literal(dataset)} AND rows = 0 AND length(period) = 10)
      WHERE ${within})`,
    `${name} AS MATERIALIZED (
      SELECT load_id, day, z FROM (
        SELECT load_id, day, day = max(day) OVER (PARTITION BY ${partition}) AS y,
          day = max(day) OVER (PARTITION BY source) AS z
        FROM ${name}_days${where})
      WHERE y)`,
  ];
}
