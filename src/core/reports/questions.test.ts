import { describe, expect, it } from "vitest";
import type { KpiSpec, ReportDefinition, Section } from "./definition.ts";
import { checkDefinition } from "./check.ts";

const NOW = new Date("2024-10-01T00:00:00Z");
const detail: Section = {
  kind: "table",
  id: "detail",
  title: "Detail",
  detail: true,
  query: { dataset: "cost", groupBy: ["service"] },
};
const card = (id: string, question: number): KpiSpec => ({
  id,
  label: id,
  measure: "billed_cost",
  upIs: "bad",
  query: {
    dataset: "cost",
    measures: ["billed_cost"],
    filters: [{ field: "account", op: "equals", value: String(question) }],
  },
});
/** A report of a detail table and cards, twelve a section. @param question what the nth card asks */
function report(cards: number, question: (n: number) => number): ReportDefinition {
  const items = Array.from({ length: cards }, (_, n) => card(`card-${n}`, question(n)));
  const rows = Array.from({ length: Math.ceil(cards / 12) }, (_, i) => items.slice(12 * i, 12 * i + 12));
  const sections = [detail, ...rows.map((each): Section => ({ kind: "kpis", items: each }))];
  return { title: "Cards", description: "", range: { preset: "30d" }, sections };
}

describe("the questions of a report", () => {
  it("are at most sixty", () => {
    const allowed = report(59, (n) => n);
    expect(checkDefinition(allowed, NOW)).toBe(allowed);
  });

  it("beyond that are refused, with how many there are and the first that is one too many", () => {
    expect(() =>
      checkDefinition(
        report(468, (n) => n),
        NOW,
      ),
    ).toThrow(
      expect.objectContaining({
        code: "report.too-many-questions",
        message: expect.stringContaining("469 different questions; at most 60") as string,
        field: "sections[5].items[11]",
      }) as Error,
    );
  });

  it("count once where they are equal", () => {
    const equal = report(468, (n) => n % 3);
    expect(checkDefinition(equal, NOW)).toBe(equal);
  });
});
