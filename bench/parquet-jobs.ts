import { DuckDBInstance } from "@duckdb/node-api";
import { RowReader } from "../src/adapters/aws/metrics/table-rows.ts";
import { openTable } from "../src/adapters/aws/metrics/table-source.ts";
import { plausibleDays } from "../src/core/time/plausible.ts";
import { planImport } from "../src/importers/registry/registry.ts";
import { inputFiles } from "../src/importers/shared/files.ts";
import { reportPeak } from "./lib/process.ts";

/** The child of bench/parquet.ts. Usage: generate FILE ROWS CODEC GROUP | read FILE | facts FILE | engine FILE */

const [job = "", file = "", rows = "0", codec = "", group = ""] = process.argv.slice(2);

async function engine(sql: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: "700MB", threads: "1" });
  const connection = await instance.connect();
  await connection.run(sql);
  connection.disconnectSync();
  instance.closeSync();
}

/** Amounts of 15 decimals, a resource a row, tags on two rows in three; some 27 columns, as FOCUS bills have. */
const BILL = `SELECT (hash(i) % 1000000000000)::DECIMAL(30,15) / 1000000000 AS b, b::DECIMAL(30,15) AS BilledCost,
  (b * 0.9)::DECIMAL(30,15) AS EffectiveCost, (b * 1.1)::DECIMAL(30,15) AS ListCost, b::DECIMAL(30,15) AS ContractedCost,
  (hash(i, 1) % 100000) / 997.0 AS ConsumedQuantity, 'Hours' AS ConsumedUnit, '999999999999' AS BillingAccountId,
  'USD' AS BillingCurrency, TIMESTAMP '2024-09-01' AS BillingPeriodStart, TIMESTAMP '2024-10-01' AS BillingPeriodEnd,
  'Usage' AS ChargeCategory, NULL::VARCHAR AS ChargeClass, 'Usage-Based' AS ChargeFrequency, 'AWS' AS ProviderName,
  TIMESTAMP '2024-09-01' + to_hours((hash(i, 2) % 720)::INT) AS ChargePeriodStart, ChargePeriodStart + INTERVAL 1 HOUR AS ChargePeriodEnd,
  'Standard' AS PricingCategory, NULL::VARCHAR AS CommitmentDiscountId, NULL::VARCHAR AS CommitmentDiscountStatus,
  'AWS' AS PublisherName, 'AWS' AS InvoiceIssuerName, 'region-' || hash(i, 3) % 20 AS RegionId, 'Compute' AS ServiceCategory,
  'Service ' || hash(i, 4) % 60 AS ServiceName, lpad((hash(i, 5) % 200)::VARCHAR, 12, '0') AS SubAccountId,
  'account ' || hash(i, 5) % 200 AS SubAccountName, 'arn:aws:ec2:us-east-1:1:instance/i-' || md5(i::VARCHAR) AS ResourceId,
  NULL::VARCHAR AS ResourceName, 'instance' AS ResourceType, 'described at some length' AS ChargeDescription,
  CASE WHEN i % 3 > 0 THEN MAP {'env': 'e' || i % 4, 'team': 't' || hash(i, 6) % 50, 'app': 'a' || hash(i, 7) % 900} END AS Tags
  FROM range(${rows}) t(i)`;

async function read(typed: boolean): Promise<void> {
  const { mapping, files } = await planImport(await inputFiles([file]));
  const [first] = files;
  if (mapping === undefined || first === undefined) throw new Error("no bill");
  const source = await openTable(first.file, first.table);
  const reader = new RowReader(file, source.columns, mapping, plausibleDays(new Date()));
  for await (const batch of source.rows(reader.used))
    if (typed) for (const row of batch) if ("fields" in row) reader.read(row.fields);
  await source.close();
}

if (job === "generate") {
  await engine(
    `COPY (SELECT * EXCLUDE b FROM (${BILL})) TO '${file}' (FORMAT parquet, COMPRESSION ${codec}, ROW_GROUP_SIZE ${group})`,
  );
} else if (job === "engine") {
  await engine(
    `CREATE TEMP TABLE texts AS SELECT sum(length(COLUMNS(*)::VARCHAR)) FROM read_parquet('${file}', binary_as_string = true)`,
  );
} else await read(job === "facts");
reportPeak();
