/** Severities of a finding, worst first. A finding whose source says nothing has none. */
export const SEVERITIES = ["critical", "high", "medium", "low", "informational"] as const;
export type Severity = (typeof SEVERITIES)[number];

const SPELLINGS: ReadonlyMap<string, Severity> = new Map(
  Object.entries({
    fatal: "critical",
    critical: "critical",
    high: "high",
    important: "high",
    medium: "medium",
    moderate: "medium",
    low: "low",
    minor: "low",
    informational: "informational",
    information: "informational",
    info: "informational",
    none: "informational",
  }),
);

/** Reads a severity in any scanner's spelling, without case; undefined for words that name none (`UNKNOWN`). */
export function severityFromLabel(label: string): Severity | undefined {
  return SPELLINGS.get(label.trim().toLowerCase());
}

/**
 * The severity of a normalized score from 0 to 100, as AWS Security Hub maps `Severity.Normalized` to labels
 * (0 informational, 1-39 low, 40-69 medium, 70-89 high, 90-100 critical); undefined outside that range.
 */
export function severityFromScore(score: number): Severity | undefined {
  if (!(score >= 0 && score <= 100)) return undefined;
  if (score >= 90) return "critical";
  if (score >= 70) return "high";
  if (score >= 40) return "medium";
  return score >= 1 ? "low" : "informational";
}

/** The severity behind an OCSF `severity_id` (6 is Fatal); undefined for 0 Unknown and 99 Other. */
export function severityFromOcsf(id: number): Severity | undefined {
  const levels: readonly (Severity | undefined)[] = [
    undefined,
    "informational",
    "low",
    "medium",
    "high",
    "critical",
    "critical",
  ];
  return levels[id];
}

/** What one open finding adds to a tenant's risk points. */
export const SEVERITY_WEIGHTS: Readonly<Record<Severity, number>> = {
  critical: 40,
  high: 10,
  medium: 3,
  low: 1,
  informational: 0,
};

/** The formula behind {@link riskPoints}, to be shown wherever the points are. */
export const RISK_FORMULA =
  "40 x critical + 10 x high + 3 x medium + 1 x low, over open findings; informational, resolved, suppressed and muted findings count nothing";

/** Risk points of open findings counted by severity: a whole number, lower is better. */
export function riskPoints(open: Readonly<Partial<Record<Severity, number>>>): number {
  return SEVERITIES.reduce(
    (points, severity) => points + SEVERITY_WEIGHTS[severity] * (open[severity] ?? 0),
    0,
  );
}
