import * as z from "zod/mini";
import { SEVERITIES } from "../../core/findings/severity.ts";
import { FINDING_CHANGES } from "../../core/findings/history.ts";
import { COMPARISONS } from "../../core/time/ranges.ts";
import { date, partProblems } from "./common.ts";
import { compareParam, queryResultSchema, rangeParams, resultRangeSchema } from "./query.ts";
import { doc, named } from "./registry.ts";

/*
 * The dashboards of security, compliance, usage and the summary. Tables in them are query results, so that whoever
 * shows one shows them all. A number that is not known is null, never 0.
 */

const list = (description: string, examples: string[]) =>
  z.exactOptional(doc(z.array(z.string()), `${description}, separated by commas.`, { examples }));
const top = (description: string) =>
  z.exactOptional(doc(z.int().check(z.minimum(1), z.maximum(100)), `${description}; 10 when not given.`));
const scopeParams = {
  ...rangeParams,
  account: list("Only these accounts", ["111111111111"]),
  region: list("Only these regions", ["eu-west-1"]),
};
const serviceParam = { service: list("Only these services", ["S3,EC2"]) };
const frameworkParam = { framework: list("Only these frameworks, as the data names them", ["HIPAA"]) };

export const securityParams = z.strictObject({
  ...scopeParams,
  ...serviceParam,
  ...compareParam,
  top: top("Rows of each list"),
});

export const securityChangesParams = z.strictObject({
  ...scopeParams,
  ...serviceParam,
  list: z.exactOptional(
    doc(
      z.int().check(z.minimum(0), z.maximum(80)),
      "Findings to name of each change, worst first; 20 when not given. The numbers are always of all findings.",
    ),
  ),
});

export const complianceParams = z.strictObject({
  ...scopeParams,
  ...serviceParam,
  ...frameworkParam,
  ...compareParam,
  top: z.exactOptional(
    doc(z.int().check(z.minimum(1), z.maximum(1000)), "Failed results to list; 100 when not given."),
  ),
});

export const evidenceParams = z.strictObject({
  ...scopeParams,
  ...serviceParam,
  ...frameworkParam,
  control: list("Only these controls", ["164.312(a)(1)"]),
  status: z.exactOptional(
    doc(z.enum(["passed", "failed", "not_available"]), "Only results with this verdict."),
  ),
  limit: z.exactOptional(
    doc(z.int().check(z.minimum(1), z.maximum(1000)), "Rows on a page, 1 to 1000; 100 when not given."),
  ),
  after: z.exactOptional(
    doc(z.string(), "Continue where the page before ended: its `next`, with the same parameters."),
  ),
});

export const usageParams = z.strictObject({
  ...scopeParams,
  ...serviceParam,
  ...compareParam,
  top: top("Services and accounts to list of each metric"),
});

export const summaryParams = z.strictObject({ ...scopeParams, ...compareParam });

/** Null where `problems` says why it could not be computed. */
const table = (description: string) => doc(z.nullable(queryResultSchema), description);
const count = (description: string) => doc(z.int(), description);
const decimal = (description: string) => doc(z.nullable(z.string()), description, { examples: ["12.5"] });
const severity = doc(z.nullable(z.enum(SEVERITIES)), "Null where the source names none.");

export const securityDashboardSchema = named(
  "SecurityDashboard",
  "What the security dashboard shows over one range: open findings of each source's last snapshot within it. Suppressed and muted findings are counted apart and never as open.",
  z.object({
    range: resultRangeSchema,
    snapshots: doc(
      z.array(z.object({ source: z.string(), day: date("Day of the snapshot."), inRange: z.boolean() })),
      "The snapshot each source is judged by; with `inRange` false a source that was not recorded within the range, whose findings are not known.",
    ),
    score: z.object({
      formula: doc(z.string(), "How the risk points are computed."),
      weights: z.record(z.string(), z.int()),
      severities: table("Open findings and risk points by severity, with change; the score is the total."),
    }),
    trend: table("Risk points and open findings by severity on every day with a snapshot."),
    statuses: table("Findings by status: open, suppressed, muted, resolved, passed, not available."),
    services: table("Services with the most open findings."),
    accounts: table("Accounts with the most open findings."),
    regions: table("Regions with the most open findings."),
    ages: table("Open findings by age, from first observed to the day of the snapshot."),
    heatmap: table("Open findings by service and severity."),
    checks: table("Checks that fail most often."),
    resources: table("Resources with the most open findings."),
    changes: table(
      "New, reopened and resolved findings by severity since the last snapshot before the range, with mean and median days to resolve; no rows when no two snapshots can be compared.",
    ),
    changesByDay: table("The same by snapshot."),
    problems: partProblems,
  }),
);

const timeToResolve = named(
  "TimeToResolve",
  "How long resolved findings were open, in days.",
  z.object({
    meanDays: decimal("Null when nothing was resolved whose beginning is known."),
    medianDays: decimal("The middle value."),
    n: count("Findings it is computed from."),
  }),
);

const changeCounts = named(
  "FindingChangeCounts",
  "Findings by what became of them. `reopened`: open again after it was resolved or gone. `set-aside`: suppressed, muted or without a verdict now. `brought-back`: the reverse. `short-lived`: opened and resolved between two snapshots.",
  z.object({
    new: z.int(),
    reopened: z.int(),
    "brought-back": z.int(),
    resolved: z.int(),
    "set-aside": z.int(),
    "short-lived": z.int(),
  }),
);

const sourceDay = z.object({ source: z.string(), day: date("Day of the snapshot.") });

export const securityChangesSchema = named(
  "SecurityChanges",
  "What became of findings: each source's snapshots within the range, compared with its last one before it (or its first within it).",
  z.object({
    range: resultRangeSchema,
    steps: doc(
      z.enum(["all", "ends"]),
      "`all` snapshots were compared one after the other; or only the first and the last, when all of them hold very many findings.",
    ),
    snapshots: z.object({
      compared: z.array(
        z.object({
          source: z.string(),
          base: date("The snapshot the others are compared with."),
          last: date("The last one.", "2024-09-29"),
          snapshots: count("How many there are, the base counted."),
        }),
      ),
      single: doc(z.array(sourceDay), "Sources with one snapshot only: what changed is not known."),
      stale: doc(z.array(sourceDay), "Sources that were not recorded within the range."),
    }),
    changes: doc(
      z.nullable(
        z.object({
          openBefore: count("Open findings (by id) in the bases."),
          openNow: count(
            "Open findings in the last snapshots: openBefore + new + reopened + brought-back - resolved - set-aside.",
          ),
          counts: changeCounts,
          bySeverity: z.array(z.object({ severity, counts: changeCounts, timeToResolve })),
          byDay: z.array(z.object({ day: date("Day of the snapshot that shows it."), counts: changeCounts })),
          timeToResolve,
        }),
      ),
      "Null when no source has two snapshots: then nothing is known.",
    ),
    findings: doc(
      z.array(
        z.object({
          change: z.enum(FINDING_CHANGES),
          finding: z.string(),
          day: date("Day of the snapshot that shows it."),
          severity,
          daysToResolve: z.nullable(z.int()),
          source: z.string(),
          title: z.nullable(z.string()),
          check: z.nullable(z.string()),
          service: z.nullable(z.string()),
          account: z.nullable(z.string()),
          region: z.nullable(z.string()),
          resource: z.nullable(z.string()),
        }),
      ),
      "The worst findings of each change.",
    ),
    notes: z.array(z.string()),
  }),
);

export const complianceDashboardSchema = named(
  "ComplianceDashboard",
  "What the compliance dashboard shows over one range. A score is passed of evaluated controls; controls without a verdict are not available: shown apart, and never counted as passed.",
  z.object({
    range: resultRangeSchema,
    frameworks: table("Score by framework, with that of the period before; over all controls as the total."),
    families: table("Score by control family."),
    controls: table("Every control with its outcome."),
    failed: table("Failed results with their resources; the rest is in the others row."),
    changes: table("Controls whose outcome changed since the last snapshot before the range."),
    problems: partProblems,
  }),
);

export const evidencePageSchema = named(
  "EvidencePage",
  "Results behind the outcomes, each with the finding it comes from, when it was evaluated, and the file and load that brought it.",
  z.object({
    result: queryResultSchema,
    next: doc(z.nullable(z.string()), "Give it as `after` for the next page; null on the last page."),
  }),
);

const metricFields = {
  metric: z.string(),
  label: z.string(),
  unit: z.nullable(z.string()),
  kind: doc(
    z.enum(["counter", "gauge", "unknown"]),
    "Counters add up over days, gauges are averaged or taken last; of others neither is known to be right.",
  ),
  value: decimal("Total of a counter, average level of a gauge."),
  previous: decimal("The same over the period before."),
  change: decimal("The difference."),
  changePercent: decimal(
    "In percent of the period before; null for totals where data reaches less than half of either period's days.",
  ),
  total: decimal("Total over the days; null for gauges, whose levels are never added over days."),
  dailyAverage: decimal("A counter's total by day with data; a gauge's average level."),
  last: decimal("A gauge's level on each source's last day."),
  activeResources: doc(
    z.nullable(z.int()),
    "Resources that used anything; null where the data names no resources.",
  ),
  perActiveResource: decimal("A counter's total, or a gauge's last level, by active resource."),
  days: count("Days with data."),
};

export const usageDashboardSchema = named(
  "UsageDashboard",
  "What the usage dashboard shows over one range: each metric in its own unit.",
  z.object({
    range: resultRangeSchema,
    metrics: z.array(
      z.object({
        ...metricFields,
        trend: table("By day."),
        services: table("Services that used most, with change."),
        accounts: table("Accounts that used most, with change."),
      }),
    ),
    notes: z.array(z.string()),
    problems: partProblems,
  }),
);

export const summarySchema = named(
  "Summary",
  "The key figures of all four areas, each against the period before and with what drove the change.",
  z.object({
    range: resultRangeSchema,
    compare: z.object({
      from: date("First day.", "2024-08-01"),
      to: date("First day not included."),
      kind: z.enum(COMPARISONS),
    }),
    figures: z.array(
      z.object({
        id: doc(z.string(), "`billed_cost`, `risk_points`, `compliance_score`, a usage metric, …"),
        label: z.string(),
        area: z.enum(["cost", "security", "compliance", "usage"]),
        type: z.enum(["money", "quantity", "integer", "percent"]),
        unit: doc(z.nullable(z.string()), "ISO 4217 code or unit; cost has one entry a currency."),
        value: decimal("Null when not known."),
        previous: decimal("Over the period before."),
        change: decimal("The difference; of a percentage in percentage points."),
        changePercent: decimal(
          "In percent of the period before; null where data reaches less than half of either period's days.",
        ),
        upIs: doc(z.enum(["good", "bad", "neutral"]), "Whether an increase is good news."),
        driversOf: doc(
          z.nullable(z.string()),
          "What the drivers' changes count, where it is not the figure itself.",
        ),
        drivers: doc(
          z.array(
            z.object({
              dimension: doc(z.string(), "`service`, `account`, `check`, `framework`, `control`"),
              name: z.nullable(z.string()),
              change: z.string(),
              sharePercent: decimal("Of the whole change; over 100 where others went the other way."),
            }),
          ),
          "What moved most in the figure's direction, by each dimension.",
        ),
      }),
    ),
    notes: doc(z.array(z.string()), "Days of the periods that there is no data of."),
    problems: partProblems,
  }),
);
