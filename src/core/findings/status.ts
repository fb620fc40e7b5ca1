/**
 * The status of a finding:
 * - `open`: something is wrong and nobody has dealt with it
 * - `resolved`: it was raised and has been put right (or its record archived, since what it was about is gone)
 * - `suppressed`: someone decided that it needs no action; `muted`: a scanner's own list silences it
 * - `passed`: a check that found nothing wrong
 * - `not_available`: a check that gave no verdict, because it is manual or could not run
 */
export const FINDING_STATUSES = [
  "open",
  "resolved",
  "suppressed",
  "muted",
  "passed",
  "not_available",
] as const;
export type FindingStatus = (typeof FINDING_STATUSES)[number];

/** What a check says about a control. */
export const CONTROL_STATUSES = ["passed", "failed", "not_available"] as const;
export type ControlStatus = (typeof CONTROL_STATUSES)[number];

const VERDICTS: ReadonlyMap<string, ControlStatus> = new Map<string, ControlStatus>(
  Object.entries({
    pass: "passed",
    passed: "passed",
    compliant: "passed",
    ok: "passed",
    fail: "failed",
    failed: "failed",
    failure: "failed",
    non_compliant: "failed",
    // Security Hub: a check whose evaluation found issues it is not sure of; counted as failed there as well.
    warning: "failed",
    warn: "failed",
    not_available: "not_available",
    not_applicable: "not_available",
    insufficient_data: "not_available",
    manual: "not_available",
    info: "not_available",
    unknown: "not_available",
  } as const),
);

/** Reads a check's verdict in any scanner's spelling, without case; undefined for words that are none. */
export function verdictOf(word: string): ControlStatus | undefined {
  return VERDICTS.get(
    word
      .trim()
      .toLowerCase()
      .replaceAll(/[\s-]+/g, "_"),
  );
}

/**
 * The status of a control result, given its check's verdict and its finding's status. Suppressed and muted results are
 * left out of a control's evaluation, as Security Hub does, so they count as not available; so do archived ones.
 */
export function controlStatusOf(verdict: ControlStatus, status: FindingStatus): ControlStatus {
  if (status === "suppressed" || status === "muted") return "not_available";
  if (status === "resolved" && verdict === "failed") return "not_available";
  return verdict;
}
