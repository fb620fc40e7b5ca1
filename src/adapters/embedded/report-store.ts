import type { DuckDBConnection } from "@duckdb/node-api";
import { DomainError } from "../../core/errors/errors.ts";
import type { ReportStore, SavedReport, TenantReports } from "../../ports/report-store.ts";
import type { Database } from "./database.ts";
import { findTenantKey, tenantKey } from "./partitions.ts";
import { execute, rowsOf } from "../../duckdb/sql.ts";

/** Saved reports in the engine's file. Writes run one after the other, so that a check and its write are one step. */
export function createReportStore(database: Database): ReportStore {
  return { forTenant: (tenant) => tenantReports(database, tenant) };
}

function tenantReports(database: Database, tenant: string): TenantReports {
  return {
    async get(id) {
      return database.read(async (connection) => {
        const key = await findTenantKey(connection, tenant);
        return key === undefined ? undefined : find(connection, key, id);
      });
    },
    async list({ limit, after }) {
      return database.read(async (connection) => {
        const key = await findTenantKey(connection, tenant);
        if (key === undefined) return [];
        // Ids sort by time of creation, so a page goes on behind its last report even when that is gone by now.
        const rows = await rowsOf(
          connection,
          `SELECT record FROM reports WHERE tenant = ${key} ${after === undefined ? "" : "AND id < $1"}
            ORDER BY id DESC LIMIT ${Math.trunc(limit)}`,
          after === undefined ? [] : [after],
        );
        return rows.map(([record]) => parse(record));
      });
    },
    async create(report) {
      await database.write(async (connection) => {
        const key = await tenantKey(connection, tenant);
        if ((await find(connection, key, report.id)) !== undefined) {
          throw new DomainError("report.exists", "conflict", `There is a report ${report.id} already`, {
            fix: "Save it under a new id, or replace the one there is.",
          });
        }
        await execute(connection, "INSERT INTO reports VALUES ($1, $2, $3, $4)", [
          key,
          report.id,
          report.etag,
          JSON.stringify(report),
        ]);
      });
    },
    async replace(report, expected) {
      await database.write(async (connection) => {
        const key = await findExpected(connection, tenant, report.id, expected);
        await execute(connection, "UPDATE reports SET etag = $3, record = $4 WHERE tenant = $1 AND id = $2", [
          key,
          report.id,
          report.etag,
          JSON.stringify(report),
        ]);
      });
    },
    async remove(id, expected) {
      await database.write(async (connection) => {
        const key = await findExpected(connection, tenant, id, expected);
        await execute(connection, "DELETE FROM reports WHERE tenant = $1 AND id = $2", [key, id]);
      });
    },
  };
}

/** @returns the tenant's key, when the report is there and as the caller last saw it */
async function findExpected(
  connection: DuckDBConnection,
  tenant: string,
  id: string,
  expected: string | undefined,
): Promise<number> {
  const key = await findTenantKey(connection, tenant);
  const report = key === undefined ? undefined : await find(connection, key, id);
  if (key === undefined || report === undefined) {
    throw new DomainError("report.not-found", "not-found", `There is no report ${id}`, {
      fix: "List the reports to find its id; it may have been deleted.",
    });
  }
  if (expected !== undefined && report.etag !== expected) {
    throw new DomainError(
      "report.changed",
      "precondition",
      `The report ${id} was changed since it was read (it is ${report.etag} now, not ${expected})`,
      { fix: "Read it again, apply the change to that, and save with its new ETag." },
    );
  }
  return key;
}

async function find(connection: DuckDBConnection, key: number, id: string): Promise<SavedReport | undefined> {
  const rows = await rowsOf(connection, "SELECT record FROM reports WHERE tenant = $1 AND id = $2", [
    key,
    id,
  ]);
  return rows[0] === undefined ? undefined : parse(rows[0][0]);
}

function parse(record: unknown): SavedReport {
  return JSON.parse(String(record)) as SavedReport;
}
