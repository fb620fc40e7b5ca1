import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DATASETS } from "../../src/core/metrics/datasets.ts";
import { addMonths, daysBetween } from "../../src/core/time/dates.ts";
import { Database } from "../../src/adapters/embedded/database.ts";
import { newLoadName, replacePartitions } from "../../src/adapters/embedded/partitions.ts";
import { factTable } from "../../src/adapters/embedded/schema.ts";
import { identifier } from "../../src/duckdb/sql.ts";

export const TENANTS = 50;
export const MONTHS = 14;
export const FIRST_MONTH = "2023-08-01";
/** Raised when the generator changes, so that a cached store of the old one is made anew. */
const GENERATOR = 2;

export function tenantName(index: number): string {
  return `tenant-${String(index).padStart(4, "0")}`;
}

/**
 * A store of `rows` cost facts made by the engine itself, the same for the same number of rows: 50 tenants, 14 months,
 * one load a month as a provider delivers it, each fact with six tags' worth of JSON. Made once and kept in
 * `bench/.cache`.
 * @returns its data folder
 */
export async function factsStore(rows: number): Promise<string> {
  const cache = join(import.meta.dirname, "..", ".cache");
  const directory = join(cache, `facts-${rows}-v${GENERATOR}`);
  if (existsSync(directory)) return directory;
  const draft = `${directory}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const started = performance.now();
  process.stderr.write(`making a store of ${rows} facts …\n`);
  const database = await Database.open(draft, { memoryLimit: "4GB" });
  for (let month = 0; month < MONTHS; month++)
    await loadMonth(database, month, Math.floor(rows / MONTHS / TENANTS));
  database.close();
  renameSync(draft, directory);
  process.stderr.write(`made in ${((performance.now() - started) / 1000).toFixed(1)} s: ${directory}\n`);
  return directory;
}

async function loadMonth(database: Database, month: number, rowsPerTenant: number): Promise<void> {
  const first = addMonths(FIRST_MONTH, month);
  const partitions = Array.from({ length: TENANTS }, (_, i) => ({
    tenant: tenantName(i),
    source: "focus:AWS:000000000001",
    period: first.slice(0, 7),
    rows: rowsPerTenant,
  }));
  const load = {
    id: newLoadName(),
    dataset: "cost" as const,
    format: "focus",
    files: [`${first.slice(0, 7)}.parquet`],
    loadedAt: `${addMonths(first, 1)}T06:00:00Z`,
    follows: "all" as const,
  };
  await database.write(async (connection) => {
    const opened = await replacePartitions(connection, load, partitions);
    const base = opened[0];
    if (base === undefined) throw new Error("no partitions");
    const columns = DATASETS.cost.columns.map(
      (c) => `${FACT_SQL[c.name] ?? "NULL"} AS ${identifier(c.name)}`,
    );
    const days = daysBetween(first, addMonths(first, 1));
    // Keys and load ids are given out one after the other, in the order of the partitions.
    await connection.run(`INSERT INTO ${factTable("cost")}
      SELECT ${base.tenantKey} + t, day, ${base.loadId} + t, ${columns.join(", ")} FROM (
        SELECT *, DATE '${first}' + (h1 % ${days})::INTEGER AS day, (h2 % 400) AS res FROM (
          SELECT t, i, hash(t * 1000003 + i + ${month * 50_000_017}) AS h1,
            hash(i * 31 + t + ${month} * 7919 + 13) AS h2, hash(i + t * 65537 + ${month} * 104729 + 101) AS h3
          FROM range(${TENANTS}) a(t), range(${rowsPerTenant}) b(i)))
      ORDER BY 1, 2`);
  });
}

/** Decimals of the amounts: no more, so that peers without exact decimals can hold them as whole numbers. */
export const AMOUNT_PLACES = 11;

/** An amount of up to `most` units of the last decimal; multiplied, since the engine divides decimals as doubles. */
function amount(most: number): string {
  return `((h1 % ${most})::DECIMAL(20,0) * 0.${"1".padStart(AMOUNT_PLACES, "0")}::DECIMAL(12,${AMOUNT_PLACES}))::DECIMAL(38,18)`;
}

const pick = (hash: string, words: string[]): string =>
  `list_value(${words.map((word) => `'${word}'`).join(", ")})[(${hash} % ${words.length})::INTEGER + 1]`;
const SERVICES = [
  ...[
    "Amazon EC2",
    "Amazon S3",
    "Amazon RDS",
    "AWS Lambda",
    "Amazon CloudFront",
    "AWS KMS",
    "Amazon DynamoDB",
  ],
  ...[
    "Amazon EKS",
    "Amazon ECS",
    "Amazon SQS",
    "Amazon SNS",
    "AWS Config",
    "AWS CloudTrail",
    "Amazon GuardDuty",
  ],
  ...[
    "Amazon Redshift",
    "Amazon Athena",
    "AWS Glue",
    "Amazon Kinesis",
    "Amazon VPC",
    "AWS Backup",
    "Amazon EFS",
  ],
  ...["Amazon ElastiCache", "AWS WAF", "Amazon Route 53"],
];
const CATEGORIES = [
  "Compute",
  "Storage",
  "Databases",
  "Networking",
  "Security",
  "Analytics",
  "Integration",
  "Other",
];
const REGIONS = [
  "us-east-1",
  "us-east-2",
  "us-west-2",
  "eu-central-1",
  "eu-west-1",
  "ap-southeast-2",
  "sa-east-1",
];

/** Each column as an expression over `t`, `day`, `res` (a resource's number) and the row's hashes. */
const FACT_SQL: Readonly<Record<string, string>> = {
  charge_period_start: "day::TIMESTAMP",
  charge_period_end: "(day + 1)::TIMESTAMP",
  provider_name: "'AWS'",
  billing_account_id: "'000000000001'",
  sub_account_id: "lpad((100000000000 + t * 10 + res % 6)::VARCHAR, 12, '0')",
  sub_account_name: "'account ' || (t * 10 + res % 6)",
  service_name: pick("res", SERVICES),
  service_category: pick("res", CATEGORIES),
  region_id: `CASE WHEN h3 % 11 = 0 THEN NULL ELSE ${pick("res // 3", REGIONS)} END`,
  resource_id: "'arn:aws:x:::t' || t || '/resource-' || res",
  resource_name: "'resource-' || res",
  resource_type: "'type ' || (res % 24)",
  charge_category:
    "CASE WHEN h3 % 100 < 93 THEN 'Usage' WHEN h3 % 100 < 96 THEN 'Tax' WHEN h3 % 100 < 98 THEN 'Credit' ELSE 'Purchase' END",
  charge_frequency: "'Usage-Based'",
  pricing_category: "'Standard'",
  consumed_unit: "CASE WHEN res % 24 < 8 THEN 'Hours' ELSE 'GB' END",
  billing_currency: "'USD'",
  billed_cost: `CASE WHEN h3 % 100 IN (96, 97) THEN -1 ELSE 1 END * ${amount(4_000_000_000)}`,
  effective_cost: amount(3_600_000_000),
  list_cost: amount(5_000_000_000),
  contracted_cost: amount(4_200_000_000),
  consumed_quantity: "(h2 % 86400)::DECIMAL(38,18)",
  tags: `'{"env":"' || ${pick("res", ["prod", "staging", "dev"])} || '","team":"team-' || (res % 9) || '","app":"app-' || (res % 40) || '","cost-center":"cc-' || (t % 7) || '"}'`,
};
