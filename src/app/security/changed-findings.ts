import { must } from "../../core/errors/must.ts";
import type { FindingChanges } from "../../core/findings/changes.ts";
import { MAX_FILTER_VALUES } from "../../core/query/plan.ts";
import type { ResultRange } from "../../core/query/query.ts";
import { cached } from "../analytics/cached.ts";
import { openQuery } from "../analytics/run-query.ts";
import type { TenantContext } from "../services.ts";
import { type ChangedFinding, compareSnapshots } from "./changes.ts";
import type { PostureScope } from "./snapshots.ts";

/** Changed findings listed for each of the six changes: one query gets their details. */
export const MAX_LISTED_CHANGES = Math.floor(MAX_FILTER_VALUES / 6);

/** A changed finding with its details from the newest compared snapshot that lists it. */
export interface DescribedFinding extends ChangedFinding {
  title: string | null;
  check: string | null;
  service: string | null;
  account: string | null;
  region: string | null;
  resource: string | null;
}

export interface SecurityChanges {
  range: ResultRange;
  steps: "all" | "ends";
  snapshots: {
    compared: { source: string; base: string; last: string; snapshots: number }[];
    single: { source: string; day: string }[];
    stale: { source: string; day: string }[];
  };
  changes: FindingChanges | null;
  findings: DescribedFinding[];
  notes: readonly string[];
}

/**
 * How findings changed over a range, with the worst of them listed.
 * @param list findings to list for each change, at most `MAX_LISTED_CHANGES`
 * @throws DomainError as `compareSnapshots`
 */
export function securityChanges(
  context: TenantContext,
  scope: PostureScope,
  list: number,
): Promise<SecurityChanges> {
  const keep = Math.min(list, MAX_LISTED_CHANGES);
  return cached(context, "findings", ["changed-findings", scope, keep], async () => {
    const { changes, steps, snapshots, findings, notes } = await compareSnapshots(context, scope, keep);
    const compared = snapshots.compared.map(({ source, days }) => ({
      source,
      base: must(days[0], "a snapshot to compare"),
      last: must(days.at(-1), "a snapshot to compare"),
      snapshots: days.length,
    }));
    const earliest = compared.reduce((day, { base }) => (base < day ? base : day), scope.range.from);
    return {
      range: { ...scope.range, zone: context.tenant.zone },
      steps,
      snapshots: { compared, single: [...snapshots.single], stale: [...snapshots.stale] },
      changes,
      findings: await describe(context, findings, { from: earliest, to: scope.range.to }),
      notes,
    };
  });
}

const DETAILS = ["title", "check", "service", "account", "region", "resource"] as const;
type Details = Pick<DescribedFinding, (typeof DETAILS)[number]>;
const UNKNOWN = Object.fromEntries(DETAILS.map((name) => [name, null])) as unknown as Details;

async function describe(
  context: TenantContext,
  findings: readonly ChangedFinding[],
  range: PostureScope["range"],
): Promise<DescribedFinding[]> {
  if (findings.length === 0) return [];
  const keys = ["source", "finding", "day", ...DETAILS];
  const ids = [...new Set(findings.map(({ finding }) => finding))];
  const table = await openQuery(
    context,
    {
      dataset: "findings",
      range,
      groupBy: keys,
      filters: [{ field: "finding", op: "in", value: ids }],
      sort: [{ by: "day", order: "asc" }],
    },
    { keys: keys.length },
  );
  const known = new Map<string, Details>();
  for await (const rows of table.batches()) {
    for (const [source, finding, , ...cells] of rows) {
      const details = Object.fromEntries(DETAILS.map((name, i) => [name, cells[i] ?? null]));
      // Days ascend, so the newest snapshot that lists the finding wins.
      known.set(JSON.stringify([source, finding]), details as unknown as Details);
    }
  }
  return findings.map((each) => ({
    ...each,
    ...(known.get(JSON.stringify([each.source, each.finding])) ?? UNKNOWN),
  }));
}
