import type { ChartSpec } from "../charts/spec.ts";
import { shorten } from "../errors/bounded.ts";
import { DomainError, invalid } from "../errors/errors.ts";
import { unknownNameFix } from "../errors/suggest.ts";
import { planQuery } from "../query/plan.ts";
import { resolveRange } from "../time/ranges.ts";
import { computationOf } from "./computations/index.ts";
import type { KpiSpec, ReportDefinition, Section, SectionSource } from "./definition.ts";
import { checkQuestions } from "./questions.ts";

export const MAX_SECTIONS = 40;
export const MAX_KPIS = 12;

/**
 * Checks a definition as a whole, so that a saved report can be run: every query plans, every computation is there,
 * charts name columns their answer has, ids are unique, and exactly one table is the detail table.
 * @param now any instant; presets are resolved against it only to be checked
 * @throws DomainError `report.*`, or that of the query at fault with the section's path in `field`
 */
export function checkDefinition(definition: ReportDefinition, now: Date): ReportDefinition {
  if (definition.title.trim() === "") {
    throw invalid("report.no-title", "A report needs a title", { field: "title", fix: "Give one." });
  }
  resolveRange(definition.range, now, "UTC");
  const { sections } = definition;
  if (sections.length > MAX_SECTIONS) {
    throw invalid(
      "report.too-long",
      `The report has ${sections.length} sections; at most ${MAX_SECTIONS} are allowed`,
      {
        field: "sections",
        fix: "Split it into several reports.",
      },
    );
  }
  checkQuestions(definition);
  const details = sections.filter((section) => section.kind === "table" && section.detail === true);
  if (details.length !== 1) {
    throw invalid("report.detail", `A report must have exactly one detail table, not ${details.length}`, {
      field: "sections",
      fix: 'Set "detail": true on the table that is the report\'s dataset, and on no other.',
    });
  }
  const ids = new Set<string>();
  sections.forEach((section, i) => checkSection(definition, section, `sections[${i}]`, ids, now));
  return definition;
}

function checkSection(
  definition: ReportDefinition,
  section: Section,
  path: string,
  ids: Set<string>,
  now: Date,
): void {
  if (section.kind === "heading" || section.kind === "text") return;
  if (section.kind === "kpis") {
    if (section.items.length > MAX_KPIS) {
      throw invalid(
        "report.too-many-kpis",
        `${path} has ${section.items.length} cards; at most ${MAX_KPIS} fit`,
        {
          field: `${path}.items`,
          fix: "Spread them over several sections.",
        },
      );
    }
    section.items.forEach((item, i) => checkKpi(definition, item, `${path}.items[${i}]`, now));
    return;
  }
  if (ids.has(section.id)) {
    throw invalid("report.repeated-id", `${path}: the id "${shorten(section.id)}" is used twice`, {
      field: `${path}.id`,
      fix: "Give each chart and table an id of its own.",
    });
  }
  ids.add(section.id);
  const source = checkSource(definition, section, path, now);
  if (section.kind === "chart") checkChart(section.chart, source, path);
}

/** The columns a part's answer has, by what they are. */
interface Available {
  dimensions: readonly string[];
  measures: readonly string[];
}

function checkSource(
  definition: ReportDefinition,
  { query, compute }: SectionSource,
  path: string,
  now: Date,
): Available {
  if (compute !== undefined && query === undefined) {
    const { spec } = computationOf(compute, `${path}.compute`);
    const ids = (role: string): string[] => spec.columns.filter((c) => c.role === role).map((c) => c.id);
    return { dimensions: ids("dimension"), measures: ids("measure") };
  }
  if (query !== undefined && compute === undefined) {
    const plan = within(`${path}.query`, () => planQuery({ ...query, range: definition.range }, now, "UTC"));
    return { dimensions: plan.keys.map((key) => key.id), measures: plan.measures.map((m) => m.id) };
  }
  throw invalid(
    "report.source",
    `${path} has ${query === undefined ? "neither a query nor a computation" : "a query and a computation"}`,
    { field: path, allowed: ["query", "compute"], fix: "Give exactly one of query and compute." },
  );
}

function checkKpi(definition: ReportDefinition, item: KpiSpec, path: string, now: Date): void {
  const { dimensions, measures: allowed } = checkSource(definition, item, path, now);
  if (!allowed.includes(item.measure)) {
    throw invalid(
      "report.unknown-measure",
      `${path}: the card's ${item.query === undefined ? "computation does not answer" : "query does not ask for"} "${shorten(item.measure)}"`,
      { field: `${path}.measure`, allowed, fix: unknownNameFix(item.measure, allowed) },
    );
  }
  if (item.top === true && item.query !== undefined && dimensions.length !== 1) {
    throw invalid("report.top-card", `${path}: a top card's query groups by one dimension`, {
      field: `${path}.query.groupBy`,
      fix: "Group by the dimension whose largest value is to be named.",
    });
  }
}

function checkChart(chart: ChartSpec, { dimensions, measures }: Available, path: string): void {
  const available = [...dimensions, ...measures];
  const named = Object.entries(chart).flatMap(([key, value]): [string, string][] => {
    if (key === "kind" || typeof value === "boolean") return [];
    return typeof value === "string" ? [[key, value]] : value.map((v): [string, string] => [key, v]);
  });
  for (const [key, column] of named) {
    const base = column.replace(/\.(previous|change|change_percent)$/, "");
    if (available.includes(base)) continue;
    throw invalid(
      "report.unknown-column",
      `${path}: the chart's ${key} names "${shorten(column)}", which its data does not have`,
      {
        field: `${path}.chart.${key}`,
        allowed: available,
        fix: unknownNameFix(column, available),
      },
    );
  }
}

/** Runs a check and puts its place before the field of the error. */
function within<T>(path: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new DomainError(error.code, error.kind, `${path}: ${error.message}`, {
      field: error.field === undefined ? path : `${path}.${error.field}`,
      cause: error,
      fix: error.fix,
      allowed: error.allowed,
    });
  }
}
