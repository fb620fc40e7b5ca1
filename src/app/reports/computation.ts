import type { QueryFilter, QueryResult } from "../../core/query/query.ts";
import type { TableStream } from "../../core/reports/document.ts";
import type { ParameterValues } from "../../core/reports/parameters.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import type { TenantContext } from "../services.ts";

/** The input of a computation: the days and filters of the report, and its own checked parameters. */
export interface ComputationRequest {
  range: DayRange;
  /** Those of the run, to be added to every query. */
  filters: readonly QueryFilter[];
  /** Complete: defaults are filled in. */
  parameters: ParameterValues;
}

/**
 * Computes one answer, with the columns its spec in core names, in that order. Unknown values are null with a note in
 * `completeness.notes`, never 0; a large answer is a stream.
 * @throws DomainError those of the queries it asks
 */
export type ComputationRunner = (
  context: TenantContext,
  request: ComputationRequest,
) => Promise<QueryResult | TableStream>;
