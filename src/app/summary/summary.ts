import { riskScore, OPEN } from "../security/score.ts";
import { type AskedDays, coverageNotes, dataLabel } from "../../core/query/coverage.ts";
import type { QueryFilter, ResultRange, Row } from "../../core/query/query.ts";
import { type Driver, mainDriver, type Part } from "../../core/summary/drivers.ts";
import { type Comparison, comparedRange, type DayRange } from "../../core/time/ranges.ts";
import { extentOf } from "../analytics/coverage.ts";
import { runQuery } from "../analytics/run-query.ts";
import { controlStatuses } from "../compliance/control-status.ts";
import { frameworkScores } from "../compliance/computations.ts";
import { usageMetric } from "../../core/usage/metrics.ts";
import { type FailedPart, Parts } from "../parts.ts";
import type { TenantContext } from "../services.ts";
import { metricFilters, metricUsage } from "../usage/metrics.ts";
import { checkDriver, driversBy } from "./parts.ts";

/** A key figure with its change and what drove it. Numbers are canonical decimals, null where nothing is known. */
export interface Figure {
  id: string;
  label: string;
  area: "cost" | "security" | "compliance" | "usage";
  type: "money" | "quantity" | "integer" | "percent";
  unit: string | null;
  value: string | null;
  previous: string | null;
  change: string | null;
  /** Null for figures that are percentages themselves: their change is in percentage points. */
  changePercent: string | null;
  upIs: "good" | "bad" | "neutral";
  /** What the drivers' changes count, where it is not the figure itself. */
  driversOf: string | null;
  drivers: readonly Driver[];
}

export interface Summary {
  range: ResultRange;
  compare: DayRange & { kind: Comparison };
  figures: readonly Figure[];
  /** Notes on days without data. */
  notes: readonly string[];
  /** Why the figures of an area could not be computed; those figures are missing. */
  problems: readonly FailedPart[];
}

export interface SummaryRequest {
  range: DayRange;
  filters: readonly QueryFilter[];
  compare: Comparison;
}

/**
 * The key figures of all four areas, each against the period before and with what drove the change.
 * @throws DomainError as `openQuery`
 */
export async function summary(context: TenantContext, request: SummaryRequest): Promise<Summary> {
  const { range, compare } = request;
  const parts = new Parts(context);
  const figures = await Promise.all(
    Object.entries(AREAS).map(([area, compute]) => parts.of(area, () => compute(context, request))),
  );
  const { from, to } = comparedRange(range, compare);
  const compared = { from, to, kind: compare };
  const all = figures.flatMap((found) => found ?? []);
  return {
    range: { ...range, zone: context.tenant.zone },
    compare: compared,
    figures: all,
    notes: await daysWithout(context, all, { range, compare: compared }),
    problems: parts.problems(),
  };
}

/** Notes for the areas whose figures add up over days; only one where cost and usage have the same days. */
async function daysWithout(
  context: TenantContext,
  figures: readonly Figure[],
  asked: Required<AskedDays>,
): Promise<string[]> {
  const cost = await extentOf(context, "cost");
  const counts = figures.some(({ area, id }) => area === "usage" && usageMetric(id).kind === "counter");
  const usage = counts ? await extentOf(context, "usage") : null;
  const both = cost !== null && usage !== null && cost.first === usage.first && cost.last === usage.last;
  return both
    ? coverageNotes(asked, { label: "Cost and usage data", extent: cost })
    : [
        ...coverageNotes(asked, { label: dataLabel("cost"), extent: cost }),
        ...coverageNotes(asked, { label: dataLabel("usage"), extent: usage }),
      ];
}

type Area = (context: TenantContext, request: SummaryRequest) => Promise<Figure[]>;
type Changed = Pick<Figure, "value" | "previous" | "change" | "changePercent">;

/** Value, previous, change and percent from four cells of a compared answer. */
function changed(cells: Row | undefined, at: number): Changed {
  const [value = null, previous = null, change = null, changePercent = null] = cells?.slice(at, at + 4) ?? [];
  return { value, previous, change, changePercent };
}

const COSTS = [
  ["billed_cost", "Billed cost"],
  ["effective_cost", "Effective cost"],
] as const;

/** Billed and effective cost, once for every currency the tenant is billed in. */
const costFigures: Area = async (context, { range, filters, compare }) => {
  const ask = { dataset: "cost" as const, range, compare };
  const answer = await runQuery(context, {
    ...ask,
    filters,
    groupBy: ["currency"],
    measures: COSTS.map(([id]) => id),
    sort: [{ by: "currency", order: "asc" }],
  });
  const rows: readonly Row[] = answer.rows.length === 0 ? [[null]] : answer.rows;
  const figures = rows.flatMap((row) => {
    const [currency = null] = row;
    return COSTS.map(async ([id, label], i): Promise<Figure> => {
      const figure = changed(row, 1 + 4 * i);
      const own: QueryFilter[] = [...filters, { field: "currency", op: "equals", value: currency }];
      const drivers = await driversBy(context, { ...ask, filters: own, measures: [id] }, figure.change, [
        "service",
        "account",
      ]);
      const about = { area: "cost", type: "money", upIs: "bad", driversOf: null } as const;
      return { id, label, unit: currency, ...about, ...figure, drivers };
    });
  });
  return Promise.all(figures);
};

const SEVERE: QueryFilter = { field: "severity", op: "in", value: ["critical", "high"] };

const securityFigures: Area = async (context, { range, filters, compare }) => {
  const open = [...filters, OPEN];
  const ask = { dataset: "findings" as const, range, compare };
  const [score, severe] = await Promise.all([
    riskScore(context, { range, filters }, compare),
    runQuery(context, { ...ask, filters: [...open, SEVERE] }),
  ]);
  const points = changed(score.totals[0]?.cells, 6);
  const count = changed(severe.totals[0]?.cells, 0);
  const severeQuery = { ...ask, filters: [...open, SEVERE] };
  const [ofPoints, ofCount, accounts] = await Promise.all([
    checkDriver(context, { ...ask, filters: open }, points.change, true),
    checkDriver(context, severeQuery, count.change, false),
    driversBy(context, severeQuery, count.change, ["account"]),
  ]);
  const about = { area: "security", type: "integer", unit: null, upIs: "bad", driversOf: null } as const;
  return [
    { id: "risk_points", label: "Risk points", ...about, ...points, drivers: ofPoints },
    {
      id: "open_critical_high",
      label: "Open critical and high findings",
      ...about,
      ...count,
      drivers: [...ofCount, ...accounts],
    },
  ];
};

const complianceFigures: Area = async (context, { range, filters, compare }) => {
  const { from, to } = comparedRange(range, compare);
  const [scores, now, before] = await Promise.all([
    frameworkScores(context, { range, filters }, compare),
    controlStatuses(context, { range, filters }),
    controlStatuses(context, { range: { from, to }, filters }),
  ]);
  const [value = null, previous = null, change = null] = scores.totals[0]?.cells.slice(1, 4) ?? [];
  const failed = (by: "framework" | "control"): Driver[] => {
    if (now.now === null || before.now === null) return [];
    const parts = new Map<string, { now: number; before: number }>();
    for (const [when, tally] of [
      ["now", now.now],
      ["before", before.now],
    ] as const) {
      for (const { framework, control, outcome } of tally.controls()) {
        const name = by === "framework" ? framework : `${framework} ${control}`;
        const part = parts.get(name) ?? { now: 0, before: 0 };
        parts.set(name, part);
        if (outcome === "failed") part[when] += 1;
      }
    }
    const list = [...parts].map(([name, part]): Part => ({
      name,
      now: String(part.now),
      before: String(part.before),
    }));
    const whole = list.reduce((sum, part) => sum + Number(part.now) - Number(part.before), 0);
    const driver = mainDriver(by, list, String(whole));
    return driver === undefined ? [] : [driver];
  };
  return [
    {
      id: "compliance_score",
      label: "Compliance score",
      area: "compliance",
      type: "percent",
      unit: null,
      value,
      previous,
      change,
      changePercent: null,
      upIs: "good",
      driversOf: "failed controls",
      drivers: change === null ? [] : [...failed("framework"), ...failed("control")],
    },
  ];
};

const usageFigures: Area = async (context, { range, filters, compare }) => {
  const metrics = await metricUsage(context, { range, filters }, compare);
  return Promise.all(
    metrics
      .filter(({ kind }) => kind !== "unknown")
      .map(async ({ metric, label, unit, kind, value, previous, change, changePercent }): Promise<Figure> => {
        const query = {
          dataset: "usage" as const,
          range,
          compare,
          measures: [kind === "counter" ? "quantity" : "level"],
          filters: [...filters, ...metricFilters(metric, unit)],
        };
        // The parts of a gauge compare last levels, so the whole they add up to is the change of the last level.
        const whole =
          kind === "counter" ? change : ((await runQuery(context, query)).totals[0]?.cells[2] ?? null);
        return {
          id: metric,
          label: kind === "gauge" ? `${label}, average` : label,
          area: "usage",
          type: "quantity",
          unit,
          value,
          previous,
          change,
          changePercent,
          upIs: "neutral",
          driversOf: kind === "gauge" ? "the last level" : null,
          drivers: await driversBy(context, query, whole, ["service", "account"]),
        };
      }),
  );
};

const AREAS: Readonly<Record<Figure["area"], Area>> = {
  cost: costFigures,
  security: securityFigures,
  compliance: complianceFigures,
  usage: usageFigures,
};
