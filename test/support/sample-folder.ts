import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbedded, STORE_FILE } from "../../src/runtimes/embedded.ts";
import type { Environment } from "../../src/runtimes/runtime.ts";
import { admin, CHARGES, focusCsv, OPERATOR } from "../runtimes/seed.ts";
import { ask, type HttpTarget } from "../runtimes/target.ts";

/*
 * A data folder with some of everything, as a program of some version wrote it, and what that program answered. The
 * fixtures of `migrations.test.ts` are such folders. To make one before the tables change:
 *
 *   npx tsx test/support/sample-folder.ts test/fixtures/folder-N
 *
 * All of it goes through the API, so that the same lines make a folder at any commit.
 */

const SECRET = "a secret that is only for this test";
const ANSWERS = "answers.json";
const STORE = `${STORE_FILE}.br`;
/** Nobody listens there: a pull fails at once. */
const NOWHERE = "http://127.0.0.1:9";
const ENV: Environment = {
  SECUREBASE_LOG: "silent",
  SECUREBASE_JWT_SECRET: SECRET,
  AWS_ENDPOINT_URL: NOWHERE,
  AWS_ACCESS_KEY_ID: "x",
  AWS_SECRET_ACCESS_KEY: "x",
};
const ALPHA = admin("alpha");

/** A question and what was answered. */
export interface Answered {
  line: string;
  as: Record<string, string>;
  body?: unknown;
  answer: unknown;
}

/** The service on a folder. */
export async function openFolder(directory: string): Promise<HttpTarget> {
  const runtime = await openEmbedded({ directory, env: ENV });
  return {
    fetch: runtime.fetch,
    baseUrl: "http://folder.test",
    secret: new TextEncoder().encode(SECRET),
    close: () => runtime.close(),
  };
}

/** A copy of a fixture's data folder in a temporary place, for the caller to remove. */
export function unpackFolder(fixture: string): string {
  const directory = mkdtempSync(join(tmpdir(), "securebase-folder-"));
  writeFileSync(join(directory, STORE_FILE), brotliDecompressSync(readFileSync(join(fixture, STORE))));
  cpSync(join(fixture, "exports"), join(directory, "exports"), { recursive: true });
  return directory;
}

export function answersOf(fixture: string): Answered[] {
  return JSON.parse(readFileSync(join(fixture, ANSWERS), "utf8")) as Answered[];
}

/** An answer without what differs from one process to the next. */
export async function answerOf(
  target: HttpTarget,
  { line, as, body }: Omit<Answered, "answer">,
): Promise<unknown> {
  const reply = await ask(target, line, { as, ...(body !== undefined && { body }) });
  if (reply.status !== 200) throw new Error(`${line} answered ${reply.status}: ${reply.bytes.toString()}`);
  const answer = reply.json ?? reply.bytes.toString("utf8");
  return JSON.parse(JSON.stringify(answer), (key, value: unknown) =>
    key === "generatedAt" ? undefined : value,
  ) as unknown;
}

const FINDING = {
  SchemaVersion: "2018-10-08",
  ProductArn: "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
  AwsAccountId: "000000000001",
  CreatedAt: "2024-09-01T10:00:00Z",
  UpdatedAt: "2024-09-04T10:00:00Z",
  Severity: { Label: "HIGH" },
  Resources: [{ Type: "AwsS3Bucket", Id: "arn:aws:s3:::bucket", Region: "eu-west-1" }],
};

const FINDINGS = ["S3.8", "EC2.2", "IAM.6"].map((control, i) => ({
  ...FINDING,
  Id: `finding-${i}`,
  Title: `Control ${control} – geprüft`,
  GeneratorId: `security-control/${control}`,
  Compliance: {
    Status: i === 0 ? "PASSED" : "FAILED",
    SecurityControlId: control,
    AssociatedStandards: [{ StandardsId: "standards/cis-aws-foundations-benchmark/v/1.4.0" }],
  },
}));

const EVENTS = {
  Records: ["PutItem", "GetItem", "GetItem"].map((eventName, i) => ({
    eventVersion: "1.08",
    eventID: `e-${i}`,
    eventTime: `2024-09-0${i + 2}T10:00:00Z`,
    eventSource: "dynamodb.amazonaws.com",
    eventName,
    awsRegion: "eu-west-1",
    recipientAccountId: "000000000001",
  })),
};

const DEFINITION = {
  title: "Kosten – Übersicht 📊",
  description: "By service",
  range: { from: "2024-08-01", to: "2024-10-01" },
  sections: [
    { kind: "heading", text: "Costs" },
    {
      kind: "chart",
      id: "c",
      title: "By day",
      chart: { kind: "line", x: "day", y: ["billed_cost"], series: "service" },
      query: { dataset: "cost", groupBy: ["day", "service"], measures: ["billed_cost"] },
    },
    {
      kind: "table",
      id: "t",
      title: "By service",
      detail: true,
      query: { dataset: "cost", groupBy: ["service"], measures: ["billed_cost", "effective_cost"] },
    },
  ],
};

const BUDGET = {
  name: "Größe",
  amount: "1500.000000000000000001",
  currency: "USD",
  measure: "effective_cost",
  filters: [
    { field: "account", op: "in", value: ["000000000001", "000000000002"] },
    { field: "tag:team", op: "equals", value: null },
  ],
  thresholds: [50, 90],
};

async function fill(target: HttpTarget): Promise<void> {
  const send = async (line: string, as: Record<string, string>, body?: unknown, more: object = {}) => {
    const reply = await ask(target, line, { as, ...(body !== undefined && { body }), ...more });
    if (reply.status >= 300) throw new Error(`${line} answered ${reply.status}: ${reply.bytes.toString()}`);
    return reply;
  };
  const branding = { color: "#0f766e", logo: "data:image/png;base64,AAAA" };
  const accounts = ["000000000001", "000000000002"];
  await send("POST /v1/tenants", OPERATOR, {
    id: "alpha",
    name: "Alpha ✚",
    accounts,
    frameworks: ["HIPAA"],
    zone: "Europe/Berlin",
    branding,
  });
  await send("POST /v1/tenants", OPERATOR, { id: "beta", name: "Beta", accounts: ["000000000003"] });
  await send("PUT /v1/tenants/beta", OPERATOR, { name: "Beta Bank", accounts: ["000000000003", "0004"] });
  const load = (name: string, text: string) =>
    send(`POST /v1/imports?name=${name}`, OPERATOR, undefined, { raw: text });
  const august = CHARGES.map((charge) => ({ ...charge, month: "2024-08" }));
  const unclaimed = { account: "999", service: "Amazon EC2", day: 4, billed: "7" };
  await load("september.csv", focusCsv([...CHARGES, unclaimed]));
  await load("august.csv", focusCsv(august));
  await load("september.csv", focusCsv([...CHARGES, unclaimed]));
  await load("findings.json", JSON.stringify({ Findings: FINDINGS }));
  await load("trail.json", JSON.stringify(EVENTS));
  const saved = await send("POST /v1/reports", ALPHA, { ...DEFINITION, title: "First" });
  const { id } = saved.json as { id: string };
  const headers = { "if-match": saved.headers.get("etag") ?? "" };
  await send(`PUT /v1/reports/${id}`, ALPHA, DEFINITION, { headers });
  await send("POST /v1/reports/templates/cost-analysis", ALPHA);
  await send("POST /v1/reports", admin("beta"), { ...DEFINITION, title: "Beta's" });
  await send("POST /v1/budgets", ALPHA, BUDGET);
  await send("POST /v1/budgets", ALPHA, { name: "All", amount: "20", currency: "USD" });
  const role = { roleArn: "arn:aws:iam::111122223333:role/read", externalId: "x-1" };
  const settings = { bucket: "bills", prefix: "a/b" };
  await send("POST /v1/connections", OPERATOR, {
    kind: "s3-cost-export",
    region: "eu-west-1",
    tenant: "alpha",
    settings,
    ...role,
  });
  await send("POST /v1/connections", OPERATOR, { kind: "security-hub", region: "eu-west-1" });
  await send("POST /v1/connections/security-hub/run", OPERATOR, { dryRun: true });
  for (const format of ["csv", "json"])
    await send("POST /v1/analytics/export", ALPHA, { format, report: id, delivery: "job" });
  await ended(target, "/v1/exports", ALPHA);
  await ended(target, "/v1/connections", OPERATOR);
}

/** Waits until nothing that a list shows is under way. */
async function ended(target: HttpTarget, list: string, as: Record<string, string>): Promise<void> {
  for (;;) {
    const { json } = await ask(target, `GET ${list}`, { as });
    const { items } = json as { items: { status?: string; lastRun?: { status: string } | null }[] };
    if (items.every((item) => (item.status ?? item.lastRun?.status) !== "running")) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Everything that can be asked without naming today. */
async function questions(target: HttpTarget): Promise<Omit<Answered, "answer">[]> {
  const ids = async (list: string, as: Record<string, string>): Promise<string[]> => {
    const { json } = await ask(target, `GET ${list}`, { as });
    return (json as { items: { id: string }[] }).items.map(({ id }) => id);
  };
  const range = { from: "2024-08-01", to: "2024-10-01" };
  const about = [
    { dataset: "cost", groupBy: ["month", "service"], measures: ["billed_cost", "effective_cost"] },
    { dataset: "findings", groupBy: ["severity", "status"] },
    { dataset: "controls", groupBy: ["framework", "control"] },
    { dataset: "usage", groupBy: ["day", "service"] },
  ];
  const alpha = [
    ...(await ids("/v1/reports", ALPHA)).map((id) => `/v1/reports/${id}`),
    ...(await ids("/v1/budgets", ALPHA)).map((id) => `/v1/budgets/${id}?month=2024-09`),
    ...(await ids("/v1/exports", ALPHA)).flatMap((id) => [`/v1/exports/${id}`, `/v1/exports/${id}/download`]),
    ...["/v1/reports", "/v1/exports", "/v1/reports?limit=1"],
    `/v1/analytics/compliance?from=2024-08-01&to=2024-10-01`,
  ];
  const operator = [
    "/v1/tenants",
    "/v1/tenants/alpha",
    "/v1/imports",
    "/v1/connections",
    "/v1/connections/security-hub",
  ];
  return [
    ...alpha.map((path) => ({ line: `GET ${path}`, as: ALPHA })),
    ...about.map((query) => ({ line: "POST /v1/analytics/query", as: ALPHA, body: { ...query, range } })),
    { line: "POST /v1/analytics/query", as: admin("beta"), body: { ...about[0], range } },
    { line: "GET /v1/reports", as: admin("beta") },
    ...operator.map((path) => ({ line: `GET ${path}`, as: OPERATOR })),
  ];
}

/** Makes a fixture of what this program writes and answers. */
async function make(fixture: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "securebase-folder-"));
  const first = await openFolder(directory);
  await fill(first);
  await first.close();
  // The answers are those of a process that has read everything from disk.
  const second = await openFolder(directory);
  const answers: Answered[] = [];
  for (const question of await questions(second)) {
    answers.push({ ...question, answer: await answerOf(second, question) });
  }
  await second.close();
  rmSync(fixture, { recursive: true, force: true });
  mkdirSync(fixture, { recursive: true });
  writeFileSync(join(fixture, STORE), brotliCompressSync(readFileSync(join(directory, STORE_FILE))));
  cpSync(join(directory, "exports"), join(fixture, "exports"), { recursive: true });
  rmSync(join(fixture, "exports", ".drafts"), { recursive: true, force: true });
  writeFileSync(join(fixture, ANSWERS), `${JSON.stringify(answers, null, 1)}\n`);
  if (existsSync(join(directory, `${STORE_FILE}.wal`))) throw new Error("the folder was not closed");
  rmSync(directory, { recursive: true });
}

const [, script, target] = process.argv;
if (script === import.meta.filename) await make(target ?? "");
