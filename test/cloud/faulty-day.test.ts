import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { admin, analyst, focusCsv, OPERATOR, viewer } from "../runtimes/seed.ts";
import { ask, type AskOptions, type HttpTarget, type Reply } from "../runtimes/target.ts";
import { type Fault, type FaultPlan, randomFaults } from "./faults.ts";
import { functionTarget } from "./function-target.ts";
import { buildPackages, FUNCTION_SECRET, type RunningFunction, runFunction } from "./packaged.ts";

const SHARE = 0.2;
const HOURS = 8;
const TENANTS = ["acme", "globex", "initech"] as const;
const FORMATS = ["csv", "json", "xlsx", "pdf"] as const;
const MONTH = { from: "2024-09-01", to: "2024-10-01" };

const accountOf = (tenant: number): string => String(tenant + 1).padStart(12, "0");

/** An hour's bill: a fact a day and service of each tenant, which names its hour in the ninth decimal. */
function billOf(hour: number): { csv: string; totals: string[] } {
  const charges = TENANTS.flatMap((_, tenant) =>
    Array.from({ length: 30 * 8 }, (_, i) => ({
      account: accountOf(tenant),
      service: `Service ${Math.floor(i / 30)}`,
      day: (i % 30) + 1,
      billed: `${tenant + 1}.00000000${hour}`,
    })),
  );
  const total = (tenant: number): string => {
    const nanos = (BigInt(tenant + 1) * 1_000_000_000n + BigInt(hour)) * 240n;
    return `${nanos / 1_000_000_000n}.${String(nanos % 1_000_000_000n).padStart(9, "0")}`.replace(
      /\.?0+$/,
      "",
    );
  };
  return { csv: focusCsv(charges), totals: TENANTS.map((_, tenant) => total(tenant)) };
}

/** The whole service as it is deployed, while one call in five to DynamoDB, S3 and Lambda goes wrong. */
describe("a day of the packaged function under faults", () => {
  let packages: Awaited<ReturnType<typeof buildPackages>>;
  let running: RunningFunction;
  let http: HttpTarget;
  const faults = randomFaults(SHARE, 20_241_124);
  // What happens to few kinds of calls is left to no chance: the first of them are hit.
  const certain = new Map<string, Fault>([
    ["BatchWriteItem", "drop-unprocessed"],
    ["GetObject", "truncate"],
  ]);
  const plan: FaultPlan = (request) => {
    const fault = certain.get(request.operation);
    certain.delete(request.operation);
    return fault ?? faults(request);
  };
  let refusals = 0;

  /** As a client does it: what is answered 503 is sent again. */
  const send = async (line: string, options: AskOptions): Promise<Reply> => {
    for (let attempt = 1; ; attempt++) {
      const reply = await ask(http, line, options);
      if (reply.status !== 503 || attempt === 5) return reply;
      expect(Number(reply.headers.get("retry-after"))).toBeGreaterThan(0);
      refusals += 1;
    }
  };

  beforeAll(async () => {
    packages = await buildPackages();
    running = await runFunction(packages, { concurrency: 3 });
    const secret = new TextEncoder().encode(FUNCTION_SECRET);
    http = functionTarget(running.lambda, "2.0", secret, () => running.close());
    running.cloud.setFaults(plan);
    running.lambda.setFaults(plan);
    for (const [tenant, id] of TENANTS.entries()) {
      const body = { id, name: id, accounts: [accountOf(tenant)] };
      expect((await send("POST /v1/tenants", { as: OPERATOR, body })).status).toBe(201);
    }
  }, 120_000);
  afterAll(async () => {
    await http.close();
    await packages.remove();
  });

  it("ends with exact totals, every change of a report, and no export lost", async () => {
    const created = await send("POST /v1/reports", { as: analyst("acme"), body: definition("hour 0") });
    expect(created.status).toBe(201);
    const path = `/v1/reports/${(created.json as { id: string }).id}`;
    let etag = created.headers.get("etag") ?? "";
    const started: { tenant: string; format: string; location: string; total: string; day: string }[] = [];

    for (let hour = 1; hour <= HOURS; hour++) {
      const { csv, totals } = billOf(hour);
      const loaded = await send("POST /v1/imports?name=bill.csv", { as: OPERATOR, raw: csv });
      expect([loaded.status, (loaded.json as { rowsAccepted: number }).rowsAccepted]).toEqual([200, 720]);

      for (const [at, tenant] of TENANTS.entries()) {
        const body = {
          dataset: "cost",
          range: MONTH,
          measures: ["billed_cost"],
          groupBy: ["day", "service"],
        };
        const answer = await send("POST /v1/analytics/query", { as: viewer(tenant), body });
        const { totals: answered, rows } = answer.json as { totals: { cells: string[] }[]; rows: unknown[] };
        expect([answered[0]?.cells.at(-1), rows.length]).toEqual([totals[at], 240]);

        const format = FORMATS[(hour + at) % FORMATS.length] ?? "csv";
        const job = await send("POST /v1/analytics/export", {
          as: analyst(tenant),
          body: { format, query: body, title: `hour ${hour}`, delivery: "job" },
        });
        expect(job.status).toBe(202);
        const location = job.headers.get("location") ?? "";
        started.push({ tenant, format, location, total: totals[at] ?? "", day: `hour ${hour}` });
      }

      const change = { as: analyst("acme"), body: definition(`hour ${hour}`), headers: { "If-Match": etag } };
      const changed = await send(`PUT ${path}`, change);
      expect(changed.status).toBe(200);
      expect((await send(`PUT ${path}`, change)).status).toBe(412);
      etag = changed.headers.get("etag") ?? "";
      // Exports are of the hour they were asked in: the next bill comes when they are done.
      await running.lambda.idle();
    }

    for (const { tenant, format, location, total, day } of started) {
      const { json } = await send(`GET ${location}`, { as: viewer(tenant) });
      const job = json as {
        title: string;
        status: string;
        bytes: number;
        manifest: { totals: unknown } | null;
      };
      expect([location, job.title, job.status]).toEqual([location, day, "done"]);
      expect(JSON.stringify(job.manifest?.totals)).toContain(`"${total}"`);
      const file = await send(`GET ${location}/download`, { as: viewer(tenant) });
      expect([format, file.status, file.bytes.length]).toEqual([format, 200, job.bytes]);
    }
    const report = await send(`GET ${path}`, { as: viewer("acme") });
    expect(report.json).toMatchObject({ definition: { title: `hour ${HOURS}` } });
    for (const tenant of TENANTS) {
      const listed = await send("GET /v1/exports?limit=50", { as: viewer(tenant) });
      expect((listed.json as { items: unknown[] }).items).toHaveLength(HOURS);
      const imports = await send("GET /v1/imports", { as: admin(tenant) });
      expect((imports.json as { items: unknown[] }).items).toHaveLength(1);
    }
  }, 180_000);

  it("was really under faults, of every kind, and answered nearly all at the first asking", () => {
    for (const kind of ["throttle", "error", "reset", "lose-answer", "delay"] as const)
      expect(faults.counts.get(kind), kind).toBeGreaterThan(5);
    expect([...certain]).toEqual([]);
    expect(refusals).toBeLessThan(5);
  });
});

function definition(title: string): object {
  const query = { dataset: "cost", groupBy: ["service"] };
  return {
    ...{ title, description: "", range: MONTH },
    sections: [{ kind: "table", id: "t", title: "By service", detail: true, query }],
  };
}
