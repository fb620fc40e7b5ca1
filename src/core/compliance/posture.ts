import type { ControlStatus } from "../findings/status.ts";
import { compareControls, type ControlFamily, familyOf } from "./families.ts";
import { type ComplianceScore, complianceScore, type ControlCounts, controlOutcome } from "./scores.ts";

/** Results of one control of one framework. */
export interface ControlSummary {
  framework: string;
  control: string;
  title: string | null;
  family: ControlFamily;
  outcome: ControlStatus;
  /** Results by verdict: one a check and resource. */
  results: ControlCounts;
}

export interface FamilyScore {
  family: ControlFamily;
  score: ComplianceScore;
}

export interface FrameworkScore {
  framework: string;
  score: ComplianceScore;
  families: readonly FamilyScore[];
}

interface Counted {
  title: string | null;
  results: Record<ControlStatus, number>;
}

/** Adds up results by framework and control. Its size grows with the controls, not with their results. */
export class ControlTally {
  readonly #frameworks = new Map<string, Map<string, Counted>>();

  /** Results whose framework or control is not named say nothing about any and are left out. @returns whether counted */
  add(result: {
    framework: string | null;
    control: string | null;
    title?: string | null;
    status: string | null;
    count: number;
  }): boolean {
    const { framework, control, status, count } = result;
    if (framework === null || control === null) return false;
    const controls = this.#frameworks.get(framework) ?? new Map<string, Counted>();
    this.#frameworks.set(framework, controls);
    const counted = controls.get(control) ?? {
      title: null,
      results: { passed: 0, failed: 0, not_available: 0 },
    };
    controls.set(control, counted);
    // Several sources may title one control in several ways; the first in order is as good as any, and always the same.
    const title = result.title ?? null;
    if (title !== null && (counted.title === null || title < counted.title)) counted.title = title;
    counted.results[status === "passed" || status === "failed" ? status : "not_available"] += count;
    return true;
  }

  /** Every control with its outcome, by framework and number. */
  controls(): ControlSummary[] {
    return [...this.#frameworks]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([framework, controls]) =>
        [...controls]
          .sort(([a], [b]) => compareControls(a, b))
          .map(([control, { title, results }]) => ({
            framework,
            control,
            title,
            family: familyOf(framework, control),
            outcome: controlOutcome(results),
            results,
          })),
      );
  }

  /** Scores by framework and family. */
  frameworks(): FrameworkScore[] {
    const controls = this.controls();
    return groupBy(controls, (each) => each.framework).map(([framework, own]) => ({
      framework,
      score: complianceScore(own.map((each) => each.outcome)),
      families: groupBy(own, (each) => each.family.id).map(([id, members]) => ({
        family: members[0]?.family ?? { id, label: null },
        score: complianceScore(members.map((each) => each.outcome)),
      })),
    }));
  }

  /** The score over the controls of all frameworks. */
  overall(): ComplianceScore {
    return complianceScore(this.controls().map((each) => each.outcome));
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const held = found.get(key);
    if (held === undefined) found.set(key, [item]);
    else held.push(item);
  }
  return [...found];
}

/**
 * How a control's outcome changed:
 * - `newly-failed`: failed now, and passed or without a verdict before
 * - `newly-passed`: passed now, and failed or without a verdict before
 * - `no-longer-evaluated`: without a verdict or not listed now, and evaluated before
 * - `first-evaluated`: evaluated now, and not listed before
 */
export const CONTROL_CHANGES = [
  "newly-failed",
  "newly-passed",
  "no-longer-evaluated",
  "first-evaluated",
] as const;
export type ControlChange = (typeof CONTROL_CHANGES)[number];

export interface ChangedControl {
  change: ControlChange;
  framework: string;
  control: string;
  title: string | null;
  /** Null where the control was, or is, not listed. */
  before: ControlStatus | null;
  now: ControlStatus | null;
}

/** Compares the outcomes of two sets of results; controls whose outcome is the same are left out. */
export function changedControls(
  before: readonly ControlSummary[],
  now: readonly ControlSummary[],
): ChangedControl[] {
  const keyOf = (each: ControlSummary): string => JSON.stringify([each.framework, each.control]);
  const earlier = new Map(before.map((each) => [keyOf(each), each]));
  const later = new Map(now.map((each) => [keyOf(each), each]));
  const all = [...now, ...before.filter((each) => !later.has(keyOf(each)))];
  return all
    .flatMap((each): ChangedControl[] => {
      const was = earlier.get(keyOf(each))?.outcome ?? null;
      const is = later.get(keyOf(each))?.outcome ?? null;
      const change = changeOf(was, is);
      const { framework, control, title } = each;
      return change === undefined ? [] : [{ change, framework, control, title, before: was, now: is }];
    })
    .sort(
      (a, b) =>
        CONTROL_CHANGES.indexOf(a.change) - CONTROL_CHANGES.indexOf(b.change) ||
        (a.framework < b.framework ? -1 : a.framework > b.framework ? 1 : 0) ||
        compareControls(a.control, b.control),
    );
}

function changeOf(was: ControlStatus | null, is: ControlStatus | null): ControlChange | undefined {
  const evaluated = (status: ControlStatus | null): boolean => status === "passed" || status === "failed";
  if (was === is || (!evaluated(was) && !evaluated(is))) return undefined;
  if (!evaluated(is)) return "no-longer-evaluated";
  if (was === null) return "first-evaluated";
  return is === "failed" ? "newly-failed" : "newly-passed";
}
