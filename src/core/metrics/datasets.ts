import { shorten } from "../errors/bounded.ts";
import { invalid } from "../errors/errors.ts";
import { unknownNameFix } from "../errors/suggest.ts";
import { SEVERITIES } from "../findings/severity.ts";
import { type ControlStatus, FINDING_STATUSES } from "../findings/status.ts";

/**
 * The datasets, their facts and what can be asked of them, as data: stores build their tables or blocks from it,
 * the query language validates against it, the API and the command line list it. Cost columns carry the names of
 * the FinOps Open Cost and Usage Specification (FOCUS) in snake case.
 */
export const DATASET_IDS = ["cost", "findings", "controls", "usage"] as const;
export type DatasetId = (typeof DATASET_IDS)[number];

/** How a fact column is held: `decimal` is exact (DECIMAL(38,18)), `instant` is UTC, `tags` a flat JSON object. */
export type FactType = "string" | "decimal" | "instant" | "tags";

export interface FactColumn {
  name: string;
  type: FactType;
}

/**
 * Something to group by or filter on. `tag` dimensions are written `tag:KEY`. Of an instant column, `date` is its
 * calendar date in UTC and `instant` the instant itself (RFC 3339 with milliseconds), which is only filtered on being
 * there. `source` is who delivered the fact and `period` the bill or snapshot it came in: those of its partition.
 */
export interface Dimension {
  id: string;
  label: string;
  kind: "column" | "tag" | "day" | "week" | "month" | "date" | "instant" | "source" | "period";
  /** The fact column behind it; the time dimensions read the fact's day, `source` and `period` the partition's. */
  column: string;
  /** Values that are ranks, the first one first; other values come behind them, by text. Without it all are texts. */
  order?: readonly string[];
}

/** Where a measure's unit comes from: a column of the fact (currency, unit) or one unit for all. */
export type UnitSource = { column: string } | { fixed: string };

export interface Measure {
  id: string;
  label: string;
  /** `rows` counts facts; anything else sums the decimal column of that name. */
  column: string;
  /** Counters add up over time. Gauges are taken from the last snapshot in each time bucket, never added over days. */
  kind: "counter" | "gauge";
  format: "money" | "quantity" | "integer";
  unit: UnitSource;
}

export interface Dataset {
  id: DatasetId;
  label: string;
  /** Beside these, every fact has tenant, day (calendar date in the tenant's zone) and load. */
  columns: readonly FactColumn[];
  dimensions: readonly Dimension[];
  measures: readonly Measure[];
  defaultMeasures: readonly string[];
  /** The column that maps a fact to a tenant. */
  accountColumn: string;
}

const text = (...names: string[]): FactColumn[] => names.map((name) => ({ name, type: "string" }));
const decimals = (...names: string[]): FactColumn[] => names.map((name) => ({ name, type: "decimal" }));
const dimension = (id: string, label: string, column = id): Dimension => ({
  id,
  label,
  kind: "column",
  column,
});
/** The worst first, since that is what a reader looks for. */
const SEVERITY: Dimension = { ...dimension("severity", "Severity"), order: SEVERITIES };
const CONTROL_ORDER: readonly ControlStatus[] = ["failed", "passed", "not_available"];
const TIME: Dimension[] = [
  { id: "day", label: "Day", kind: "day", column: "day" },
  { id: "week", label: "Week", kind: "week", column: "day" },
  { id: "month", label: "Month", kind: "month", column: "day" },
];
const TAGS: Dimension = { id: "tag", label: "Tag", kind: "tag", column: "tags" };
const SOURCE: Dimension = { id: "source", label: "Source", kind: "source", column: "source" };
/**
 * `YYYY-MM` of the bill a charge is on, FOCUS BillingPeriodStart. A correction's day is in the month it corrects, its
 * billing month the one it is billed in.
 */
const BILLING_MONTH: Dimension = {
  id: "billing_month",
  label: "Billing month",
  kind: "period",
  column: "period",
};

const money = (id: string, label: string): Measure => ({
  id,
  label,
  column: id,
  kind: "counter",
  format: "money",
  unit: { column: "billing_currency" },
});

const COST: Dataset = {
  id: "cost",
  label: "Cost",
  columns: [
    { name: "charge_period_start", type: "instant" },
    { name: "charge_period_end", type: "instant" },
    ...text("provider_name", "billing_account_id", "sub_account_id", "sub_account_name"),
    ...text("service_name", "service_category", "region_id", "resource_id", "resource_name", "resource_type"),
    ...text("charge_category", "charge_class", "charge_frequency", "pricing_category"),
    ...text("commitment_discount_id", "commitment_discount_status", "consumed_unit", "billing_currency"),
    ...decimals("billed_cost", "effective_cost", "list_cost", "contracted_cost", "consumed_quantity"),
    { name: "tags", type: "tags" },
  ],
  dimensions: [
    ...TIME,
    dimension("service", "Service", "service_name"),
    dimension("service_category", "Service category"),
    dimension("region", "Region", "region_id"),
    dimension("account", "Account", "sub_account_id"),
    dimension("account_name", "Account name", "sub_account_name"),
    dimension("billing_account", "Billing account", "billing_account_id"),
    dimension("provider", "Provider", "provider_name"),
    dimension("charge_category", "Charge category"),
    dimension("charge_class", "Charge class"),
    dimension("charge_frequency", "Charge frequency"),
    dimension("pricing_category", "Pricing category"),
    dimension("commitment", "Commitment discount", "commitment_discount_id"),
    dimension("commitment_status", "Commitment status", "commitment_discount_status"),
    dimension("resource", "Resource", "resource_id"),
    dimension("resource_name", "Resource name"),
    dimension("resource_type", "Resource type"),
    dimension("currency", "Currency", "billing_currency"),
    dimension("unit", "Unit", "consumed_unit"),
    BILLING_MONTH,
    SOURCE,
    TAGS,
  ],
  measures: [
    money("billed_cost", "Billed cost"),
    money("effective_cost", "Effective cost"),
    money("list_cost", "List cost"),
    money("contracted_cost", "Contracted cost"),
    {
      id: "consumed_quantity",
      label: "Consumed quantity",
      column: "consumed_quantity",
      kind: "counter",
      format: "quantity",
      unit: { column: "consumed_unit" },
    },
  ],
  defaultMeasures: ["billed_cost"],
  accountColumn: "sub_account_id",
};

const FINDINGS: Dataset = {
  id: "findings",
  label: "Security findings",
  columns: [
    { name: "first_observed_at", type: "instant" },
    { name: "last_observed_at", type: "instant" },
    ...text("finding_id", "title", "severity", "status", "workflow_status", "source_product", "check_id"),
    ...text("service_name", "sub_account_id", "region_id", "resource_id", "resource_type", "remediation"),
    { name: "tags", type: "tags" },
  ],
  dimensions: [
    ...TIME,
    dimension("finding", "Finding", "finding_id"),
    dimension("title", "Title"),
    SEVERITY,
    { ...dimension("status", "Status"), order: FINDING_STATUSES },
    dimension("workflow_status", "Workflow status"),
    dimension("product", "Product", "source_product"),
    dimension("check", "Check", "check_id"),
    dimension("service", "Service", "service_name"),
    dimension("account", "Account", "sub_account_id"),
    dimension("region", "Region", "region_id"),
    dimension("resource", "Resource", "resource_id"),
    dimension("resource_type", "Resource type"),
    dimension("remediation", "Remediation"),
    { id: "first_observed", label: "First observed", kind: "date", column: "first_observed_at" },
    { id: "last_observed", label: "Last observed", kind: "date", column: "last_observed_at" },
    SOURCE,
    TAGS,
  ],
  measures: [
    {
      id: "findings",
      label: "Findings",
      column: "rows",
      kind: "gauge",
      format: "integer",
      unit: { fixed: "findings" },
    },
  ],
  defaultMeasures: ["findings"],
  accountColumn: "sub_account_id",
};

const CONTROLS: Dataset = {
  id: "controls",
  label: "Compliance controls",
  columns: [
    { name: "evaluated_at", type: "instant" },
    ...text(
      "framework",
      "control_id",
      "control_title",
      "control_status",
      "severity",
      "source_product",
      "check_id",
    ),
    ...text("service_name", "sub_account_id", "region_id", "resource_id", "finding_id"),
  ],
  dimensions: [
    ...TIME,
    dimension("framework", "Framework"),
    dimension("control", "Control", "control_id"),
    dimension("control_title", "Control title"),
    { ...dimension("status", "Status", "control_status"), order: CONTROL_ORDER },
    SEVERITY,
    dimension("product", "Product", "source_product"),
    dimension("check", "Check", "check_id"),
    dimension("service", "Service", "service_name"),
    dimension("account", "Account", "sub_account_id"),
    dimension("region", "Region", "region_id"),
    dimension("resource", "Resource", "resource_id"),
    dimension("finding", "Finding", "finding_id"),
    { id: "evaluated_at", label: "Evaluated at", kind: "instant", column: "evaluated_at" },
    SOURCE,
  ],
  measures: [
    {
      id: "results",
      label: "Control results",
      column: "rows",
      kind: "gauge",
      format: "integer",
      unit: { fixed: "results" },
    },
  ],
  defaultMeasures: ["results"],
  accountColumn: "sub_account_id",
};

const USAGE: Dataset = {
  id: "usage",
  label: "Usage",
  columns: [
    ...text("metric", "unit", "service_name", "sub_account_id", "region_id", "resource_id"),
    ...decimals("quantity"),
    { name: "tags", type: "tags" },
  ],
  dimensions: [
    ...TIME,
    dimension("metric", "Metric"),
    dimension("unit", "Unit"),
    dimension("service", "Service", "service_name"),
    dimension("account", "Account", "sub_account_id"),
    dimension("region", "Region", "region_id"),
    dimension("resource", "Resource", "resource_id"),
    SOURCE,
    TAGS,
  ],
  measures: [
    {
      id: "quantity",
      label: "Quantity",
      column: "quantity",
      kind: "counter",
      format: "quantity",
      unit: { column: "unit" },
    },
    {
      id: "level",
      label: "Level",
      column: "quantity",
      kind: "gauge",
      format: "quantity",
      unit: { column: "unit" },
    },
  ],
  defaultMeasures: ["quantity"],
  accountColumn: "sub_account_id",
};

export const DATASETS: Readonly<Record<DatasetId, Dataset>> = {
  cost: COST,
  findings: FINDINGS,
  controls: CONTROLS,
  usage: USAGE,
};

/** @throws DomainError `query.unknown-dataset` */
export function datasetOf(id: string): Dataset {
  const found = DATASET_IDS.find((candidate) => candidate === id);
  if (found !== undefined) return DATASETS[found];
  throw invalid("query.unknown-dataset", `"${shorten(id)}" is not a dataset`, {
    field: "dataset",
    allowed: DATASET_IDS,
    fix: unknownNameFix(id, DATASET_IDS),
  });
}

/** The names a query may group by or filter on, as shown in errors and documentation (`tag:KEY` for tags). */
export function dimensionNames(dataset: Dataset): string[] {
  return dataset.dimensions.map((d) => (d.kind === "tag" ? "tag:KEY" : d.id));
}
