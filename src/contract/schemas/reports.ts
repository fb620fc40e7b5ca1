import * as z from "zod/mini";
import type { ComputationSpec } from "../../core/reports/computations/computation.ts";
import { COMPUTATIONS } from "../../core/reports/computations/index.ts";
import { EXPORT_FORMATS } from "../../core/reports/formats.ts";
import { instant, nullableInstant, partProblemSchema } from "./common.ts";
import {
  filterSchema,
  queryResultSchema,
  rangeSchema,
  resultRangeSchema,
  sectionQuerySchema,
} from "./query.ts";
import { doc, named } from "./registry.ts";

const columnId = (description: string) => doc(z.string(), description);

export const chartSchema = named(
  "Chart",
  "How a table is drawn; it names columns of the question's answer.",
  z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.enum(["line", "bar", "stacked-area"]),
      x: columnId("Column along x."),
      y: doc(z.array(z.string()), "Measures; exactly one with `series`."),
      series: z.exactOptional(columnId("Dimension whose values become the series.")),
      horizontal: z.exactOptional(doc(z.boolean(), "Bars from left to right.")),
    }),
    z.strictObject({
      kind: z.literal("doughnut"),
      label: columnId("Dimension."),
      value: columnId("Measure."),
    }),
    z.strictObject({
      kind: z.literal("gauge"),
      value: columnId("A percentage from 0 to 100: green from 90, amber from 70, red below."),
    }),
    z.strictObject({
      kind: z.literal("heatmap"),
      x: columnId("Dimension."),
      y: columnId("Dimension."),
      value: columnId("Measure."),
    }),
    z.strictObject({
      kind: z.literal("budget"),
      x: columnId("Dimension."),
      actual: columnId("Measure."),
      budget: columnId("Measure."),
    }),
  ]),
);

export const parameterValues = doc(
  z.record(z.string(), z.string()),
  "Values by parameter, as text; defaults stand for those left out.",
);

const computations = Object.entries<ComputationSpec>(COMPUTATIONS)
  .map(
    ([id, spec]) =>
      `\`${id}\`: ${spec.description} Columns: ${spec.columns.map((c) => c.id).join(", ")}.${parameterList(spec)}`,
  )
  .join("\n- ");

function parameterList({ parameters: specs }: ComputationSpec): string {
  if (specs.length === 0) return "";
  return ` Parameters: ${specs.map((spec) => `${spec.id} (${spec.allowed?.join(", ") ?? spec.example}${spec.required === true ? ", required" : ""})`).join("; ")}.`;
}

export const computeSchema = named(
  "Compute",
  `An answer that is more than a query, by name:\n- ${computations}`,
  z.strictObject({ computation: z.string(), parameters: z.exactOptional(parameterValues) }),
);

/** Where a part of a report gets its data. */
const source = {
  query: z.exactOptional(doc(sectionQuerySchema, "The question; or give `compute`.")),
  compute: z.exactOptional(doc(computeSchema, "A computation instead of a question.")),
};

const upIs = doc(z.enum(["good", "bad", "neutral"]), "Whether an increase is good news; colours the arrow.");

const kpiSpec = named(
  "KpiSpec",
  "One number on a card.",
  z.strictObject({
    id: z.string(),
    label: z.string(),
    ...source,
    measure: doc(z.string(), "The measure whose total is shown."),
    top: z.exactOptional(doc(z.boolean(), "Show the first row's name and value instead of the total.")),
    upIs,
  }),
);

const heading = z.strictObject({ kind: z.literal("heading"), text: z.string() });
const text = z.strictObject({ kind: z.literal("text"), text: z.string() });

export const definitionSchema = named(
  "ReportDefinition",
  "A report as it is saved: sections with their questions, no data. Exactly one table is the `detail` table, which every format carries in full; a CSV consists of it. In a chart with a time axis `limit` counts series: the smaller ones are added up, and no day is left out.",
  z.strictObject({
    title: z.string(),
    description: z.string(),
    range: doc(rangeSchema, "The range when a run names none."),
    sections: z.array(
      named(
        "Section",
        "A part of a report.",
        z.discriminatedUnion("kind", [
          heading,
          text,
          z.strictObject({ kind: z.literal("kpis"), items: z.array(kpiSpec) }),
          z.strictObject({
            kind: z.literal("chart"),
            id: z.string(),
            title: z.string(),
            chart: chartSchema,
            width: z.exactOptional(
              doc(
                z.enum(["full", "half"]),
                "In a PDF, the page's width or half of it. When not given, gauges, doughnuts and ranked bars share a row and time series do not.",
              ),
            ),
            ...source,
          }),
          z.strictObject({
            kind: z.literal("table"),
            id: z.string(),
            title: z.string(),
            ...source,
            detail: z.exactOptional(z.boolean()),
          }),
        ]),
      ),
    ),
    layout: z.exactOptional(
      doc(
        z.enum(["full", "compact"]),
        "`compact` is for a report of one page: in a PDF its charts share the room that cards and tables leave, and what it says about itself takes a few lines. `full` when not given.",
      ),
    ),
  }),
);

export const savedReportSchema = named(
  "SavedReport",
  "A saved report. `etag` changes with every write and is sent as the ETag header too.",
  z.object({
    id: z.string(),
    definition: definitionSchema,
    createdBy: z.string(),
    createdAt: instant("When it was first saved."),
    updatedAt: instant("When it was last changed."),
    etag: z.string(),
  }),
);

const kpi = named(
  "Kpi",
  "A computed number. `value` is null when nothing is known, which is not 0.",
  z.object({
    id: z.string(),
    label: z.string(),
    value: z.nullable(z.string()),
    type: z.enum(["money", "quantity", "integer", "percent"]),
    unit: z.nullable(z.string()),
    name: z.exactOptional(z.nullable(z.string())),
    change: z.exactOptional(
      z.object({ absolute: z.string(), percent: z.exactOptional(z.string()), against: z.string() }),
    ),
    upIs,
    problem: z.exactOptional(doc(partProblemSchema, "Why it could not be computed; `value` is null then.")),
  }),
);

export const reportResultSchema = named(
  "ReportResult",
  "A report with its answers, to look at. A table shows its first rows and says in `completeness` how many there are; an export carries them all.",
  z.object({
    title: z.string(),
    description: z.string(),
    tenant: z.object({ id: z.string(), name: z.string() }),
    range: resultRangeSchema,
    generatedAt: instant("When it was computed."),
    dataAsOf: nullableInstant("When the newest load behind it was made."),
    demo: doc(z.boolean(), "Generated demo data, not a real bill."),
    sections: z.array(
      z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("heading"), text: z.string() }),
        z.object({ kind: z.literal("text"), text: z.string() }),
        z.object({ kind: z.literal("kpis"), items: z.array(kpi) }),
        z.object({
          kind: z.literal("chart"),
          id: z.string(),
          title: z.string(),
          chart: chartSchema,
          data: queryResultSchema,
        }),
        z.object({
          kind: z.literal("table"),
          id: z.string(),
          title: z.string(),
          detail: z.boolean(),
          data: queryResultSchema,
        }),
        z.object({
          kind: doc(z.literal("failed"), "In the place of a chart or table that could not be computed."),
          id: z.string(),
          title: z.string(),
          problem: partProblemSchema,
        }),
      ]),
    ),
  }),
);

export const formatSchema = doc(z.enum(EXPORT_FORMATS, "export.unknown-format"), "The file format.");

/** What a run may change of a report. */
export const runFields = {
  range: z.exactOptional(doc(rangeSchema, "Instead of the report's own range.")),
  filters: z.exactOptional(doc(z.array(filterSchema), "Added to every question of the report.")),
};

export const runSchema = named("ReportRun", "How to run a saved report.", z.strictObject(runFields));

export const previewSchema = named(
  "ReportPreview",
  "A report that need not be saved, and the range to run it over.",
  z.strictObject({
    definition: definitionSchema,
    ...runFields,
  }),
);

export const instantiateSchema = named(
  "TemplateInstance",
  "What the saved copy of a template shall have of its own.",
  z.strictObject({
    title: z.exactOptional(z.string()),
    description: z.exactOptional(z.string()),
    range: z.exactOptional(rangeSchema),
    parameters: z.exactOptional(doc(parameterValues, "Of the template; the copy has them built in.")),
  }),
);

const parameterSpec = named(
  "Parameter",
  "Something a template lets its user choose.",
  z.object({
    id: z.string(),
    label: z.string(),
    description: z.string(),
    required: z.exactOptional(doc(z.boolean(), "It has no default.")),
    default: z.exactOptional(z.string()),
    allowed: z.exactOptional(doc(z.array(z.string()), "All values it may take.")),
    example: z.string(),
  }),
);

export const templateSchema = named(
  "ReportTemplate",
  "A built-in report.",
  z.object({
    id: doc(z.string(), "Its name.", { examples: ["cost-analysis"] }),
    parameters: z.array(parameterSpec),
    definition: doc(definitionSchema, "The report it makes of its defaults and examples."),
  }),
);
