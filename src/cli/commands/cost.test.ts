import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandLine } from "../../../test/support/cli.ts";

const HEADER =
  "BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd," +
  "ChargePeriodStart,ChargePeriodEnd,BillingAccountId,SubAccountId,ProviderName,ServiceName,ChargeCategory,Tags";
const DAY = 86_400_000;
/** Sixty days up to yesterday: 100 a day, of a list price of 125; two days ago ten times as much. */
function bill(now: Date): string {
  const today = Math.floor(now.getTime() / DAY);
  const lines = Array.from({ length: 60 }, (_, i) => {
    const day = new Date((today - 60 + i) * DAY).toISOString();
    const month = `${day.slice(0, 7)}-01T00:00:00Z`;
    const [cost, list] = i === 58 ? ["1000", "1250"] : ["100", "125"];
    const end = new Date((today - 59 + i) * DAY).toISOString();
    const tags = i % 4 === 0 ? "" : '"{""team"":""web""}"';
    return `${cost},${cost},${list},${cost},USD,${month},${month},${day},${end},999,0042,AWS,EC2,Usage,${tags}`;
  });
  return [HEADER, ...lines].join("\n");
}

let folder: string;

const securebase = commandLine(() => join(folder, "data"));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "securebase-cost-"));
  await writeFile(join(folder, "bill.csv"), bill(new Date()));
  await securebase("tenants", "add", "acme", "--name", "Acme", "--account", "0042");
  const { code, err } = await securebase("import", join(folder, "bill.csv"));
  if (code !== 0) throw new Error(err);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const tenant = ["--tenant", "acme"];

describe("securebase cost", () => {
  it("tells what was saved", async () => {
    const { code, out } = await securebase("cost", "savings", ...tenant, "--range", "30d");
    expect(code).toBe(0);
    expect(out).toMatch(/Billed cost +\$3,900\.00\n/);
    expect(out).toMatch(/Saved by negotiated rates +\$975\.00\n/);
    expect(out).toMatch(/Saved +\$975\.00 \(20\.0%\)\n/);
    expect(out).toMatch(/Eligible cost covered +not known\n/);
  });

  it("charges back, and shows shares without a sign", async () => {
    const { out } = await securebase("cost", "chargeback", ...tenant, "--by", "tag:team", "--range", "30d");
    expect(out).toMatch(/web .* 82\.0%\n/);
    expect(out).toMatch(/Unallocated +without the tag team .*\n/);
    expect(out).toMatch(/Total .* 100\.0%\n/);
  });

  it("forecasts as JSON for machines", async () => {
    const { code, out } = await securebase("cost", "forecast", ...tenant, "--months", "2", "--json");
    expect(code).toBe(0);
    const { months, measure } = JSON.parse(out) as {
      months: { forecast: { amount: string } }[];
      measure: string;
    };
    expect([measure, months.length]).toEqual(["billed_cost", 2]);
    const next = Number(months[1]?.forecast.amount);
    expect(next).toBeGreaterThan(2700);
    expect(next).toBeLessThan(3300);
  });

  it("finds the odd day and says why", async () => {
    const { out } = await securebase("cost", "anomalies", ...tenant, "--range", "7d");
    expect(out).toMatch(/EC2 +spike +1,000\.00 +100\.00 +900\.00 +account 0042 \+\$900\.00/);
  });

  it("names what is wrong with a parameter", async () => {
    const { code, err } = await securebase("cost", "chargeback", ...tenant, "--by", "teams");
    expect(code).toBe(2);
    expect(err).toContain("query.unknown-dimension");
  });
});

describe("securebase budgets", () => {
  it("are set, listed with where they stand, and removed", async () => {
    const added = await securebase("budgets", "add", ...tenant, "--name", "Web", "--amount", "50", "--json");
    expect(added.code).toBe(0);
    const { id } = JSON.parse(added.out) as { id: string };
    const september = await securebase("budgets", "list", ...tenant, "--month", "2001-01");
    expect(september.out).toMatch(/Web +not known +\$50\.00 +· /);
    const listed = await securebase("budgets", "list", ...tenant, "--json");
    expect(JSON.parse(listed.out)).toMatchObject([{ id, name: "Web", thresholds: [50, 80, 100] }]);
    expect((await securebase("budgets", "remove", id, ...tenant)).out).toBe("Removed Web\n");
    const none = await securebase("budgets", "list", ...tenant);
    expect(none.err).toContain("No budgets yet.");
    const gone = await securebase("budgets", "remove", id, ...tenant);
    expect([gone.code, gone.err.includes("budget.not-found")]).toEqual([1, true]);
  });

  it("are listed with one whose sum is too large to be told, which can be removed", async () => {
    const of = ["--tenant", "vast"];
    await securebase("tenants", "add", "vast", "--name", "Vast", "--account", "0043");
    // Each bill can be told, and the two together cannot.
    for (const [payer, service] of ["EC2", "S3"].entries()) {
      const day = new Date().toISOString().slice(0, 10);
      const month = `${day.slice(0, 7)}-01T00:00:00Z`;
      const most = "90000000000000000000";
      const times = `${month},${month},${day}T00:00:00Z,${day}T23:00:00Z`;
      const line = `${most},${most},${most},${most},USD,${times},${payer},0043,AWS,${service},Usage,`;
      await writeFile(join(folder, `${service}.csv`), `${HEADER}\n${line}\n`);
      expect((await securebase("import", join(folder, `${service}.csv`))).code).toBe(0);
    }
    const add = async (...options: string[]): Promise<string> => {
      const { out } = await securebase("budgets", "add", ...of, "--amount", "50", "--json", ...options);
      return (JSON.parse(out) as { id: string }).id;
    };
    await add("--name", "Storage", "--where", "service=S3");
    const id = await add("--name", "Everything");
    const { code, out, err } = await securebase("budgets", "list", ...of);
    expect(code).toBe(0);
    expect(out).toMatch(/Storage +over .*\n.*Everything +failed +\$50\.00 +·/);
    expect(err).toContain("failed: Everything could not be computed: A sum has more than 20 digits");
    expect((await securebase("budgets", "remove", id, ...of)).out).toBe("Removed Everything\n");
  });

  it("are refused with what is wrong", async () => {
    const wrong = await securebase("budgets", "add", ...tenant, "--name", "x", "--amount", "1,5");
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("budget.invalid-amount");
    const threshold = ["--name", "x", "--amount", "1", "--threshold", "most"];
    expect((await securebase("budgets", "add", ...tenant, ...threshold)).err).toContain(
      "not a whole percentage",
    );
  });
});
