import { shorten } from "../../errors/bounded.ts";
import { invalid } from "../../errors/errors.ts";
import { unknownNameFix } from "../../errors/suggest.ts";
import type { DatasetId } from "../../metrics/datasets.ts";
import type { Column } from "../../query/query.ts";
import { checkParameters, type ParameterSpec, type ParameterValues } from "../parameters.ts";

/**
 * An answer that is more than adding up facts: a forecast, an allocation, a score. A section names it instead of a
 * query, and the service has a runner for each. The answer has the shape of a query's, so that charts, tables, cards,
 * exports and the dataset hash treat both alike.
 */
export interface ComputationSpec {
  label: string;
  description: string;
  /** The dataset it is computed from: the one its answer is as fresh as. */
  dataset: DatasetId;
  parameters: readonly ParameterSpec[];
  /** The columns of its answer; units are known only with the data, and a run may give a better label. */
  columns: readonly Column[];
}

/** A computation asked for, as a section writes it. */
export interface ComputeSpec {
  computation: string;
  parameters?: ParameterValues;
}

/**
 * Looks a computation up and completes its parameters.
 * @throws DomainError `report.unknown-computation`, and those of `checkParameters`
 */
export function resolveComputation<Id extends string>(
  table: Readonly<Record<Id, ComputationSpec>>,
  compute: ComputeSpec,
  field = "compute",
): { id: Id; spec: ComputationSpec; parameters: ParameterValues } {
  const allowed = Object.keys(table) as Id[];
  const id = allowed.find((candidate) => candidate === compute.computation);
  if (id === undefined) {
    throw invalid("report.unknown-computation", `There is no computation "${shorten(compute.computation)}"`, {
      field: `${field}.computation`,
      allowed,
      fix: unknownNameFix(compute.computation, allowed),
    });
  }
  const spec = table[id];
  const given = compute.parameters ?? {};
  return { id, spec, parameters: checkParameters(spec.parameters, given, id, `${field}.parameters`) };
}

/** Columns as specs write them. */
export const textColumn = (id: string, label: string): Column => ({
  id,
  label,
  role: "dimension",
  type: "string",
  additive: false,
});

export const dayColumn = (id: string, label: string): Column => ({
  id,
  label,
  role: "dimension",
  type: "date",
  grain: "day",
  additive: false,
});

export const measureColumn = (
  id: string,
  label: string,
  type: "money" | "quantity" | "integer" | "percent",
  additive = type !== "percent",
): Column => ({ id, label, role: "measure", type, additive });
