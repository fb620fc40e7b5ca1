import { describe, expect, it } from "vitest";
import type { ExportJob } from "../../core/exports/export-job.ts";
import type { FoundRecord, RecordSpace } from "../../ports/records.ts";
import type { Services, TenantContext } from "../services.ts";
import { getExport, listExports } from "./export.ts";

const job = (status: ExportJob["status"]): ExportJob => ({
  id: "e1",
  title: "T",
  format: "csv",
  fileName: "t.csv",
  status,
  rowsWritten: 0,
  rowsTotal: null,
  bytes: null,
  manifest: null,
  error: null,
  requestedBy: "x",
  createdAt: "2024-10-01T00:00:00Z",
  finishedAt: null,
  expiresAt: "2025-01-01T00:00:00Z",
});

/** A tenant whose export is read as `reads` say, one after the other, by a process that has no such job. */
function scene(...reads: ExportJob["status"][]): TenantContext {
  const next = (): FoundRecord => ({
    id: "e1",
    revision: "1",
    version: 1,
    body: job(reads.shift() ?? "done"),
  });
  const space: Partial<RecordSpace> = {
    get: () => Promise.resolve(next()),
    list: () => Promise.resolve([next()]),
  };
  const services = { records: { forTenant: () => space }, jobs: { isAlive: () => false } };
  return { tenant: { id: "acme" }, services: services as unknown as Services } as unknown as TenantContext;
}

describe("an export that no process writes", () => {
  it("is shown as interrupted, alone and in the list", async () => {
    const error = { code: "export.interrupted" };
    expect(await getExport(scene("running", "running"), "e1")).toMatchObject({ status: "failed", error });
    expect(await listExports(scene("pending", "running"), {})).toMatchObject([{ status: "failed", error }]);
  });

  it("is shown as done when it ended between the look at its record and the look at the process", async () => {
    expect(await getExport(scene("running", "done"), "e1")).toEqual(job("done"));
    expect(await listExports(scene("running", "done"), {})).toEqual([job("done")]);
  });
});
