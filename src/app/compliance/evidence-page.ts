import { shorten } from "../../core/errors/bounded.ts";
import { DomainError, invalid } from "../../core/errors/errors.ts";
import type { QueryResult, Row } from "../../core/query/query.ts";
import { snapshotOf } from "../analytics/snapshots.ts";
import type { TenantContext } from "../services.ts";
import type { PostureScope } from "../security/snapshots.ts";
import { evidence } from "./evidence.ts";

/** A page of the evidence, and where the next one starts. */
export interface EvidencePage {
  result: QueryResult;
  /** Null on the last page. */
  next: string | null;
}

/**
 * A page of the evidence. All pages are of the same data over the same days: the position to continue from names both.
 * @param after `next` of the page before
 * @throws DomainError `compliance.invalid-place` for a text that is not a position, `compliance.changed` when results
 *   were loaded since the first page, or a range relative to today has moved on; those of `openQuery`
 */
export async function evidencePage(
  context: TenantContext,
  scope: PostureScope,
  limit: number,
  after?: string,
): Promise<EvidencePage> {
  const { version } = await snapshotOf(context, "controls");
  const { from, to } = scope.range;
  const state = `${from}_${to}_${version}`;
  const start = after === undefined ? 0 : placeOf(after, state);
  const table = await evidence(context, scope);
  const rows: Row[] = [];
  let passed = 0;
  for await (const batch of table.batches()) {
    const first = Math.max(0, start - passed);
    rows.push(...batch.slice(first, first + limit - rows.length));
    passed += batch.length;
    if (rows.length >= limit) break;
  }
  const total = table.head.completeness.rows;
  const end = start + rows.length;
  const { notes, ...completeness } = table.head.completeness;
  const whole = rows.length === total;
  const shown = whole
    ? []
    : [`Rows ${total === 0 ? 0 : start + 1} to ${end} of ${total.toLocaleString("en-US")}.`];
  return {
    result: {
      ...table.head,
      completeness: { ...completeness, rows: rows.length, complete: whole, notes: [...notes, ...shown] },
      rows,
    },
    next: end < total ? `${end}_${state}` : null,
  };
}

function placeOf(after: string, state: string): number {
  const match = /^(\d{1,12})_(.+)$/.exec(after);
  if (match === null) {
    throw invalid("compliance.invalid-place", `after "${shorten(after)}" is not a position in the evidence`, {
      field: "after",
      fix: "Pass `next` from the previous page unchanged; leave it out for the first page.",
    });
  }
  if (match[2] === state) return Number(match[1]);
  throw new DomainError(
    "compliance.changed",
    "conflict",
    "The evidence has changed since the previous page: results were loaded, or the range is different",
    { field: "after", fix: "Start again without after, and request every page with the same parameters." },
  );
}
