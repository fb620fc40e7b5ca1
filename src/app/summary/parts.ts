import { type Severity, SEVERITY_WEIGHTS } from "../../core/findings/severity.ts";
import { formatDecimal, wideDecimal } from "../../core/money/decimal.ts";
import type { AnalyticsQuery, Cell } from "../../core/query/query.ts";
import { type Driver, mainDriver, type Part } from "../../core/summary/drivers.ts";
import type { Comparison } from "../../core/time/ranges.ts";
import { drainStream, openQuery } from "../analytics/run-query.ts";
import { severityOf } from "../security/changes.ts";
import type { TenantContext } from "../services.ts";

/** A query whose groups, before and now, are the parts of a figure. */
export type PartsQuery = Omit<AnalyticsQuery, "groupBy" | "limit" | "compare"> & { compare: Comparison };

/**
 * What contributed most to a figure's change, by each dimension.
 * @param whole the figure's change; null when it is not known
 * @throws DomainError as `openQuery`
 */
export async function driversBy(
  context: TenantContext,
  query: PartsQuery,
  whole: string | null,
  dimensions: readonly string[],
): Promise<Driver[]> {
  if (whole === null) return [];
  const found = await Promise.all(
    dimensions.map(async (dimension) => {
      const answer = await drainStream(await openQuery(context, { ...query, groupBy: [dimension] }));
      const parts = answer.rows.map(([name = null, now = null, before = null]): Part => ({
        name,
        now,
        before,
      }));
      return mainDriver(dimension, parts, whole);
    }),
  );
  return found.filter((driver) => driver !== undefined);
}

/** The same for open findings by check, under its title; with `weighted`, of their risk points. */
export async function checkDriver(
  context: TenantContext,
  query: PartsQuery,
  whole: string | null,
  weighted: boolean,
): Promise<Driver[]> {
  if (whole === null) return [];
  const answer = await drainStream(
    await openQuery(context, { ...query, groupBy: ["check", "title", "severity"] }),
  );
  const parts = new Map<string, { name: string | null; now: bigint; before: bigint }>();
  for (const [check = null, title = null, severity = null, now = null, before = null] of answer.rows) {
    const key = JSON.stringify([check, check === null ? title : null]);
    const part = parts.get(key) ?? { name: title ?? check, now: 0n, before: 0n };
    parts.set(key, part);
    const weight = weighted ? weightOf(severityOf(severity)) : 1n;
    part.now += weight * scaled(now);
    part.before += weight * scaled(before);
  }
  const list = [...parts.values()].map(({ name, now, before }): Part => ({
    name,
    now: formatDecimal(now),
    before: formatDecimal(before),
  }));
  const driver = mainDriver("check", list, whole);
  return driver === undefined ? [] : [driver];
}

function weightOf(severity: Severity | null): bigint {
  return severity === null ? 0n : BigInt(SEVERITY_WEIGHTS[severity]);
}

function scaled(cell: Cell): bigint {
  return wideDecimal(cell ?? "0");
}
