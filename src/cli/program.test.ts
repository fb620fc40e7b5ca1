import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandLine } from "../../test/support/cli.ts";

const HEADER =
  "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd," +
  "BillingAccountId,SubAccountId,SubAccountName,ProviderName,ServiceName,ServiceCategory,RegionId,ChargeCategory";
const row = (cost: string, account: string, service: string, day: string): string =>
  `${cost},${cost},USD,2024-09-01T00:00:00Z,2024-10-01T00:00:00Z,${day}T00:00:00Z,${day}T23:59:59Z,` +
  `999,${account},Account ${account},AWS,${service},Compute,eu-west-1,Usage`;
const BILL = [
  HEADER,
  row("0.1", "0042", "EC2", "2024-09-02"),
  row("0.2", "0042", "S3", "2024-09-03"),
  row("1000000000000.000000000000000001", "77", "EC2", "2024-09-04"),
].join("\n");

let folder: string;
let bill: string;

const securebase = commandLine(() => join(folder, "data"), BILL);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "securebase-cli-"));
  bill = join(folder, "bill.csv");
  await writeFile(bill, BILL);
  await securebase(
    "tenants",
    "add",
    "acme",
    "--name",
    "Acme",
    "--account",
    "0042",
    "--zone",
    "Europe/Berlin",
  );
  const { code, err } = await securebase("import", bill);
  if (code !== 0) throw new Error(err);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a data folder that is not there", () => {
  const mistyped = (): string => join(folder, "dta");
  const isThere = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );

  it.each([
    ["query", "--tenant", "acme"],
    ["report", "cost-analysis", "--tenant", "acme", "--format", "json", "-o", "-"],
    ["summary", "--tenant", "acme"],
    ["security", "--tenant", "acme"],
    ["cost", "savings", "--tenant", "acme"],
    ["budgets", "list", "--tenant", "acme"],
    ["imports", "list"],
    ["sync", "list"],
    ["sync", "run"],
    ["tenants", "list"],
    ["token", "--tenant", "acme", "--role", "viewer"],
  ])("is not made by: %s %s", async (...command) => {
    const { code, err } = await securebase(...command, "--data", mistyped());
    expect(code).toBe(2);
    expect(err).toContain(`error data.not-found: There is no data folder ${mistyped()}`);
    expect(err).toContain(`Did you mean --data ${join(folder, "data")}?`);
    expect(await isThere(mistyped())).toBe(false);
  });

  it.each([
    ["tenants", ["tenants", "add", "new", "--name", "New"]],
    ["import", ["import", "-"]],
    ["token", ["token", "--role", "operator"]],
    ["sync", ["sync", "add", "security-hub", "--region", "eu-west-1"]],
  ])("is made by what data begins with: %s", async (name, command) => {
    const made = join(folder, `new-${name}`);
    const { code, err } = await securebase(...command, "--data", made);
    expect(err).not.toContain("error");
    expect(code).toBe(0);
    expect(await isThere(made)).toBe(true);
    await rm(made, { recursive: true });
  });
});

describe("securebase", () => {
  it("imports and reconciles, and importing again changes nothing", async () => {
    const again = await securebase("import", bill, "--json");
    const report = JSON.parse(again.out) as Record<string, unknown>;
    expect(report).toMatchObject({
      rowsRead: 3,
      rowsAccepted: 3,
      rowsRejected: 0,
      totals: [
        {
          currency: "USD",
          source: { billed: "1000000000000.300000000000000001" },
          loaded: { billed: "1000000000000.300000000000000001" },
        },
      ],
      unassigned: [{ account: "77", rows: 1 }],
    });
    const query = await securebase(
      "query",
      "--tenant",
      "acme",
      "--from",
      "2024-09-01",
      "--to",
      "2024-10-01",
      "--json",
    );
    expect(JSON.parse(query.out)).toMatchObject({ totals: [{ unit: "USD", cells: ["0.3"] }] });
  });

  it("reads standard input and changes nothing in a dry run", async () => {
    const { code, out } = await securebase("import", "-", "--dry-run", "--tenant", "acme");
    expect(code).toBe(0);
    expect(out).toContain("Checked stdin (focus");
    const query = await securebase(
      "query",
      "--tenant",
      "acme",
      "--from",
      "2024-09-01",
      "--to",
      "2024-10-01",
      "--json",
    );
    expect(JSON.parse(query.out)).toMatchObject({ totals: [{ cells: ["0.3"] }] });
  });

  it("answers a question as a table with exact amounts, a total and what was left out", async () => {
    const { code, out, err } = await securebase(
      ...[
        "query",
        "--tenant",
        "acme",
        "--by",
        "service",
        "--limit",
        "1",
        "--from",
        "2024-09-01",
        "--to",
        "2024-10-01",
      ],
    );
    expect(code).toBe(0);
    expect(out.split("\n").map((line) => line.trimEnd().replace(/ +/g, " "))).toEqual([
      "Service Billed cost (USD)",
      "────────── ─────────────────",
      "S3 0.20",
      "Others (1) 0.10",
      "Total 0.30",
      "",
    ]);
    expect(err).toContain("1 Sep 2024 – 30 Sep 2024, Europe/Berlin; 1 of 2 rows");
  });

  it("moves facts to a tenant that claims their account later", async () => {
    const added = await securebase("tenants", "add", "late", "--name", "Late", "--account", "77", "--json");
    expect(JSON.parse(added.out)).toMatchObject({ id: "late", factsMoved: 1 });
    const query = await securebase(
      "query",
      "--tenant",
      "late",
      "--from",
      "2024-09-01",
      "--to",
      "2024-10-01",
      "--json",
    );
    expect(JSON.parse(query.out)).toMatchObject({
      totals: [{ cells: ["1000000000000.000000000000000001"] }],
    });
  });

  it("changes what is given of a tenant, and keeps the rest", async () => {
    const say = (...args: string[]) => securebase("tenants", ...args);
    await say("add", "tiered", "--name", "Tiered", "--tier", "Gold", "--contact", "it@tiered.example");
    await say("update", "tiered", "--account", "0801", "--account", "0802");
    const changed = await say("update", "tiered", "--account", "0803", "--remove-account", "0801", "--json");
    expect(JSON.parse(changed.out)).toMatchObject({
      ...{ name: "Tiered", tier: "Gold", contacts: ["it@tiered.example"], accounts: ["0802", "0803"] },
    });
    await say("update", "tiered", "--name", "Renamed", "--no-tier", "--contact", "new@tiered.example");
    const { out } = await say("show", "tiered");
    expect(out).toMatch(/^Name +Renamed$/m);
    expect(out).toMatch(/^Tier +none$/m);
    expect(out).toMatch(/^Contacts +new@tiered\.example$/m);
    expect(out).toMatch(/^Accounts +0802, 0803$/m);
    expect((await say("list")).out).toContain("Tier");
    const nothing = await say("update", "tiered");
    expect([nothing.code, nothing.err]).toEqual([
      ...[2, expect.stringContaining("tenant.nothing-to-change") as string],
    ]);
  });

  it("writes a report with its manifest, the same dataset whatever the format", async () => {
    const hashes = new Set<string>();
    for (const format of ["csv", "json", "xlsx", "pdf"]) {
      const file = join(folder, `report.${format}`);
      const { code, err } = await securebase(
        ...["report", "cost-analysis", "--tenant", "acme", "--from", "2024-09-01", "--to", "2024-10-01"],
        ...["-o", file, "--manifest", `${file}.manifest.json`],
      );
      expect(err).toContain("2 of 2 rows");
      expect(code).toBe(0);
      const manifest = JSON.parse(await readFile(`${file}.manifest.json`, "utf8")) as { datasetHash: string };
      hashes.add(manifest.datasetHash);
    }
    expect(hashes.size).toBe(1);
    const kept = await readdir(join(folder, "data", "exports"), { recursive: true, withFileTypes: true });
    expect(kept.filter((entry) => entry.isFile())).toEqual([]);
    expect(await readFile(join(folder, "report.csv"), "utf8")).toContain(
      "S3,eu-west-1,0042,Usage,0.2,0.2\r\n",
    );
  });

  it("writes JSON a line at a time where the file's name asks for it", async () => {
    const file = join(folder, "report.ndjson");
    await securebase(
      ...[
        "report",
        "cost-analysis",
        "--tenant",
        "acme",
        "--from",
        "2024-09-01",
        "--to",
        "2024-10-01",
        "-o",
        file,
      ],
    );
    const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
    expect(lines.length).toBeGreaterThanOrEqual(4);
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it("writes a report to stdout and tells about it on stderr", async () => {
    const { out, err } = await securebase(
      ...["report", "cost-analysis", "--tenant", "acme", "--from", "2024-09-01", "--to", "2024-10-01"],
      ...["--format", "csv", "--delimiter", ";", "-o", "-"],
    );
    expect(out.split("\r\n")[0]).toContain("Service;Region;Account");
    expect(err).toContain("total: billed_cost 0.3 USD");
  });

  it("makes tokens for tenants that exist", async () => {
    const { code, out } = await securebase("token", "--tenant", "acme", "--role", "viewer", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ role: "viewer", tenant: "acme" });
  });

  it.each([
    [["import", "nope.csv"], 1, "import.file-not-found", "nope.csv"],
    [["query", "--tenant", "acne"], 1, "tenant.not-found", 'Did you mean "acme"?'],
    [
      ["query", "--tenant", "acme", "--from", "2024-09-31", "--to", "2024-10-01"],
      2,
      "date.invalid",
      "YYYY-MM-DD",
    ],
    [["query", "--tenant", "acme", "--from", "2024-09-01"], 2, "range.incomplete", "--to"],
    [["query", "--tenant", "acme", "--range", "7days"], 2, "range.unknown-preset", "Allowed: 7d, 30d"],
    [["query", "--tenant", "acme", "--range", "7d", "--from", "2024-09-01"], 2, "range.ambiguous", "either"],
    [
      ["query", "--tenant", "acme", "--where", "regon=x"],
      2,
      "query.unknown-dimension",
      'Did you mean "region"?',
    ],
    [["query", "--tenant", "acme", "--where", "region"], 2, "query.invalid-filter", "service=AmazonEC2"],
    [["query", "--tenant", "acme", "--measure", "cost"], 2, "query.unknown-measure", "Allowed: billed_cost"],
    [["query", "--tenant", "acme", "--dataset", "costs"], 2, "query.unknown-dataset", 'Did you mean "cost"?'],
    [["query", "--tenant", "acme", "--limit", "x"], 2, "cli.not-a-number", "whole number"],
    [["query"], 2, "cli.missing-mandatory-option-value", "See securebase query --help"],
    [["query", "--tenat=acme"], 2, "cli.unknown-option", "Did you mean --tenant?"],
    [["cost", "chargebak"], 2, "cli.unknown-command", "Did you mean chargeback? See securebase cost --help"],
    [["query", "--tenant", "acme", "--measure", "billed"], 2, "query.unknown-measure", '"billed_cost"'],
    [["cost", "forecast", "--tenant", "acme", "--months", "9"], 2, "request.invalid-value", "3 or less"],
    [["tenants", "list", "--data", import.meta.filename], 2, "data.unusable", "folder"],
    [["tenants", "list", "--data", join(tmpdir(), "no", "such")], 2, "data.not-found", "tenants add ID"],
    [["qeury"], 2, "cli.unknown-command", "Did you mean query?"],
    [
      ["report", "cost-anlysis", "--tenant", "acme", "-o", "x.pdf"],
      1,
      "report.unknown-template",
      '"cost-analysis"',
    ],
    [["report", "cost-analysis", "--tenant", "acme", "-o", "x.docx"], 2, "export.format-unknown", "--format"],
    [["report", "cost-analysis", "--tenant", "acme", "-o", "/no/x.csv"], 1, "output.unwritable", "folder"],
    [["tenants", "add", "acme", "--name", "Again"], 1, "tenant.exists", "acme"],
    [["tenants", "add", "b", "--name", "B", "--account", "0042"], 1, "tenant.account-taken", "acme"],
    [["tenants", "add", "B!", "--name", "B"], 2, "tenant.invalid-id", "lower case"],
    [["token", "--role", "viewer"], 2, "token.no-tenant", "--tenant"],
    [["serve", "--port", "99999"], 2, "serve.invalid-port", "8787"],
  ])("%j ends with %i, a code and a way to mend it", async (args, code, name, hint) => {
    const { code: exit, err } = await securebase(...args);
    expect(err).toContain(`error ${name}: `);
    expect(err).toContain(hint);
    expect(err).toContain("\n  fix: ");
    expect(exit).toBe(code);
  });

  it("tells a failure to a machine, too", async () => {
    const { code, out } = await securebase("query", "--tenant", "nobody", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ error: { code: "tenant.not-found" } });
  });
});
