import { DomainError, invalid } from "../errors/errors.ts";
import { unknownNameFix } from "../errors/suggest.ts";
import { datasetOf } from "../metrics/datasets.ts";
import { planQuery } from "../query/plan.ts";
import { resolveRange } from "../time/ranges.ts";
import type { KpiSpec, ReportDefinition, Section } from "./definition.ts";

export const MAX_SECTIONS = 40;
export const MAX_KPIS = 12;

/**
 * Checks a definition as a whole, so that a saved report can be run: every query plans, charts name columns their
 * query has, ids are unique, and exactly one table is the detail table.
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
  const details = sections.filter((section) => section.kind === "table" && section.detail === true);
  if (details.length !== 1) {
    throw invalid("report.detail", `A report has exactly one detail table, not ${details.length}`, {
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
    throw invalid("report.repeated-id", `${path}: the id "${section.id}" is used twice`, {
      field: `${path}.id`,
      fix: "Give each chart and table an id of its own.",
    });
  }
  ids.add(section.id);
  within(`${path}.query`, () => planQuery({ ...section.query, range: definition.range }, now, "UTC"));
  if (section.kind === "chart") checkChart(section, path);
}

function checkKpi(definition: ReportDefinition, item: KpiSpec, path: string, now: Date): void {
  const plan = within(`${path}.query`, () =>
    planQuery({ ...item.query, range: definition.range }, now, "UTC"),
  );
  const allowed = plan.measures.map((m) => m.id);
  if (!allowed.includes(item.measure)) {
    throw invalid("report.unknown-measure", `${path}: the card's query does not ask for "${item.measure}"`, {
      field: `${path}.measure`,
      allowed,
      fix: unknownNameFix(item.measure, allowed),
    });
  }
  if (item.top === true && plan.keys.length !== 1) {
    throw invalid("report.top-card", `${path}: a top card's query groups by one dimension`, {
      field: `${path}.query.groupBy`,
      fix: "Group by the dimension whose largest value is to be named.",
    });
  }
}

function checkChart(section: Extract<Section, { kind: "chart" }>, path: string): void {
  const { chart, query } = section;
  const measures = query.measures ?? datasetOf(query.dataset).defaultMeasures;
  const available = [...(query.groupBy ?? []), ...measures];
  const named = Object.entries(chart).flatMap(([key, value]): [string, string][] => {
    if (key === "kind" || typeof value === "boolean") return [];
    return typeof value === "string" ? [[key, value]] : value.map((v): [string, string] => [key, v]);
  });
  for (const [key, column] of named) {
    const base = column.replace(/\.(previous|change|change_percent)$/, "");
    if (available.includes(base)) continue;
    throw invalid(
      "report.unknown-column",
      `${path}: the chart's ${key} names "${column}", which its query lacks`,
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
      ...(error.fix !== undefined && { fix: error.fix }),
      ...(error.allowed !== undefined && { allowed: error.allowed }),
    });
  }
}
