import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandLine } from "../../test/support/cli.ts";

let folder: string;

const securebase = commandLine(() => join(folder, "data"));

const HEADER =
  "FINDING_UID;TIMESTAMP;ACCOUNT_UID;PROVIDER;CHECK_ID;CHECK_TITLE;STATUS;MUTED;SEVERITY;SERVICE_NAME;REGION;RESOURCE_UID;COMPLIANCE";
const scan = (day: string, rows: readonly string[]): string =>
  [HEADER, ...rows.map((row) => row.replace("DAY", `${day} 06:00:00`))].join("\n");
const ROOT =
  "f-root;DAY;0042;aws;iam_root;Root has an access key;FAIL;False;critical;iam;us-east-1;root;CIS-1.4: 1.4 | HIPAA: 164.312(d)";
const BUCKET =
  "f-bucket;DAY;0042;aws;s3_public;Bucket is public;FAIL;False;high;s3;us-east-1;bucket;CIS-1.4: 2.1.5";
const FIXED = BUCKET.replace("FAIL", "PASS");
const MUTED = "f-log;DAY;0042;aws;s3_log;No access log;FAIL;True;low;s3;us-east-1;bucket;CIS-1.4: 3.6";
const SEPTEMBER = ["--tenant", "acme", "--from", "2024-09-01", "--to", "2024-10-01"];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "securebase-posture-"));
  await securebase("tenants", "add", "acme", "--name", "Acme", "--account", "0042");
  for (const [day, rows] of [
    ["2024-08-30", [BUCKET, MUTED]],
    ["2024-09-20", [ROOT, FIXED, MUTED]],
  ] as const) {
    const file = join(folder, `scan-of-${day}.csv`);
    await writeFile(file, scan(day, rows));
    const { code, err } = await securebase("import", file);
    if (code !== 0) throw new Error(err);
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("securebase security", () => {
  it("shows what is open, what is muted and what changed", async () => {
    const { code, out } = await securebase("security", ...SEPTEMBER);
    expect(code).toBe(0);
    expect(out).toMatch(/^critical +40 +1 +1/m);
    expect(out).toMatch(/^muted +1/m);
    expect(out).toMatch(/^critical +1 +0 +0/m);
    expect(out).toContain("note: Risk points: 40 x critical");
  });

  it("says not available where there is no snapshot, and never 0", async () => {
    const { out } = await securebase(
      "security",
      "--tenant",
      "acme",
      "--from",
      "2020-01-01",
      "--to",
      "2020-02-01",
    );
    expect(out).toMatch(/^critical +40 +not available/m);
    expect(out).toContain("Changes are not available");
    expect(out).not.toMatch(/^critical.* 0(?: |$)/m);
  });

  it("gives machines everything as JSON", async () => {
    const { out } = await securebase("security", ...SEPTEMBER, "--json", "--account", "0042");
    const answer = JSON.parse(out) as { score: { severities: { totals: { cells: unknown[] }[] } } };
    expect(answer.score.severities.totals[0]?.cells.slice(6)).toEqual(["40", "10", "30", "300"]);
  });
});

describe("securebase compliance", () => {
  it("scores frameworks and names failed controls and those that changed", async () => {
    const { code, out } = await securebase("compliance", ...SEPTEMBER, "--framework", "CIS AWS 1.4");
    expect(code).toBe(0);
    expect(out).toMatch(/^CIS AWS 1\.4 +50\.0% +0\.0% +\+50 points +1 +1 +1$/m);
    expect(out).toMatch(/^Newly passed +CIS AWS 1\.4 +2\.1\.5/m);
    const spelt = await securebase("compliance", ...SEPTEMBER, "--framework", "cis-1.4");
    expect(spelt.out).toBe(out);
    const unknown = await securebase("compliance", ...SEPTEMBER, "--framework", "CIS AWS 2.4");
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain(
      'fix: Did you mean "CIS AWS 1.4"? The tenant\'s frameworks are: CIS AWS 1.4',
    );
    expect(out).toMatch(/^First evaluated +CIS AWS 1\.4 +1\.4/m);
    expect(out).not.toContain("HIPAA");
  });
});

describe("securebase usage and summary", () => {
  it("say not available without data", async () => {
    const usage = await securebase("usage", ...SEPTEMBER);
    expect([usage.code, usage.out]).toEqual([0, expect.stringContaining("not available")]);
    const summary = await securebase("summary", ...SEPTEMBER);
    expect(summary.out).toMatch(/^Billed cost +not available +not available/m);
    expect(summary.out).toMatch(/^Risk points +40 +10 +30 +\+300\.0% +Root has an access key +40/m);
  });

  it("refuse what they do not know with a fix", async () => {
    const { code, err } = await securebase("summary", ...SEPTEMBER, "--range", "30d");
    expect([code, err]).toEqual([2, expect.stringContaining("range.ambiguous")]);
    const tenant = await securebase("usage", "--tenant", "acmee", "--range", "30d");
    expect([tenant.code, tenant.err]).toEqual([1, expect.stringContaining("tenant.not-found")]);
  });
});
