import * as z from "zod/mini";
import { DATASET_IDS } from "../../core/metrics/datasets.ts";
import { FILTER_OPS } from "../../core/query/query.ts";
import { COMPARISONS, PRESETS } from "../../core/time/ranges.ts";
import { date, nullableInstant, partProblems } from "./common.ts";
import { doc, named } from "./registry.ts";

/*
 * The schemas check the shape of a request. Which dimensions, measures and dates there are is checked by the query
 * language in core, which knows the dataset. A schema's own message is the problem code of its violation.
 */

export const datasetSchema = doc(z.enum(DATASET_IDS, "query.unknown-dataset"), "What is asked about.");

export const rangeSchema = named(
  "Range",
  "Whole days `[from, to)` in the tenant's time zone (`to` is the first day not included), or a preset relative to today: the last complete 7, 30 or 90 days, the last 12 complete months, the month to date, or last month.",
  z.union([
    z.strictObject({ preset: z.enum(PRESETS, "range.unknown-preset") }),
    z.strictObject({ from: date("First day."), to: date("First day not included.") }),
  ]),
);

const value = z.nullable(z.string());

export const filterSchema = named(
  "Filter",
  "Keeps facts (by a dimension) or groups (by a measure). `equals`, `not` and `in` compare exactly; `contains`, `starts` and `ends` ignore case; `greater`, `less` and `between` (both ends included) take days and measures. null stands for facts without a value, also of a measure, which then keeps facts.",
  z.strictObject({
    field: doc(z.string(), "A dimension such as `service` or `tag:env`, or a measure of this query."),
    op: z.enum(FILTER_OPS, "query.invalid-filter"),
    value: doc(
      z.union([value, z.array(value)]),
      "Text, decimals as text, or null; a list for `in`, `not` and `between`.",
    ),
  }),
);

export const sortSchema = named(
  "Sort",
  "Orders the rows by a column of the result.",
  z.strictObject({
    by: doc(
      z.string(),
      "A grouped dimension, a measure, or with `compare` also `MEASURE.previous`, `MEASURE.change`.",
    ),
    order: z.enum(["asc", "desc"], "query.invalid-sort"),
  }),
);

const comparison = doc(
  z.enum(COMPARISONS, "query.unknown-comparison"),
  "Adds the same question over the period before, or the same dates a year before, with absolute and percent change.",
);

const questionFields = {
  dataset: datasetSchema,
  groupBy: z.exactOptional(doc(z.array(z.string()), "Dimensions; none gives one total row.")),
  measures: z.exactOptional(doc(z.array(z.string()), "Measures; the dataset's usual one when not given.")),
  filters: z.exactOptional(z.array(filterSchema)),
  sort: z.exactOptional(
    doc(
      z.array(sortSchema),
      "Default: by time where grouped by time, else the first measure, largest first.",
    ),
  ),
  limit: z.exactOptional(
    doc(
      z.int("query.invalid-limit").check(z.minimum(1, "query.invalid-limit")),
      "Rows to show; the rest is added up into one others row. 1000 when not given, at most 10000; exports have no limit.",
    ),
  ),
  compare: z.exactOptional(comparison),
};

export const analyticsQuerySchema = named(
  "AnalyticsQuery",
  "A question to the tenant's facts.",
  z.strictObject({ ...questionFields, range: rangeSchema }),
);

export const sectionQuerySchema = named(
  "SectionQuery",
  "A question without its range, which the report gives to all its sections.",
  z.strictObject(questionFields),
);

/** The same question in URL parameters. */
export const rangeParams = {
  range: z.exactOptional(
    doc(
      z.enum(PRESETS, "range.unknown-preset"),
      "A preset; or give `from` and `to`. 30d when neither is given.",
    ),
  ),
  from: z.exactOptional(date("First day, with `to`.")),
  to: z.exactOptional(date("First day not included, with `from`.", "2024-10-01")),
};

export const compareParam = { compare: z.exactOptional(comparison) };

export const queryParams = z.strictObject({
  dataset: z.exactOptional(doc(datasetSchema, "What is asked about; `cost` when not given.")),
  ...rangeParams,
  groupBy: z.exactOptional(
    doc(z.array(z.string()), "Dimensions, separated by commas.", { examples: ["service,region"] }),
  ),
  measures: z.exactOptional(
    doc(z.array(z.string()), "Measures, separated by commas.", { examples: ["billed_cost,effective_cost"] }),
  ),
  where: z.exactOptional(
    doc(
      z.array(z.string()),
      'A filter; repeat the parameter for several, all must hold. `service=AmazonEC2`, `region!=eu-west-1`, `account=1,2` (any of), `service~cloud` (contains), `service^Amazon` (starts), `service$Storage` (ends), `billed_cost>100`, `billed_cost<5`, `day=2024-09-01..2024-09-07` (between), `region=` (no value). Quote a value that holds a comma: `service="a, b"`.',
      { repeated: true, examples: ["region=us-east-1"] },
    ),
  ),
  sort: z.exactOptional(
    doc(z.array(z.string()), "Columns, separated by commas; `-` before a name sorts it descending.", {
      examples: ["-billed_cost"],
    }),
  ),
  limit: questionFields.limit,
  ...compareParam,
});

const cell = doc(
  z.nullable(z.string()),
  "Numbers are decimal text, exact; dates are YYYY-MM-DD; null where nothing is known.",
);
const row = z.array(cell);

export const columnSchema = named(
  "Column",
  "A column of a result: its type, its unit when all rows share one, and whether its rows may be added up.",
  z.object({
    id: doc(
      z.string(),
      "`service`, `tag:env`, `billed_cost`, `billed_cost.previous`, `.change`, `.change_percent`",
    ),
    label: z.string(),
    role: z.enum(["dimension", "measure"]),
    type: z.enum(["string", "date", "instant", "money", "quantity", "integer", "percent"]),
    unit: z.exactOptional(doc(z.string(), "ISO 4217 code or unit.")),
    grain: z.exactOptional(
      doc(z.enum(["day", "week", "month"]), "The time bucket whose first day the cell is."),
    ),
    additive: z.boolean(),
    repeatedIds: z.exactOptional(
      doc(z.literal(true), "The cells are long ids that repeat; PDFs show where they begin."),
    ),
  }),
);

export const resultRangeSchema = named(
  "ResultRange",
  "Whole days `[from, to)` of a time zone.",
  z.object({ from: date("First day."), to: date("First day not included.", "2024-10-01"), zone: z.string() }),
);

const completeness = named(
  "Completeness",
  "How much of the answer is here. Nothing is cut without a word.",
  z.object({
    rows: doc(z.int(), "Rows in this answer, the others row not counted."),
    rowsTotal: doc(z.int(), "Rows there are in all."),
    complete: z.boolean(),
    notes: doc(z.array(z.string()), "What a reader must know."),
  }),
);

const headFields = {
  dataset: z.enum(DATASET_IDS),
  range: resultRangeSchema,
  compare: z.exactOptional(
    z.object({
      from: date("First day."),
      to: date("First day not included.", "2024-10-01"),
      kind: z.enum(COMPARISONS),
      covered: z.exactOptional(
        doc(z.int(), "Days of it that there is data of; not given when that is all of them."),
      ),
    }),
  ),
  columns: z.array(columnSchema),
  totals: doc(
    z.array(z.object({ unit: z.nullable(z.string()), cells: row })),
    "One row; several when amounts are in several currencies or units, which are never added.",
  ),
  others: doc(
    z.nullable(z.object({ groups: z.int(), cells: row })),
    "What the limit left out, added up; null when nothing was.",
  ),
  completeness,
  dataAsOf: nullableInstant("When the newest load behind the answer was made; null when there is none."),
};

export const queryResultSchema = named(
  "QueryResult",
  "An answer: typed columns, rows, totals, and how complete it is. Each row has one cell a column.",
  z.object({ ...headFields, rows: z.array(row) }),
);

export const costDashboardSchema = named(
  "CostDashboard",
  "What the cost dashboard asks, answered over one range.",
  z.object({
    range: resultRangeSchema,
    totals: doc(
      z.nullable(queryResultSchema),
      "Billed, effective, list and contracted cost, with change against the period before.",
    ),
    trend: doc(z.nullable(queryResultSchema), "Cost by day."),
    services: doc(z.nullable(queryResultSchema), "The costliest services, with change."),
    regions: doc(z.nullable(queryResultSchema), "The costliest regions, with change."),
    accounts: doc(z.nullable(queryResultSchema), "The costliest accounts, with change."),
    problems: partProblems,
  }),
);
