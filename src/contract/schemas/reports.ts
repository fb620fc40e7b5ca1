import * as z from "zod/mini";
import { EXPORT_FORMATS } from "../../core/reports/formats.ts";
import { instant, nullableInstant } from "./common.ts";
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

const upIs = doc(z.enum(["good", "bad", "neutral"]), "Whether an increase is good news; colours the arrow.");

const kpiSpec = named(
  "KpiSpec",
  "One number on a card.",
  z.strictObject({
    id: z.string(),
    label: z.string(),
    query: sectionQuerySchema,
    measure: doc(z.string(), "The measure whose total is shown."),
    top: z.exactOptional(doc(z.boolean(), "Show the first row's name and value instead of the total.")),
    upIs,
  }),
);

const heading = z.strictObject({ kind: z.literal("heading"), text: z.string() });
const text = z.strictObject({ kind: z.literal("text"), text: z.string() });

export const definitionSchema = named(
  "ReportDefinition",
  "A report as it is saved: sections with their questions, no data. Exactly one table is the `detail` table, which every format carries in full; a CSV consists of it.",
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
            query: sectionQuerySchema,
          }),
          z.strictObject({
            kind: z.literal("table"),
            id: z.string(),
            title: z.string(),
            query: sectionQuerySchema,
            detail: z.exactOptional(z.boolean()),
          }),
        ]),
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
  }),
);

export const templateSchema = named(
  "ReportTemplate",
  "A built-in report.",
  z.object({
    id: doc(z.string(), "Its name.", { examples: ["cost-analysis"] }),
    definition: definitionSchema,
  }),
);
