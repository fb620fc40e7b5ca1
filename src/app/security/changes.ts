import { DomainError } from "../../core/errors/errors.ts";
import { must } from "../../core/errors/must.ts";
import { ChangeTally, type FindingChanges } from "../../core/findings/changes.ts";
import {
  type FindingChange,
  type FindingHistory,
  historyOf,
  mergeObservations,
  type Observation,
} from "../../core/findings/history.ts";
import { SEVERITIES, type Severity } from "../../core/findings/severity.ts";
import {
  type Snapshot,
  type SnapshotSteps,
  type SourceSteps,
  snapshotSteps,
} from "../../core/findings/snapshots.ts";
import { MAX_FILTER_VALUES } from "../../core/query/plan.ts";
import type { AnalyticsQuery, Cell, Row } from "../../core/query/query.ts";
import { addDays } from "../../core/time/dates.ts";
import { openQuery } from "../analytics/run-query.ts";
import type { TenantContext } from "../services.ts";
import { loadedSnapshots, type PostureScope } from "./snapshots.ts";

/** With more facts than these in the snapshots of a range, only the first and the last snapshot are compared. */
export const MAX_STEP_FACTS = 1_000_000;
/** The most facts of first and last snapshots that are read. */
export const MAX_COMPARED_FACTS = 20_000_000;
/** Facts one query reads, unless a single source has more: a store that aggregates in memory has to hold them. */
const BATCH_FACTS = 250_000;

/** A changed finding, by id. */
export interface ChangedFinding {
  change: FindingChange;
  source: string;
  finding: string;
  /** The snapshot that shows it. */
  day: string;
  severity: Severity | null;
  daysToResolve: number | null;
}

export interface ComparedSnapshots {
  /** Null when no source has two snapshots to compare. */
  changes: FindingChanges | null;
  /** `all` snapshots were compared one after the other, or only the first with the last. */
  steps: "all" | "ends";
  snapshots: SnapshotSteps;
  /** The worst changed findings, at most as many of each change as asked for. */
  findings: readonly ChangedFinding[];
  notes: readonly string[];
}

/**
 * Compares the snapshots of findings over a range: each source's last one before it, or its first within it, with
 * those that follow. Findings are read once, sorted by source, id and day, and released one by one, so that
 * memory does not grow with their number.
 * @param keep changed findings to list for each change
 * @throws DomainError `security.too-many-findings`, and those of `openQuery`
 */
export async function compareSnapshots(
  context: TenantContext,
  scope: PostureScope,
  keep = 0,
): Promise<ComparedSnapshots> {
  const loaded = await loadedSnapshots(context, "findings", scope.range);
  const all = snapshotSteps(loaded, scope.range, "all");
  const ends = snapshotSteps(loaded, scope.range, "ends");
  const sizes = new Map(loaded.map(({ source, day, load }) => [`${day} ${source}`, load.rows]));
  const size = ({ source, days }: SourceSteps): number =>
    days.reduce((sum, day) => sum + (sizes.get(`${day} ${source}`) ?? 0), 0);
  const total = (steps: SnapshotSteps): number => steps.compared.reduce((sum, each) => sum + size(each), 0);
  const whole = total(all) <= MAX_STEP_FACTS;
  const snapshots = whole ? all : ends;
  if (total(snapshots) > MAX_COMPARED_FACTS) throw tooMany(total(snapshots));
  const notes = notesOf(snapshots, whole, total(all));
  const steps = whole ? "all" : "ends";
  if (snapshots.compared.length === 0) return { changes: null, steps, snapshots, findings: [], notes };
  const tally = new ChangeTally();
  const worst = new Worst(keep);
  let unnamed = 0;
  for (const batch of batchesOf(snapshots.compared, size)) {
    unnamed += await readBatch(context, scope, batch, (source, finding, history) => {
      tally.add(history);
      worst.add(source, finding, history);
    });
  }
  if (unnamed > 0)
    notes.push(`${unnamed.toLocaleString("en-US")} facts without a finding id are not compared.`);
  return { changes: tally.finish(), steps, snapshots, findings: worst.list(), notes };
}

function tooMany(facts: number): DomainError {
  const shown = (n: number): string => n.toLocaleString("en-US");
  return new DomainError(
    "security.too-many-findings",
    "too-large",
    `The snapshots to compare hold ${shown(facts)} findings; at most ${shown(MAX_COMPARED_FACTS)} can be read`,
    { fix: "Select fewer accounts with the account filter.", field: "account" },
  );
}

function notesOf(steps: SnapshotSteps, whole: boolean, facts: number): string[] {
  const notes: string[] = [];
  const list = (snapshots: readonly Snapshot[]): string => {
    const names = snapshots.slice(0, 5).map(({ source }) => source);
    return names.join(", ") + (snapshots.length > 5 ? ` and ${snapshots.length - 5} more` : "");
  };
  const { single, stale } = steps;
  if (single.length > 0) notes.push(`Only one snapshot, so changes are not available: ${list(single)}.`);
  if (stale.length > 0) notes.push(`Not recorded in this range: ${list(stale)}.`);
  if (!whole) {
    notes.push(
      `Only the first and last snapshots are compared, because all of them together hold ${facts.toLocaleString("en-US")} findings; changes in between are not counted.`,
    );
  }
  return notes;
}

/** Sources in groups whose facts one question can read. */
function* batchesOf(
  sources: readonly SourceSteps[],
  size: (source: SourceSteps) => number,
): Generator<readonly SourceSteps[]> {
  let batch: SourceSteps[] = [];
  let facts = 0;
  for (const source of sources) {
    const own = size(source);
    if (batch.length > 0 && (facts + own > BATCH_FACTS || batch.length === MAX_FILTER_VALUES)) {
      yield batch;
      batch = [];
      facts = 0;
    }
    batch.push(source);
    facts += own;
  }
  if (batch.length > 0) yield batch;
}

const KEYS = ["source", "finding", "day", "status", "severity", "first_observed", "last_observed"];

/** Reads the findings of some sources, in order, and gives each with its history. @returns facts without an id */
async function readBatch(
  context: TenantContext,
  scope: PostureScope,
  batch: readonly SourceSteps[],
  use: (source: string, finding: string, history: FindingHistory) => void,
): Promise<number> {
  const daysOf = new Map(batch.map(({ source, days }) => [source, days]));
  const table = await openQuery(context, question(scope, batch));
  let unnamed = 0;
  let held: { source: string; finding: string; observations: Observation[] } | undefined;
  const finish = (): void => {
    if (held === undefined) return;
    use(
      held.source,
      held.finding,
      historyOf(must(daysOf.get(held.source), "the snapshots of a source asked for"), held.observations),
    );
  };
  for await (const rows of table.batches()) {
    for (const row of rows) {
      const [source, finding, day] = row;
      // Other sources of the batch have a snapshot on that day; this one's is not compared.
      if (!isText(source) || !isText(day) || daysOf.get(source)?.includes(day) !== true) continue;
      if (!isText(finding)) {
        unnamed += Number(row[KEYS.length] ?? 0);
        continue;
      }
      if (held?.source !== source || held.finding !== finding) {
        finish();
        held = { source, finding, observations: [] };
      }
      observe(held.observations, day, row);
    }
  }
  finish();
  return unnamed;
}

function question(scope: PostureScope, batch: readonly SourceSteps[]): AnalyticsQuery {
  const days = [...new Set(batch.flatMap((source) => source.days))].sort();
  const [from = "", to = ""] = [days[0], days.at(-1)];
  return {
    dataset: "findings",
    range: { from, to: addDays(to, 1) },
    groupBy: KEYS,
    filters: [
      ...scope.filters,
      { field: "source", op: "in", value: batch.map(({ source }) => source) },
      ...(days.length <= MAX_FILTER_VALUES ? [{ field: "day", op: "in" as const, value: days }] : []),
    ],
    sort: ["source", "finding", "day"].map((by) => ({ by, order: "asc" })),
  };
}

function isText(cell: Cell | undefined): cell is string {
  return typeof cell === "string";
}

function observe(observations: Observation[], day: string, row: Row): void {
  const [, , , status = null, severity = null, firstObserved = null, lastObserved = null] = row;
  const observation = { day, status, severity: severityOf(severity), firstObserved, lastObserved };
  const last = observations.at(-1);
  if (last?.day === day) observations[observations.length - 1] = mergeObservations(last, observation);
  else observations.push(observation);
}

export function severityOf(text: string | null): Severity | null {
  return SEVERITIES.find((severity) => severity === text) ?? null;
}

/** The worst findings of each change; holds at most twice as many as it keeps. */
class Worst {
  readonly #keep: number;
  readonly #found = new Map<FindingChange, ChangedFinding[]>();

  constructor(keep: number) {
    this.#keep = keep;
  }

  add(source: string, finding: string, history: FindingHistory): void {
    if (this.#keep === 0) return;
    for (const { change, day, severity, daysToResolve } of history.events) {
      const list = this.#found.get(change) ?? [];
      this.#found.set(change, list);
      list.push({ change, source, finding, day, severity, daysToResolve: daysToResolve ?? null });
      if (list.length >= 2 * this.#keep) this.#found.set(change, this.#cut(list));
    }
  }

  list(): ChangedFinding[] {
    return [...this.#found.values()].flatMap((list) => this.#cut(list));
  }

  /** Worst first, then newest. */
  #cut(list: ChangedFinding[]): ChangedFinding[] {
    const rank = ({ severity }: ChangedFinding): number =>
      severity === null ? SEVERITIES.length : SEVERITIES.indexOf(severity);
    return list
      .sort((a, b) => rank(a) - rank(b) || (a.day < b.day ? 1 : a.day > b.day ? -1 : 0))
      .slice(0, this.#keep);
  }
}
