/**
 * The kind of a usage metric: a `counter` counts events (calls, hours, bytes sent) and adds up over days; a `gauge` is
 * a level (bytes stored) that is averaged over days or taken last; an `unknown` metric may be either.
 */
export type MetricKind = "counter" | "gauge" | "unknown";

export interface UsageMetric {
  id: string;
  label: string;
  kind: MetricKind;
}

/** The metrics that importers and connectors write; whatever else comes is shown under its own name. */
export const KNOWN_METRICS: readonly UsageMetric[] = [
  { id: "api_calls", label: "API calls", kind: "counter" },
  { id: "compute_hours", label: "Compute hours", kind: "counter" },
  { id: "storage_gb", label: "Storage", kind: "gauge" },
  { id: "data_transfer_gb", label: "Data transfer", kind: "counter" },
];

/** Words at the end of a metric's name that show its kind, as importers and connectors name theirs. */
const COUNTERS =
  /(?:^|_)(?:calls|requests|invocations|errors|throttles|hours|seconds|transfer(?:_gb)?|bytes_(?:in|out|sent|received))$/;
const GAUGES = /(?:^|_)(?:storage(?:_gb|_bytes)?|size(?:_gb|_bytes)?|objects|connections|utilization|level)$/;

/** A metric by its name; an unknown one is shown under its own. */
export function usageMetric(id: string): UsageMetric {
  const known = KNOWN_METRICS.find((metric) => metric.id === id);
  if (known !== undefined) return known;
  const words = id.replaceAll("_", " ").trim();
  const label = words === "" ? id : words.charAt(0).toUpperCase() + words.slice(1);
  return { id, label, kind: COUNTERS.test(id) ? "counter" : GAUGES.test(id) ? "gauge" : "unknown" };
}

/** The order metrics are shown in: the known ones first, as listed, then by name. */
export function compareMetrics(a: string, b: string): number {
  const rank = (id: string): number => {
    const at = KNOWN_METRICS.findIndex((metric) => metric.id === id);
    return at < 0 ? KNOWN_METRICS.length : at;
  };
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}
