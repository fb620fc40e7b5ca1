import * as z from "zod/mini";
import { EXPORT_FORMATS } from "../../core/reports/formats.ts";
import { instant, nullableInstant } from "./common.ts";
import { analyticsQuerySchema, resultRangeSchema } from "./query.ts";
import { doc, named } from "./registry.ts";
import { definitionSchema, formatSchema, parameterValues, runFields } from "./reports.ts";

const manifestTotalSchema = z.object({
  unit: doc(z.nullable(z.string()), "The currency, the unit, or `%`; null for plain counts.", {
    examples: ["USD"],
  }),
  of: z.exactOptional(
    doc(z.nullable(z.string()), "With `%` and several currencies or units: the one these belong to."),
  ),
  values: doc(z.record(z.string(), z.string()), "Column id to exact decimal."),
});

export const manifestSchema = named(
  "Manifest",
  "What a file says about itself: enough to check it against its source and against the other formats.",
  z.object({
    title: z.string(),
    tenant: z.object({ id: z.string(), name: z.string() }),
    range: resultRangeSchema,
    query: doc(z.unknown(), "The detail table's question."),
    rowsWritten: z.int(),
    rowsTotal: z.int(),
    complete: doc(
      z.boolean(),
      "Whether all rows of the detail table are there, and all sections could be computed.",
    ),
    notes: z.array(z.string()),
    totals: doc(
      z.array(manifestTotalSchema),
      "Totals of the detail table, one entry a unit: amounts under their currency, percentages under `%`, counts under null.",
    ),
    datasetHash: doc(z.string(), "`sha256:` and 64 hex digits over the rows, the same in every format."),
    generatedAt: instant("When it was made."),
    dataAsOf: nullableInstant("When the newest load behind it was made."),
    demo: z.boolean(),
    generator: z.string(),
    failures: z.exactOptional(
      doc(
        z.array(
          z.object({
            section: doc(z.string(), "Id of the chart, table or card."),
            title: z.string(),
            code: doc(z.string(), "Stable, as of a problem."),
            message: z.string(),
          }),
        ),
        "Sections that could not be computed and say so in their place; not there when all could.",
      ),
    ),
  }),
);

export const exportJobSchema = named(
  "Export",
  "An export job and, when done, its file.",
  z.object({
    id: z.string(),
    title: z.string(),
    format: z.enum(EXPORT_FORMATS),
    fileName: z.string(),
    status: z.enum(["pending", "running", "done", "failed"]),
    rowsWritten: doc(z.int(), "Rows written so far."),
    rowsTotal: doc(z.nullable(z.int()), "Rows in all; null while unknown."),
    bytes: z.nullable(z.int()),
    manifest: z.nullable(manifestSchema),
    error: doc(z.nullable(z.object({ code: z.string(), message: z.string() })), "Why it failed."),
    requestedBy: z.string(),
    createdAt: instant("When it was asked for."),
    finishedAt: nullableInstant("When it ended."),
    expiresAt: instant("When its file is removed."),
  }),
);

export const exportRequestSchema = named(
  "ExportRequest",
  "What to export, exactly one of `query`, `report` and `definition`, and how.",
  z.strictObject({
    format: formatSchema,
    query: z.exactOptional(doc(analyticsQuerySchema, "A question; its answer is exported whole.")),
    report: z.exactOptional(
      doc(z.string(), "A saved report's id or a template's name.", { examples: ["cost-analysis"] }),
    ),
    parameters: z.exactOptional(doc(parameterValues, "Of the template that `report` names.")),
    definition: z.exactOptional(doc(definitionSchema, "A report that need not be saved.")),
    title: z.exactOptional(doc(z.string(), "Heads the file of a `query`.")),
    ...runFields,
    options: z.exactOptional(
      doc(
        z.strictObject({
          bom: z.exactOptional(doc(z.boolean(), "CSV: a byte-order mark, which Excel needs to see UTF-8.")),
          delimiter: z.exactOptional(
            doc(z.string().check(z.length(1)), "CSV: one character; comma when not given."),
          ),
          lines: z.exactOptional(doc(z.boolean(), "JSON: one object a line (NDJSON).")),
          page: z.exactOptional(
            doc(
              z.strictObject({
                size: z.enum(["A4", "letter"]),
                orientation: z.enum(["portrait", "landscape"]),
              }),
              "PDF: A4 portrait when not given.",
            ),
          ),
        }),
        "How the file is written; what does not go with the format is not looked at.",
      ),
    ),
    delivery: z.exactOptional(
      doc(
        z.enum(["auto", "job"]),
        "`auto` answers with the file when it is small enough and with a job otherwise; `job` always makes a job.",
      ),
    ),
  }),
);

const score = doc(z.int().check(z.minimum(1), z.maximum(5)), "1 (bad) to 5 (good).");

export const newFeedbackSchema = named(
  "NewFeedback",
  "What an export was like.",
  z.strictObject({
    score,
    text: z.exactOptional(doc(z.string().check(z.maxLength(2000)), "In words, at most 2,000 characters.")),
  }),
);

export const feedbackSchema = named(
  "Feedback",
  "What somebody said of an export.",
  z.object({
    export: doc(z.string(), "Id of the export."),
    score,
    text: doc(z.string(), "Empty where there are no words."),
    givenBy: z.string(),
    createdAt: instant("When it was given."),
    expiresAt: instant("When it is removed: with the export."),
  }),
);
