import { invalid } from "../errors/errors.ts";
import type { ReportDefinition, Section, SectionSource } from "./definition.ts";

/** Most different questions of one report. */
export const MAX_QUESTIONS = 60;

/**
 * Refuses a report that asks more than it may; equal questions count once. Saved reports may be older than the limit, so
 * it is checked where they are saved and where they are run.
 * @throws DomainError `report.too-many-questions` with the path of the first part that is one too many
 */
export function checkQuestions({ sections }: Pick<ReportDefinition, "sections">): void {
  const asked = new Set<string>();
  let first: string | undefined;
  for (const [path, { query, compute }] of sections.flatMap(sourcesOf)) {
    asked.add(JSON.stringify([query, compute]));
    if (asked.size > MAX_QUESTIONS) first ??= path;
  }
  if (first === undefined) return;
  throw invalid(
    "report.too-many-questions",
    `The report asks ${asked.size} different questions; at most ${MAX_QUESTIONS} are allowed, and ${first} is the first beyond`,
    { field: first, fix: "Split it into several reports; parts that ask the same count once." },
  );
}

/** The parts of a section that ask something, with their paths. @param at its place in the report */
export function sourcesOf(section: Section, at: number): [path: string, source: SectionSource][] {
  const path = `sections[${at}]`;
  if (section.kind === "heading" || section.kind === "text") return [];
  if (section.kind !== "kpis") return [[path, section]];
  return section.items.map((item, i) => [`${path}.items[${i}]`, item]);
}
