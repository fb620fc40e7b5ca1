import { divideRounded, formatDecimal, SCALE } from "../money/decimal.ts";
import type { ControlStatus } from "../findings/status.ts";

/** How many of a control's results passed, failed, and had no verdict. */
export type ControlCounts = Readonly<Record<ControlStatus, number>>;

/**
 * The outcome of a control from its results: failed when any of them failed, else passed when any passed, else not
 * available. One failing resource fails the control, as auditors and Security Hub count it.
 */
export function controlOutcome(counts: ControlCounts): ControlStatus {
  if (counts.failed > 0) return "failed";
  return counts.passed > 0 ? "passed" : "not_available";
}

export interface ComplianceScore {
  passed: number;
  failed: number;
  /** Controls without a verdict; never part of the score. */
  notAvailable: number;
  /** `passed / (passed + failed)` in percent, a canonical decimal with at most 4 places; null when none was evaluated. */
  percent: string | null;
}

/** The score of a framework from the outcomes of its controls. */
export function complianceScore(outcomes: Iterable<ControlStatus>): ComplianceScore {
  const counts = { passed: 0, failed: 0, not_available: 0 };
  for (const outcome of outcomes) counts[outcome] += 1;
  const evaluated = counts.passed + counts.failed;
  const places = 4;
  const unit = 10n ** BigInt(SCALE - places);
  const percent =
    evaluated === 0
      ? null
      : formatDecimal(
          divideRounded(BigInt(counts.passed) * 100n * 10n ** BigInt(places), BigInt(evaluated)) * unit,
        );
  return { passed: counts.passed, failed: counts.failed, notAvailable: counts.not_available, percent };
}
