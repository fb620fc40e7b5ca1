import { problemText } from "../../core/errors/errors.ts";
import { formatQuantity } from "../../core/money/format.ts";
import type { QueryResult, Row } from "../../core/query/query.ts";
import { SUMMARY_COMPUTATIONS } from "../../core/reports/computations/summary.ts";
import { runQuery } from "../analytics/run-query.ts";
import { snapshotOf } from "../analytics/snapshots.ts";
import type { ComputationRequest, ComputationRunner } from "../reports/computation.ts";
import { computedResult } from "../reports/computed-result.ts";
import type { TenantContext } from "../services.ts";
import { type Figure, summary } from "./summary.ts";

type Id = keyof typeof SUMMARY_COMPUTATIONS;

/** The figures of the page: one of each of the four questions, each on one line. */
const MAIN = ["billed_cost", "open_critical_high", "compliance_score", "compute_hours"];
/** Characters of a driver's name that fit beside the other columns on upright paper. */
const NAME_LENGTH = 40;

function unitOf({ unit, type }: Figure): string | null {
  return unit ?? (type === "percent" ? "%" : null);
}

function driverName({ drivers: [driver], driversOf }: Figure): string | null {
  if (driver === undefined) return null;
  const name = driver.name ?? `no ${driver.dimension}`;
  return driversOf === null ? name : `${name} (${driversOf})`;
}

function kpiRow(figure: Figure): Row {
  const { label, value, previous, change, changePercent } = figure;
  return [
    ...[label, unitOf(figure), value, previous, change, changePercent],
    ...[driverName(figure), figure.drivers[0]?.change ?? null],
  ];
}

function pageRow(figure: Figure): Row {
  const { label, value, change, changePercent, drivers } = figure;
  const [name, by] = [driverName(figure), drivers[0]?.change];
  const short = name !== null && name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 1)}…` : name;
  const signed = by === undefined ? "" : ` ${by.startsWith("-") ? "" : "+"}${formatQuantity(by)}`;
  return [
    label.replace(/ findings$/, ""),
    ...[unitOf(figure), value, change, changePercent],
    short === null ? null : short + signed,
  ];
}

async function answer(
  context: TenantContext,
  { range, filters }: ComputationRequest,
  id: Id,
  pick: (figures: readonly Figure[]) => { rows: Row[]; left: number },
): Promise<QueryResult> {
  const found = await summary(context, { range, filters, compare: "previous-period" });
  const { asOf } = await snapshotOf(context, "cost");
  const { rows, left } = pick(found.figures);
  const table = computedResult(SUMMARY_COMPUTATIONS[id], {
    range: found.range,
    unit: null,
    rows,
    rowsTotal: rows.length + left,
    notes: [
      ...(left === 0 ? [] : [`The summary has ${left} more figures, since cost is in several currencies.`]),
      ...found.notes,
      ...found.problems.map((problem) => problemText(`The ${problem.part} part`, problem)),
    ],
    failed: found.problems.length > 0,
    dataAsOf: asOf,
  });
  return { ...table, compare: found.compare };
}

/** The card of a tenant that may be billed in several currencies, whose amounts are never added. */
async function costByCurrency(
  context: TenantContext,
  { range, filters }: ComputationRequest,
): Promise<QueryResult> {
  const answer = await runQuery(context, {
    dataset: "cost",
    range,
    filters,
    groupBy: ["currency"],
    measures: ["billed_cost"],
    compare: "previous-period",
  });
  const [only, ...others] = answer.rows;
  const single = others.length === 0 ? only : undefined;
  const table = computedResult(SUMMARY_COMPUTATIONS["summary-cost"], {
    range: answer.range,
    unit: single?.[0] ?? null,
    rows: answer.rows,
    total: single === undefined ? undefined : [null, ...single.slice(1)],
    notes: answer.completeness.notes,
    dataAsOf: answer.dataAsOf,
  });
  return answer.compare === undefined ? table : { ...table, compare: answer.compare };
}

/** Runners for the summary computations of report sections. */
export const summaryComputations: Readonly<Record<Id, ComputationRunner>> = {
  "summary-kpis": (context, request) =>
    answer(context, request, "summary-kpis", (figures) => ({ rows: figures.map(kpiRow), left: 0 })),
  "summary-cost": costByCurrency,
  "summary-page": (context, request) =>
    answer(context, request, "summary-page", (figures) => {
      const main = figures.filter(({ id }) => MAIN.includes(id));
      if (main.length <= MAIN.length) return { rows: main.map(pageRow), left: 0 };
      // Several currencies: one figure for each question, and one fewer, since the note takes its place.
      const firsts = MAIN.flatMap((id) => main.find((figure) => figure.id === id) ?? []);
      const shown = firsts.slice(0, MAIN.length - 1);
      return { rows: shown.map(pageRow), left: main.length - shown.length };
    }),
};
