import { ControlTally } from "../../core/compliance/posture.ts";
import { must } from "../../core/errors/must.ts";
import {
  lastWithin,
  type Snapshot,
  type SnapshotSteps,
  snapshotSteps,
} from "../../core/findings/snapshots.ts";
import { MAX_FILTER_VALUES } from "../../core/query/plan.ts";
import { addDays } from "../../core/time/dates.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import { openQuery } from "../analytics/run-query.ts";
import { loadedSnapshots, type PostureScope } from "../security/snapshots.ts";
import type { TenantContext } from "../services.ts";

const KEYS = ["source", "day", "framework", "control", "control_title", "status"];

/** The status of controls at the end of a range, and at its beginning. */
export interface ControlStatuses {
  /** Of the last snapshot of every source within the range; null when there is none. */
  now: ControlTally | null;
  /** Before and now, only of the sources that can be compared. Null when there is none. */
  compared: { before: ControlTally; now: ControlTally } | null;
  snapshots: SnapshotSteps;
  notes: readonly string[];
  dataAsOf: string | null;
}

/**
 * Adds up the control results of each source's last snapshot within the range, and of the one it is compared with.
 * Results are read as sums by control, so memory grows with the number of controls and not of results.
 * @throws DomainError as `openQuery`
 */
export async function controlStatuses(context: TenantContext, scope: PostureScope): Promise<ControlStatuses> {
  const loaded = await loadedSnapshots(context, "controls", scope.range);
  const snapshots = snapshotSteps(loaded, scope.range, "ends");
  const last = lastWithin(loaded, scope.range);
  const base = new Map(snapshots.compared.map(({ source, days }) => [source, days[0]]));
  const days = [...new Set([...last.values(), ...base.values()])].filter((day) => day !== undefined).sort();
  const [now, before, since] = [new ControlTally(), new ControlTally(), new ControlTally()];
  const notes = notesOf(snapshots);
  let dataAsOf: string | null = null;
  let unnamed = 0;
  if (days.length > 0) {
    const table = await openQuery(context, {
      dataset: "controls",
      range: spanOf(days),
      groupBy: KEYS,
      filters: [
        ...scope.filters,
        ...(days.length <= MAX_FILTER_VALUES ? [{ field: "day", op: "in" as const, value: days }] : []),
      ],
    });
    dataAsOf = table.head.dataAsOf;
    for await (const rows of table.batches()) {
      for (const [source, day, framework = null, control = null, title = null, status = null, n] of rows) {
        const result = { framework, control, title, status, count: Number(n ?? 0) };
        const name = must(source, "the source of a result");
        if (last.get(name) === day) {
          if (!now.add(result)) unnamed += result.count;
          if (base.has(name)) since.add(result);
        }
        if (base.get(name) === day) before.add(result);
      }
    }
  }
  if (unnamed > 0)
    notes.push(`${unnamed.toLocaleString("en-US")} results name no framework or control and are left out.`);
  return {
    now: last.size === 0 ? null : now,
    compared: base.size === 0 ? null : { before, now: since },
    snapshots,
    notes,
    dataAsOf,
  };
}

function spanOf(days: readonly string[]): DayRange {
  const last = must(days.at(-1), "a snapshot to read");
  return { from: must(days[0], "a snapshot to read"), to: addDays(last, 1) };
}

function notesOf({ single, stale }: SnapshotSteps): string[] {
  const list = (snapshots: readonly Snapshot[]): string => {
    const names = snapshots.slice(0, 5).map(({ source }) => source);
    return names.join(", ") + (snapshots.length > 5 ? ` and ${snapshots.length - 5} more` : "");
  };
  return [
    ...(single.length > 0 ? [`Only one snapshot, so changes are not available: ${list(single)}.`] : []),
    ...(stale.length > 0 ? [`Not recorded in this range: ${list(stale)}.`] : []),
  ];
}
