import { type Coverage, coverageOf, difference, percentOf } from "../../core/cost/savings.ts";
import { must } from "../../core/errors/must.ts";
import { sumDecimals } from "../../core/money/decimal.ts";
import type { QueryFilter, Row } from "../../core/query/query.ts";
import type { TenantContext } from "../services.ts";
import { USAGE, type Within } from "./compared.ts";
import { askCost, columnReader, costSums } from "./cost-query.ts";

/**
 * How much of the usage that commitments could cover is covered, with notes. Computed at list prices, or at contracted
 * prices where more facts have those. On-demand usage counts at standard prices only, which excludes spot.
 * @returns no coverage where no commitment was used
 */
export async function coverable(
  context: TenantContext,
  scope: Within,
): Promise<{ coverage: Coverage | undefined; notes: string[] }> {
  const usage = { ...scope, filters: [...scope.filters, ...USAGE] };
  const { sums, facts } = await costSums(context, usage, ["list_cost", "contracted_cost"]);
  const missing = (id: string): number => must(sums[id], "the sum of a measure asked for").missing;
  const measure = missing("contracted_cost") < missing("list_cost") ? "contracted_cost" : "list_cost";
  if (missing(measure) === facts) return { coverage: undefined, notes: [] };
  const carried: QueryFilter = { field: measure, op: "not", value: null };
  const kind = ["service", "resource_type", "unit"];
  const answer = await askCost(context, {
    range: scope.range,
    filters: [...usage.filters, carried],
    groupBy: [...kind, "commitment_status", "pricing_category"],
    measures: [measure],
  });
  const status = columnReader(answer, "commitment_status");
  const pricing = columnReader(answer, "pricing_category");
  const cost = columnReader(answer, measure);
  const coverage = coverageOf(
    answer.rows.flatMap((row) => {
      const covered = status(row) === "Used";
      if (!covered && pricing(row) !== "Standard") return [];
      return [{ kind: JSON.stringify(row.slice(0, kind.length)), covered, cost: cost(row) ?? "0" }];
    }),
  );
  const known = (facts - missing(measure)).toLocaleString("en-US");
  const notes =
    coverage === undefined || missing(measure) === 0
      ? []
      : [
          `Coverage is computed over ${known} of the ${facts.toLocaleString("en-US")} facts of usage, those with a ${measure.replace("_", " ")}.`,
        ];
  return { coverage, notes };
}

/** Sums over a commitment's facts: 0 for a status without facts, null where a fact lacks the cost. */
interface CommitmentSums {
  used: string | null;
  unused: string | null;
  contracted: string | null;
}

function strictSum(a: string | null, b: string | null): string | null {
  return a === null || b === null ? null : sumDecimals([a, b]);
}

/**
 * Used and unused cost by commitment, whichever kind of charge carries it: FOCUS has unused commitment as usage, a Cost
 * and Usage Report has it with the fee.
 */
export async function commitmentRows(
  context: TenantContext,
  scope: Within,
): Promise<{
  used: string | null;
  unused: string | null;
  table: { rows: Row[]; total: Row; notes: readonly string[] };
}> {
  const filters = [...scope.filters, { field: "commitment_status", op: "not" as const, value: null }];
  const measures = ["effective_cost", "contracted_cost"];
  const [answer, { sums: whole }] = await Promise.all([
    askCost(context, { ...scope, filters, groupBy: ["commitment", "commitment_status"], measures }),
    costSums(context, { range: scope.range, filters }, measures),
  ]);
  // Where some facts lack a cost we do not know which commitment's, so no commitment gets one.
  const known = (measure: string, value: string | null): string | null =>
    must(whole[measure], "the sum of a measure asked for").missing > 0 ? null : value;
  const commitments = new Map<string | null, CommitmentSums>();
  for (const [id = null, status = null, effective = null, contracted = null] of answer.rows) {
    const sums = commitments.get(id) ?? { used: "0", unused: "0", contracted: "0" };
    const part = status === "Used" ? "used" : "unused";
    sums[part] = strictSum(sums[part], known("effective_cost", effective));
    sums.contracted = strictSum(sums.contracted, known("contracted_cost", contracted));
    commitments.set(id, sums);
  }
  const rowOf = (id: string | null, sums: CommitmentSums): Row => {
    const paid = strictSum(sums.used, sums.unused);
    const saved = difference(sums.contracted, paid);
    return [id, sums.used, sums.unused, percentOf(sums.used, paid), saved];
  };
  const all = [...commitments.values()];
  const sum = (part: keyof CommitmentSums): string | null =>
    all.length === 0 ? null : all.reduce<string | null>((total, each) => strictSum(total, each[part]), "0");
  const [used, unused, contracted] = [sum("used"), sum("unused"), sum("contracted")];
  return {
    used,
    unused,
    table: {
      rows: [...commitments].map(([id, sums]) => rowOf(id, sums)),
      total: rowOf(null, { used, unused, contracted }),
      notes:
        all.length === 0 ? ["No charge in this range falls under a commitment."] : answer.completeness.notes,
    },
  };
}
