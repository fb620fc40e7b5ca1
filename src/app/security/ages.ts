import { must } from "../../core/errors/must.ts";
import { AGE_BUCKETS, type AgeBucket, ageBucket, ageLabel } from "../../core/findings/age.ts";
import { lastWithin } from "../../core/findings/snapshots.ts";
import type { QueryResult, Row } from "../../core/query/query.ts";
import { SECURITY_COMPUTATIONS } from "../../core/reports/computations/security.ts";
import { openQuery } from "../analytics/run-query.ts";
import { computedResult } from "../reports/computed-result.ts";
import type { TenantContext } from "../services.ts";
import { OPEN } from "./score.ts";
import { loadedSnapshots, type PostureScope } from "./snapshots.ts";

interface Aged {
  findings: number;
  critical: number;
  high: number;
}

/**
 * Open findings of the last snapshots by age, youngest first; those of unknown age separately, if there are any. Read
 * by source, day and severity, so that memory does not grow with the number of findings.
 * @throws DomainError as `openQuery`
 */
export async function findingAges(context: TenantContext, scope: PostureScope): Promise<QueryResult> {
  const last = lastWithin(await loadedSnapshots(context, "findings", scope.range), scope.range);
  const table = await openQuery(context, {
    dataset: "findings",
    range: scope.range,
    groupBy: ["source", "first_observed", "severity"],
    filters: [...scope.filters, OPEN],
  });
  const ages = new Map<AgeBucket, Aged>(
    AGE_BUCKETS.map(({ id }) => [id, { findings: 0, critical: 0, high: 0 }]),
  );
  for await (const rows of table.batches()) {
    for (const [source, firstObserved, severity, count] of rows) {
      const snapshot = last.get(must(source, "the source of a finding"));
      const bucket = snapshot === undefined ? "unknown" : ageBucket(firstObserved ?? null, snapshot);
      const aged = ages.get(bucket) ?? { findings: 0, critical: 0, high: 0 };
      ages.set(bucket, aged);
      const findings = Number(count ?? 0);
      aged.findings += findings;
      if (severity === "critical" || severity === "high") aged[severity] += findings;
    }
  }
  const known = last.size > 0;
  const sum = (of: (aged: Aged) => number): string =>
    String([...ages.values()].reduce((total, aged) => total + of(aged), 0));
  return computedResult(SECURITY_COMPUTATIONS["security-age"], {
    range: table.head.range,
    unit: null,
    rows: known
      ? [...ages].map(([bucket, { findings, critical, high }]): Row => [
          ageLabel(bucket),
          ...[findings, critical, high].map(String),
        ])
      : [],
    total: known ? [null, sum((a) => a.findings), sum((a) => a.critical), sum((a) => a.high)] : undefined,
    notes: known ? [] : ["There is no snapshot of findings in this range."],
    dataAsOf: table.head.dataAsOf,
  });
}
