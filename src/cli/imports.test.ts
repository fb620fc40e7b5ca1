import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { focusCsv } from "../../test/import/lib.ts";
import { commandLine, type Outcome } from "../../test/support/cli.ts";

const SOURCE = "focus:AWS:999999999999";
let folder: string;
const securebase = commandLine(() => join(folder, "data"));
const remove = (...more: string[]): Promise<Outcome> =>
  securebase("imports", "remove", "--tenant", "acme", "--dataset", "cost", ...more);
const lines = (text: string): string[] => text.split("\n").map((line) => line.trimEnd().replace(/ +/g, " "));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "securebase-imports-"));
  await securebase("tenants", "add", "acme", "--name", "Acme");
  const month = (m: string, billed: string): Record<string, string> => ({
    BillingPeriodStart: `2024-${m}-01T00:00:00Z`,
    ChargePeriodStart: `2024-${m}-02T00:00:00Z`,
    ChargePeriodEnd: `2024-${m}-03T00:00:00Z`,
    BilledCost: billed,
  });
  const bill = join(folder, "bill.csv");
  await writeFile(bill, focusCsv([month("08", "1.10"), month("09", "2.000000000000000001")]));
  const { code, err } = await securebase("import", bill, "--tenant", "acme");
  if (code !== 0) throw new Error(err);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("securebase imports", () => {
  it("lists what was loaded, with exact totals, and says when there is more", async () => {
    const { code, out, err } = await securebase("imports", "list", "--tenant", "acme");
    expect([code, err]).toEqual([0, ""]);
    const [head, , ...rows] = lines(out);
    expect(head).toBe("Tenant Dataset Source Period Rows Billed Effective Loaded at");
    expect(rows.map((row) => row.replace(/ \S+ USD \S+Z$/, "")).sort()).toEqual([
      "",
      `acme cost ${SOURCE} 2024-08 1 1.1 USD`,
      `acme cost ${SOURCE} 2024-09 1 2.000000000000000001 USD`,
    ]);
    const some = await securebase("imports", "list", "--limit", "1", "--json");
    expect(JSON.parse(some.out)).toMatchObject({ items: [{ tenant: "acme", totals: [{}] }], more: true });
    expect((await securebase("imports", "list", "--limit", "1")).err).toContain("there are older ones");
    expect((await securebase("imports", "list", "--limit", "0")).code).toBe(2);
    expect((await securebase("imports", "list", "--tenant", "acm")).err).toContain('Did you mean "acme"?');
  });

  it("tells what would go, then takes it out, and nothing else", async () => {
    const tried = await remove("--source", SOURCE, "--period", "2024-09", "--dry-run");
    expect(lines(tried.out)[0]).toBe("Would remove 1 load of acme, 1 row");
    const gone = await remove("--source", SOURCE, "--period", "2024-09");
    expect(gone.code).toBe(0);
    expect(lines(gone.out)[0]).toBe("Removed 1 load of acme, 1 row");
    expect(lines(gone.out)[4]).toContain(`cost ${SOURCE} 2024-09 1 2.000000000000000001 USD`);
    const range = ["--from", "2024-08-01", "--to", "2024-10-01"];
    const { out } = await securebase("query", "--tenant", "acme", ...range, "--json");
    expect(JSON.parse(out)).toMatchObject({ totals: [{ cells: ["1.1"] }] });
    const again = await remove("--source", SOURCE, "--period", "2024-09", "--json");
    expect(again.code).toBe(1);
    expect(JSON.parse(again.out)).toMatchObject({
      error: { code: "import.nothing-to-remove", fix: "There is: 2024-08." },
    });
  });

  it("refuses a command line that lacks a part or names no dataset", async () => {
    const without = await remove("--period", "2024-08");
    expect([without.code, without.err]).toEqual([2, expect.stringContaining("--source")]);
    const misspelt = await remove("--source", SOURCE, "--dataset", "costs");
    expect([misspelt.code, misspelt.err]).toEqual([2, expect.stringContaining("cost, findings")]);
  });
});
