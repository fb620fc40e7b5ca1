import { datasetOf } from "../../core/metrics/datasets.ts";
import { planQuery } from "../../core/query/plan.ts";
import type { AnalyticsQuery } from "../../core/query/query.ts";
import type { ReportDefinition } from "../../core/reports/definition.ts";

/**
 * A report that consists of one question's table, so that a query is exported like any other report.
 * @throws DomainError those of `planQuery`
 */
export function reportOfQuery(query: AnalyticsQuery, now: Date, zone: string): ReportDefinition {
  const plan = planQuery(query, now, zone);
  const { range, ...question } = query;
  const keys = plan.keys.map((key) =>
    key.tagKey === undefined ? key.dimension.label.toLowerCase() : key.id,
  );
  const label = datasetOf(query.dataset).label;
  const title = keys.length === 0 ? label : `${label} by ${keys.join(", ")}`;
  return {
    title,
    description: plan.measures.map((measure) => measure.label).join(", "),
    range,
    sections: [{ kind: "table", id: "detail", title, detail: true, query: question }],
  };
}
