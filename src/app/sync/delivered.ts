import type { DeliveredLoad, DeliveryReport } from "../../core/connections/sync-run.ts";
import type { SyncBatch } from "../../ports/connector.ts";
import type { SyncState } from "../../core/connections/sync-run.ts";
import type { LoadReport } from "../../ports/load.ts";
import type { ImportReport } from "../imports/report.ts";
import type { LoadContext } from "./options.ts";

/** What became of a delivery. */
export interface Loaded {
  report: DeliveryReport;
  marks: SyncState;
  warnings: string[];
}

/** A report without its lists. */
export function summary(report: LoadReport | ImportReport): DeliveredLoad {
  const money = report.totals.map(({ currency, loaded }) => ({
    currency,
    billed: loaded["billed"] ?? loaded["billed_cost"] ?? null,
    effective: loaded["effective"] ?? loaded["effective_cost"] ?? null,
  }));
  return {
    dataset: "dataset" in report ? report.dataset : report.datasets.map(({ dataset }) => dataset).join(", "),
    format: `${report.format} ${report.version}`.trim(),
    rowsRead: report.rowsRead,
    rowsAccepted: report.rowsAccepted,
    rowsRejected: report.rowsRejected,
    partitions: report.partitions.length,
    unassigned: report.unassigned.length,
    totals: money,
  };
}

/** The report and the new sync state of a delivery that was loaded or checked. */
export function done(
  { options }: LoadContext,
  delivery: Exclude<SyncBatch, { kind: "unchanged" }>,
  loads: readonly DeliveredLoad[],
  more: { marks?: SyncState; warnings: readonly string[] },
): Loaded {
  const { id, title } = delivery;
  return {
    report: { id, title, status: options.dryRun === true ? "checked" : "loaded", loads },
    marks: { ...delivery.marks(), ...more.marks },
    warnings: [...more.warnings, ...delivery.notes()],
  };
}
