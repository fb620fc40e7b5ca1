import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { ENGINE } from "../src/adapters/embedded/database.ts";
import { canonicalDecimal } from "../src/core/money/decimal.ts";
import { importInto } from "./lib/loader.ts";
import { type Usage, UsageOfBoth } from "./lib/usage.ts";

/** The child of bench/import.ts. Usage: JOB CSV FOLDER [ROWS] */

const ACCOUNTS = 200;
const TENANTS = 50;
interface Expected {
  rows: number;
  billed: string;
}

async function withEngine(
  path: string,
  task: (connection: DuckDBConnection) => Promise<void>,
): Promise<void> {
  const instance = await DuckDBInstance.create(path, {
    // What the embedded store has.
    memory_limit: ENGINE.memory,
    storage_compatibility_version: ENGINE.storage,
    temp_directory: `${path}.tmp`,
  });
  const connection = await instance.connect();
  await task(connection);
  connection.disconnectSync();
  instance.closeSync();
}

async function one(connection: DuckDBConnection, sql: string): Promise<string[]> {
  const reader = await connection.runAndReadAll(sql);
  return (reader.getRows()[0] ?? []).map(String);
}

/**
 * A month of hourly charges as an AWS FOCUS export has them. Every value is a hash of the row's number, so that the
 * file is the same each time.
 */
async function generate(csv: string, rows: number): Promise<void> {
  const pick = (salt: number, ...words: string[]): string =>
    `[${words.map((w) => `'${w}'`).join(", ")}][1 + (hash(i * 31 + ${salt}) % ${words.length})::BIGINT]`;
  const number = (salt: number, below: number): string => `(hash(i * 31 + ${salt}) % ${below})::BIGINT`;
  const amount = (salt: number, below: number): string => `printf('%.11f', ${number(salt, below)} / 1e7)`;
  const hour = (plus: number): string =>
    `strftime(TIMESTAMP '2024-09-01' + to_hours(${number(5, 720)} + ${plus}), '%Y-%m-%dT%H:%M:%SZ')`;
  const columns: Record<string, string> = {
    BilledCost: amount(1, 100_000),
    BillingAccountId: "'999999999999'",
    BillingCurrency: "'USD'",
    BillingPeriodEnd: "'2024-10-01T00:00:00Z'",
    BillingPeriodStart: "'2024-09-01T00:00:00Z'",
    ChargeCategory: pick(3, "Usage", "Usage", "Usage", "Purchase", "Tax"),
    ChargeDescription: `'$' || ${number(4, 997)} || ' per unit of something that is described at some length'`,
    ChargePeriodEnd: hour(1),
    ChargePeriodStart: hour(0),
    ConsumedQuantity: amount(6, 10_000_000),
    ConsumedUnit: pick(7, "Hours", "GB", "Requests"),
    EffectiveCost: amount(1, 90_000),
    ListCost: amount(1, 110_000),
    ProviderName: "'AWS'",
    RegionId: pick(8, "us-east-1", "us-west-2", "eu-central-1", "ap-southeast-1"),
    ResourceId: `'arn:aws:ec2:us-east-1:123456789012:instance/i-' || lower(to_hex(hash(${number(9, 50_000)})))`,
    ServiceCategory: pick(10, "Compute", "Storage", "Networking", "Databases"),
    ServiceName: `'Amazon Service ' || ${number(10, 60)}`,
    SubAccountId: `lpad(${number(11, ACCOUNTS)}::VARCHAR, 12, '0')`,
    SubAccountName: `'Account ' || ${number(11, ACCOUNTS)}`,
    Tags: `CASE WHEN ${number(12, 3)} = 0 THEN '' ELSE '{"env": "' || ${pick(13, "prod", "dev", "test")} || '", "team": "t' || ${number(14, 40)} || '"}' END`,
  };
  const list = Object.entries(columns).map(([name, value]) => `${value} AS "${name}"`);
  await withEngine(":memory:", async (connection) => {
    await connection.run(
      `COPY (SELECT ${list.join(", ")} FROM range(${rows}) t (i)) TO '${csv}' (HEADER, DELIMITER ',')`,
    );
    const sum = `SELECT sum(${amount(1, 100_000)}::DECIMAL(38, 11))::VARCHAR FROM range(${rows}) t (i)`;
    const [billed = ""] = await one(connection, sum);
    writeFileSync(
      `${csv}.json`,
      JSON.stringify({ rows, billed: canonicalDecimal(billed) } satisfies Expected),
    );
  });
}

/** The whole way: recognise the file, open the store, load for fifty tenants, commit. */
async function importFile(csv: string, folder: string): Promise<Usage> {
  const tenantOf = (account: number): string => `tenant-${account % TENANTS}`;
  const claims = Array.from({ length: ACCOUNTS }, (_, i) => ({
    account: String(i).padStart(12, "0"),
    tenant: tenantOf(i),
  }));
  const zones = Object.fromEntries(
    claims.map(({ tenant }, i) => [tenant, i % 2 === 0 ? "UTC" : "America/New_York"]),
  );
  const { reports, usage } = await importInto(folder, csv, {
    owners: { kind: "accounts", claims, seen: 0 },
    zones,
  });
  const [report] = reports;
  const total = report?.totals[0];
  check(csv, report?.rowsAccepted ?? 0, total?.loaded.billed_cost ?? "");
  check(csv, report?.rowsRead ?? 0, total?.source.billed_cost ?? "");
  return usage;
}

function check(csv: string, rows: number, billed: string): void {
  const expected = JSON.parse(readFileSync(csv.replace(/\.gz$/, "") + ".json", "utf8")) as Expected;
  if (rows === expected.rows && billed === expected.billed) return;
  throw new Error(`${rows} rows adding up to ${billed}, not ${expected.rows} and ${expected.billed}`);
}

/** The engine's own read, into a table on disk. */
async function engineTable(csv: string, folder: string, options: string): Promise<void> {
  await withEngine(`${folder}.duckdb`, async (connection) => {
    await connection.run(`CREATE TABLE bill AS FROM read_csv('${csv}'${options})`);
    const [rows, billed] = await one(
      connection,
      "SELECT count(*), sum(BilledCost::DECIMAL(38, 11))::VARCHAR FROM bill",
    );
    check(csv, Number(rows), canonicalDecimal(billed ?? ""));
  });
}

async function engineCount(csv: string): Promise<void> {
  await withEngine(":memory:", async (connection) => {
    const [rows] = await one(
      connection,
      `SELECT count(COLUMNS(*)) FROM read_csv('${csv}', all_varchar = true, nullstr = 'NULL')`,
    );
    const expected = JSON.parse(readFileSync(`${csv}.json`, "utf8")) as Expected;
    if (Number(rows) !== expected.rows) throw new Error(`${rows ?? "no"} rows`);
  });
}

const [job = "", csv = "", folder = "", rows = "0"] = process.argv.slice(2);
/** A job that starts no process of its own. */
async function alone(work: Promise<void>): Promise<undefined> {
  await work;
}

const JOBS: Readonly<Record<string, () => Promise<Usage | undefined>>> = {
  generate: () => alone(generate(csv, Number(rows))),
  import: () => importFile(csv, folder),
  typed: () => alone(engineTable(csv, folder, "")),
  text: () => alone(engineTable(csv, folder, ", all_varchar = true")),
  read: () => alone(engineCount(csv)),
};
for (const left of [folder, `${folder}.duckdb`, `${folder}.duckdb.tmp`]) {
  if (left !== "") rmSync(left, { recursive: true, force: true });
}
const run = JOBS[job];
if (run === undefined) throw new Error(`no job ${job}; there are ${Object.keys(JOBS).join(", ")}`);
const used = (await run()) ?? new UsageOfBoth().total();
console.log(JSON.stringify(used));
