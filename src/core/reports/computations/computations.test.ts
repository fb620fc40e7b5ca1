import { describe, expect, it } from "vitest";
import { checkDefinition } from "../check.ts";
import type { ReportDefinition, Section } from "../definition.ts";
import { definitionFrom, sampleDefinition, TEMPLATES, templateOf } from "../templates/index.ts";
import { COMPUTATIONS, computationOf } from "./index.ts";

const NOW = new Date("2024-10-01T12:00:00Z");
const compute = { computation: "chargeback", parameters: { by: "tag:team" } };
const detail: Section = { kind: "table", id: "detail", title: "", detail: true, compute };
const report = (...sections: Section[]): ReportDefinition => ({
  title: "Report",
  description: "",
  range: { preset: "30d" },
  sections: [detail, ...sections],
});
const check = (...sections: Section[]): ReportDefinition => checkDefinition(report(...sections), NOW);

describe("a section with a computation", () => {
  it("may be the detail table, a chart of its columns, or a card of its measures", () => {
    const sections: Section[] = [
      {
        kind: "chart",
        id: "shares",
        title: "",
        chart: { kind: "doughnut", label: "key", value: "cost" },
        compute,
      },
      {
        kind: "kpis",
        items: [{ id: "top", label: "", compute, measure: "cost", top: true, upIs: "bad" }],
      },
    ];
    expect(check(...sections).sections).toHaveLength(3);
  });

  it.each([
    [{ computation: "charge-back" }, "report.unknown-computation", "sections[1].compute.computation"],
    [
      { computation: "chargeback", parameters: { per: "x" } },
      "report.unknown-parameter",
      "sections[1].compute.parameters.per",
    ],
    [
      { computation: "chargeback", parameters: { shared: "fair" } },
      "report.invalid-parameter",
      "sections[1].compute.parameters.shared",
    ],
  ])("is refused when it is %j", (wrong, code, field) => {
    const section: Section = { kind: "table", id: "t", title: "", compute: wrong };
    expect(() => check(section)).toThrow(expect.objectContaining({ code, field }) as Error);
  });

  it("is refused when its chart or card names a column that the computation does not answer", () => {
    const chart = { kind: "doughnut", label: "key", value: "billed_cost" } as const;
    expect(() => check({ kind: "chart", id: "c", title: "", chart, compute })).toThrow(
      expect.objectContaining({ code: "report.unknown-column", field: "sections[1].chart.value" }) as Error,
    );
    const card = { id: "k", label: "", compute, measure: "key", upIs: "bad" as const };
    expect(() => check({ kind: "kpis", items: [card] })).toThrow(
      expect.objectContaining({ code: "report.unknown-measure" }) as Error,
    );
  });

  it("is refused with a query beside it, and without either", () => {
    const both: Section = { kind: "table", id: "t", title: "", compute, query: { dataset: "cost" } };
    const neither: Section = { kind: "table", id: "t", title: "" };
    for (const section of [both, neither])
      expect(() => check(section)).toThrow(expect.objectContaining({ code: "report.source" }) as Error);
  });

  it("gets the defaults of what it leaves out", () => {
    expect(computationOf({ computation: "chargeback" }).parameters).toEqual({
      by: "account",
      shared: "none",
      measure: "billed_cost",
    });
  });
});

describe("the computations", () => {
  it.each(Object.entries(COMPUTATIONS))("%s has columns of its own names and a measure", (_id, spec) => {
    const ids = spec.columns.map((column) => column.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(spec.columns.some((column) => column.role === "measure")).toBe(true);
    for (const parameter of spec.parameters) expect(parameter.example).not.toBe("");
  });
});

describe("the templates", () => {
  it.each(TEMPLATES.map((template) => [template.id, template] as const))(
    "%s makes a report that can be run",
    (_id, template) => {
      const definition = sampleDefinition(template);
      expect(checkDefinition(definition, NOW)).toBe(definition);
    },
  );

  it("take their parameters, and name what is wrong with them", () => {
    expect(definitionFrom(templateOf("chargeback"), { by: "tag:team" }).title).toBe("Chargeback by tag team");
    expect(() => definitionFrom(templateOf("chargeback"), { team: "x" })).toThrow(/no parameter "team"/);
    expect(() => definitionFrom(templateOf("chargeback"), { by: " " })).toThrow(/by cannot be " "/);
    expect(() => definitionFrom(templateOf("cost-analysis"), { by: "x" })).toThrow(/no parameter "by"/);
  });
});
