import { createReadStream, createWriteStream } from "node:fs";
import { rename } from "node:fs/promises";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { importInto } from "./lib/loader.ts";
import type { Usage } from "./lib/usage.ts";
import { reportPeak } from "./lib/process.ts";

/** The child of bench/import-formats.ts. Usage: JOB FILE FOLDER ROWS KIND [MEMORY] */

const [job = "", file = "", folder = "", count = "0", kind = "", memory = ""] = process.argv.slice(2);
const rows = Number(count);
const TEXT = "Something was found that is described at some length, as the tools that find such things do. ";

async function engine(sql: string): Promise<string> {
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: "700MB" });
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(sql);
  const answer = String(reader.getRows()[0]?.[0]);
  connection.disconnectSync();
  instance.closeSync();
  return answer;
}

/** The same number for the same row and salt, in every run. */
function hash(i: number, salt: number, below: number): number {
  return ((Math.imul(i + 1, 2654435761) ^ Math.imul(salt + 7, 40503)) >>> 0) % below;
}

const account = (i: number): string => String(hash(i, 1, 200)).padStart(12, "0");
const cost = (i: number, salt: number): string => (hash(i, salt, 1e9) / 1e8).toFixed(10);
const start = (i: number): string =>
  new Date(Date.UTC(2024, 8, 1, hash(i, 5, 720))).toISOString().replace(".000", "");
const end = (i: number): string =>
  new Date(Date.UTC(2024, 8, 1, hash(i, 5, 720) + 1)).toISOString().replace(".000", "");
const seen = (i: number): string => new Date(Date.UTC(2024, 8, 1 + hash(i, 6, 28), 12)).toISOString();
const csv = (values: readonly string[], delimiter = ","): string =>
  `${values.map((v) => (v.includes(delimiter) || v.includes('"') ? `"${v.replaceAll('"', '""')}"` : v)).join(delimiter)}\n`;

const TAGS = ['{"env":"prod","team":"a"}', '{"env":"dev"}', ""];
const FOCUS: Readonly<Record<string, (i: number) => string>> = {
  BilledCost: (i) => cost(i, 2),
  BillingAccountId: () => "999999999999",
  BillingCurrency: () => "USD",
  BillingPeriodStart: () => "2024-09-01T00:00:00Z",
  ChargeCategory: () => "Usage",
  ChargeDescription: () => "$0.01 per unit of something, described at some length",
  ChargePeriodStart: start,
  ChargePeriodEnd: end,
  ConsumedQuantity: (i) => cost(i, 3),
  ConsumedUnit: () => "Hours",
  EffectiveCost: (i) => cost(i, 4),
  ListCost: (i) => cost(i, 2),
  ProviderName: () => "AWS",
  RegionId: (i) => ["us-east-1", "eu-central-1"][hash(i, 8, 2)] ?? "",
  ResourceId: (i) => `arn:aws:ec2:us-east-1:1:instance/i-${hash(i, 9, 50_000)}`,
  ServiceName: (i) => `Amazon Service ${hash(i, 10, 60)}`,
  SubAccountId: account,
  Tags: (i) => TAGS[hash(i, 12, 3)] ?? "",
};
const CUR: Readonly<Record<string, (i: number) => string>> = {
  "identity/LineItemId": (i) => `id${i}`,
  "bill/BillingPeriodStartDate": () => "2024-09-01T00:00:00Z",
  "bill/PayerAccountId": () => "999999999999",
  "lineItem/UsageAccountId": account,
  "lineItem/LineItemType": (i) =>
    ["Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "Tax"][hash(i, 13, 4)] ?? "",
  "lineItem/UsageStartDate": start,
  "lineItem/UsageEndDate": end,
  "lineItem/ProductCode": () => "AmazonEC2",
  "lineItem/UsageAmount": (i) => cost(i, 3),
  "lineItem/CurrencyCode": () => "USD",
  "lineItem/UnblendedCost": (i) => cost(i, 2),
  "lineItem/LineItemDescription": () => "$0.01 per unit of something, described at some length",
  "product/ProductName": (i) => `Amazon Service ${hash(i, 10, 60)}`,
  "product/region": () => "us-east-1",
  "pricing/publicOnDemandCost": (i) => cost(i, 2),
  "pricing/unit": () => "Hrs",
  "reservation/EffectiveCost": (i) => cost(i, 4),
  "savingsPlan/SavingsPlanEffectiveCost": (i) => cost(i, 4),
  "resourceTags/user:env": (i) => ["prod", "dev", ""][hash(i, 12, 3)] ?? "",
  "resourceTags/user:team": (i) => `t${hash(i, 14, 40)}`,
};

const asff = (i: number): object => ({
  ...{
    SchemaVersion: "2018-10-08",
    Id: `arn:aws:securityhub:us-east-1:1:finding/${i}`,
    AwsAccountId: account(i),
  },
  ProductArn: "arn:aws:securityhub:us-east-1::product/aws/securityhub",
  ...{ GeneratorId: `rule/${hash(i, 3, 300)}`, Types: ["Software and Configuration Checks"] },
  ...{ FirstObservedAt: seen(i + 1), LastObservedAt: seen(i), CreatedAt: seen(i), UpdatedAt: seen(i) },
  Severity: { Label: ["LOW", "MEDIUM", "HIGH", "CRITICAL"][hash(i, 4, 4)], Normalized: 30 },
  ...{ Title: `Finding ${hash(i, 3, 300)}`, Description: TEXT.repeat(4), Region: "us-east-1" },
  Resources: [
    {
      Type: "AwsEc2Instance",
      Id: `arn:aws:ec2:us-east-1:1:instance/i-${hash(i, 9, 50_000)}`,
      Partition: "aws",
      Region: "us-east-1",
    },
  ],
  Compliance: { Status: hash(i, 15, 2) === 0 ? "PASSED" : "FAILED" },
  ...{ WorkflowState: "NEW", Workflow: { Status: "NEW" }, RecordState: "ACTIVE" },
});
const ocsf = (i: number): object => ({
  ...{ class_uid: 2004, class_name: "Detection Finding", category_uid: 2, activity_id: 1, type_uid: 200401 },
  metadata: {
    version: "1.4.0",
    product: { name: "Prowler", uid: "prowler", vendor_name: "Prowler" },
    event_code: `check_${hash(i, 3, 300)}`,
  },
  ...{
    severity_id: 1 + hash(i, 4, 4),
    severity: "Low",
    status: "New",
    status_code: hash(i, 15, 2) === 0 ? "PASS" : "FAIL",
    status_id: 1,
  },
  ...{ time: Date.parse(seen(i)) / 1000, time_dt: seen(i), message: TEXT },
  finding_info: {
    uid: `prowler-${i}`,
    title: `Check ${hash(i, 3, 300)}`,
    desc: TEXT.repeat(3),
    created_time: Date.parse(seen(i)) / 1000,
  },
  cloud: { account: { uid: account(i), type: "AWS Account" }, provider: "aws", region: "us-east-1" },
  resources: [
    { uid: `arn:aws:ec2:us-east-1:1:instance/i-${hash(i, 9, 50_000)}`, type: "Other", region: "us-east-1" },
  ],
  unmapped: { compliance: { "CIS-3.0": ["1.20"], "NIST-800-53": ["ac_2"] } },
});
const trail = (i: number): object => ({
  ...{
    eventVersion: "1.08",
    eventID: `e-${i}`,
    eventTime: seen(i),
    eventSource: `s${hash(i, 3, 30)}.amazonaws.com`,
  },
  ...{
    eventName: "Describe",
    awsRegion: "us-east-1",
    recipientAccountId: account(i),
    eventType: "AwsApiCall",
  },
  userIdentity: {
    type: "AssumedRole",
    principalId: "AIDADO2GQ",
    arn: "arn:aws:iam::1:user/x",
    accountId: account(i),
  },
  ...{ sourceIPAddress: "198.51.100.7", userAgent: TEXT, requestParameters: { id: i, filter: TEXT } },
});
const PROWLER: Readonly<Record<string, (i: number) => string>> = {
  ...{
    AUTH_METHOD: () => "profile",
    TIMESTAMP: (i: number) => seen(i).replace("T", " ").replace("Z", "000"),
  },
  ...{ ACCOUNT_UID: account, FINDING_UID: (i: number) => `prowler-${i}`, PROVIDER: () => "aws" },
  ...{
    CHECK_ID: (i: number) => `check_${hash(i, 3, 300)}`,
    CHECK_TITLE: (i: number) => `Check ${hash(i, 3, 300)}`,
  },
  ...{
    STATUS: (i: number) => (hash(i, 15, 2) === 0 ? "PASS" : "FAIL"),
    STATUS_EXTENDED: () => TEXT,
    MUTED: () => "False",
  },
  ...{ SERVICE_NAME: () => "ec2", SEVERITY: () => "medium", RESOURCE_TYPE: () => "Other" },
  RESOURCE_UID: (i) => `arn:aws:ec2:us-east-1:1:instance/i-${hash(i, 9, 50_000)}`,
  ...{
    REGION: () => "us-east-1",
    DESCRIPTION: () => TEXT.repeat(3),
    COMPLIANCE: () => "CIS-3.0: 1.20 | NIST-800-53: ac_2",
  },
};

function* lines(): Generator<string> {
  const table = { focus: FOCUS, "focus-gz": FOCUS, cur: CUR, prowler: PROWLER }[kind];
  const delimiter = kind === "prowler" ? ";" : ",";
  if (table !== undefined) yield csv(Object.keys(table), delimiter);
  const record = { asff, ocsf, cloudtrail: trail }[kind];
  let text = "";
  for (let i = 0; i < rows; i++) {
    if (table !== undefined)
      text += csv(
        Object.values(table).map((value) => value(i)),
        delimiter,
      );
    else text += `${JSON.stringify(record?.(i))}\n`;
    if (text.length < 1 << 16) continue;
    yield text;
    text = "";
  }
  yield text;
}

async function generate(): Promise<void> {
  const partial = `${file}.partial`;
  if (kind === "focus-parquet") {
    const source = file.replace(".parquet", ".csv");
    const casts =
      "REPLACE (BilledCost::DECIMAL(30, 12) AS BilledCost, EffectiveCost::DECIMAL(30, 12) AS EffectiveCost)";
    await engine(
      `COPY (SELECT * ${casts} FROM read_csv('${source}', all_varchar = true)) TO '${partial}' (FORMAT parquet)`,
    );
  } else if (kind === "focus-gz") await pipeline(lines(), createGzip(), createWriteStream(partial));
  else await pipeline(lines(), createWriteStream(partial));
  await rename(partial, file);
}

async function importFile(): Promise<Usage> {
  const target = { owners: { kind: "tenant", tenant: "acme" } as const, zones: {} };
  const options = memory === "" ? {} : { memoryLimit: memory };
  const { records, reports, usage } = await importInto(folder, file, target, options);
  const read = records === undefined ? (reports[0]?.rowsAccepted ?? 0) : records.read - records.rejected;
  if (read !== rows) throw new Error(`${read} of ${rows} rows were taken`);
  return usage;
}

async function parseLines(): Promise<void> {
  let read = 0;
  for await (const line of createInterface({ input: createReadStream(file, { highWaterMark: 1 << 20 }) }))
    if (typeof JSON.parse(line) === "object") read++;
  if (read !== rows) throw new Error(`${read} rows`);
}

async function countRows(reader: string): Promise<void> {
  const read = await engine(`SELECT count(*), count(COLUMNS(*)) FROM ${reader}`);
  if (Number(read) !== rows) throw new Error(`${read} rows`);
}

const JOBS: Readonly<Record<string, () => Promise<unknown>>> = {
  generate,
  import: importFile,
  read_csv: () =>
    countRows(
      `read_csv('${file}', all_varchar = true, delim = '${kind === "prowler" ? ";" : ","}', quote = '"', header = true)`,
    ),
  read_parquet: () => countRows(`read_parquet('${file}')`),
  read_json: () => countRows(`read_json('${file}')`),
  "JSON.parse": parseLines,
};
const run = JOBS[job];
if (run === undefined) throw new Error(`no job ${job}; there are ${Object.keys(JOBS).join(", ")}`);
const used = await run();
if (job !== "import") reportPeak();
else console.log(JSON.stringify({ maxRssKb: Math.round((used as Usage).maxRssKb) }));
