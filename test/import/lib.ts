import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database } from "../../src/adapters/embedded/database.ts";
import { createMetricStore } from "../../src/adapters/embedded/metric-store.ts";
import { planImport } from "../../src/importers/registry/registry.ts";
import { inputFiles } from "../../src/importers/shared/files.ts";
import type { InputFile, LoadReport, Ownership, TenantZones } from "../../src/ports/load.ts";
import type { LoadOptions } from "../../src/ports/metric-store.ts";
import { loadTables } from "../support/loading.ts";

export interface ImportOptions extends LoadOptions {
  owners?: Ownership;
  zones?: TenantZones;
  dryRun?: boolean;
}

/** A new folder, removed by the returned function. */
export async function freshFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "securebase-import-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Detects and loads files, as the import command does. */
export async function importInto(
  database: Database,
  files: readonly (string | InputFile)[],
  { owners, zones, dryRun, ...options }: ImportOptions = {},
): Promise<LoadReport> {
  const paths = files.filter((file) => typeof file === "string");
  const given = files.filter((file) => typeof file !== "string");
  const plan = await planImport([...(await inputFiles(paths)), ...given]);
  if (plan.mapping === undefined) throw new Error("the files are empty");
  return loadTables(
    createMetricStore(database),
    {
      mapping: plan.mapping,
      files: plan.files,
      owners: owners ?? { kind: "accounts", claims: [], seen: 0 },
      zones: zones ?? {},
      loadedAt: "2024-10-02T00:00:00Z",
      dryRun: dryRun ?? false,
    },
    options,
  );
}

/** An answer of the engine, all as text. */
export async function select(database: Database, sql: string): Promise<(string | null)[][]> {
  return database.read(async (connection) => {
    const reader = await connection.runAndReadAll(sql);
    return reader.getRows().map((row) => row.map((value) => (value === null ? null : String(value))));
  });
}

/** All facts, in an order that does not depend on how they were loaded. */
export async function allFacts(database: Database): Promise<(string | null)[][]> {
  return select(
    database,
    `SELECT k.id, l.source, l.period, f.* EXCLUDE (tenant, load_id) FROM facts_cost f
      JOIN tenant_keys k ON k.key = f.tenant JOIN loads l USING (load_id) ORDER BY ALL`,
  );
}

/** A FOCUS file of some columns; rows lack what they do not name. */
export function focusCsv(
  rows: readonly Readonly<Record<string, string>>[],
  options: { delimiter?: string; newline?: string; columns?: readonly string[] } = {},
): string {
  const { delimiter = ",", newline = "\n" } = options;
  const columns = options.columns ?? Object.keys(ROW);
  const quote = (text: string): string =>
    /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = rows.map((row) => columns.map((name) => quote(row[name] ?? ROW[name] ?? "")).join(delimiter));
  return [columns.join(delimiter), ...lines, ""].join(newline);
}

const ROW: Readonly<Record<string, string>> = {
  ProviderName: "AWS",
  BillingAccountId: "999999999999",
  SubAccountId: "000000000001",
  SubAccountName: "One",
  BillingPeriodStart: "2024-09-01T00:00:00Z",
  ChargePeriodStart: "2024-09-03T00:00:00Z",
  ChargePeriodEnd: "2024-09-04T00:00:00Z",
  ChargeCategory: "Usage",
  ServiceName: "Amazon S3",
  BillingCurrency: "USD",
  BilledCost: "1.5",
  EffectiveCost: "1.25",
  ListCost: "2",
  ContractedCost: "2",
  ConsumedQuantity: "3",
  ConsumedUnit: "GB",
  Tags: "",
};
