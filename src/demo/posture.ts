import { must } from "../core/errors/must.ts";
import { type Check, CHECKS } from "./checks.ts";
import type { DemoDay } from "./calendar.ts";
import type { Inventory } from "./inventory.ts";
import { createRandom, type Random, seedOf } from "./random.ts";
import type { Severity } from "../core/findings/severity.ts";

/** Something a check can look at. */
interface Target {
  account: { id: string };
  region: string;
  resourceId: string;
  tags: Readonly<Record<string, string>>;
  /** Day index the resource exists from. */
  from: number;
}

/** One finding over its life, in day indexes; `Infinity` where an event never comes. */
export interface DemoFinding extends Target {
  id: string;
  check: Check;
  opened: number;
  resolved: number;
  /** It came back after it was resolved. */
  reopened: number;
  suppressed: number;
}

export type FindingState = "open" | "resolved" | "suppressed";

/** Days a team takes to put a finding right, at most; most take a fraction of it. */
const LONGEST_FIX: Readonly<Record<Severity, number>> = {
  critical: 45,
  high: 110,
  medium: 260,
  low: 420,
  informational: 600,
};
/** How long a resolved finding stays in the snapshots, as Security Hub keeps archived ones. */
const KEPT_RESOLVED_DAYS = 30;

function targetsOf(inventory: Inventory, check: Check): Target[] {
  const { scope } = check;
  const { profile, lines } = inventory;
  if ("skus" in scope) {
    return lines
      .filter((line) => scope.skus.includes(line.sku.id) && line.move !== "arriving")
      .map(({ account, region, resourceId, tags, born }) => ({
        account,
        region,
        resourceId,
        tags,
        from: born,
      }));
  }
  const count = "count" in scope ? scope.count : 1;
  const name = "count" in scope ? scope.several : scope.perAccount;
  return profile.accounts.flatMap((account) => {
    const own = lines.filter((line) => line.account.id === account.id);
    const from = Math.min(...own.map((line) => line.born));
    return Array.from({ length: count }, (_, i) => ({
      account,
      region: profile.region,
      resourceId: `arn:aws:${must(check.service.toLowerCase().split(" ")[0], "the name of a service")}:${profile.region}:${account.id}:${name}${count > 1 ? `-${i + 1}` : ""}`,
      tags: {},
      from,
    }));
  });
}

/** The findings of a tenant, over the whole time and a year before it: open and closed, some coming back. */
export function findingsOf(inventory: Inventory): DemoFinding[] {
  const random = createRandom(seedOf("posture", inventory.seed));
  const findings: DemoFinding[] = [];
  for (const check of CHECKS) {
    for (const target of targetsOf(inventory, check)) {
      // About three times the standing rate of failure fails at some time or other.
      if (!random.chance(Math.min(0.9, inventory.profile.failing * 3))) continue;
      // Scanners for vulnerable packages raise one finding a package.
      const count = check.product === "Inspector" ? random.int(1, 5) : 1;
      for (let i = 0; i < count; i++) findings.push(lifeOf(inventory, check, target, random));
    }
  }
  return findings;
}

function lifeOf(inventory: Inventory, check: Check, target: Target, random: Random): DemoFinding {
  const last = inventory.days.length;
  const longest = LONGEST_FIX[check.severity];
  const opened = random.int(Math.max(-longest, target.from - longest), last - 1);
  // Squared: quick fixes are common, slow ones rare.
  const fix = (): number => 1 + Math.floor(longest * random.next() * random.next());
  const resolved = Math.max(opened, target.from) + fix();
  const comesBack = random.chance(0.12);
  const suppressed = random.chance(0.06) ? opened + random.int(3, 20) : Infinity;
  return {
    ...target,
    check,
    id: `arn:aws:securityhub:${target.region}:${target.account.id}:demo/${check.id}/finding/${hex(random)}${hex(random)}`,
    opened: target.from === 0 ? opened : Math.max(opened, target.from),
    resolved: suppressed < resolved ? Infinity : resolved,
    reopened: comesBack ? resolved + random.int(10, 60) : Infinity,
    suppressed: suppressed < resolved ? suppressed : Infinity,
  };
}

function hex(random: Random): string {
  return random.int(0, 0xffffffff).toString(16).padStart(8, "0");
}

/** The status of a finding in a day's snapshot; undefined when the snapshot does not list it (yet, or any more). */
export function stateOn(finding: DemoFinding, day: DemoDay): FindingState | undefined {
  const { index } = day;
  if (index < finding.opened) return undefined;
  if (index >= finding.suppressed) return "suppressed";
  if (index >= finding.resolved && index >= finding.reopened) return "open";
  if (index < finding.resolved) return "open";
  return index < finding.resolved + KEPT_RESOLVED_DAYS ? "resolved" : undefined;
}
