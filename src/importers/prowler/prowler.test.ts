import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { samplePath } from "../../../test/samples.ts";
import { memoryFile } from "../../../test/support/memory-file.ts";
import { column, readFacts } from "../../../test/support/opened-records.ts";
import { takeSample } from "../shared/sample.ts";
import { prowlerFormat } from "./prowler.ts";

const HEADER =
  "TIMESTAMP;ACCOUNT_UID;FINDING_UID;PROVIDER;CHECK_ID;CHECK_TITLE;STATUS;MUTED;SERVICE_NAME;SEVERITY;RESOURCE_UID;RESOURCE_TAGS;REGION;COMPLIANCE";
const ROW: Record<string, string> = {
  TIMESTAMP: "2025-03-04 10:00:00.123456",
  ACCOUNT_UID: "012345678901",
  FINDING_UID: "f-1",
  PROVIDER: "aws",
  CHECK_ID: "s3_public",
  CHECK_TITLE: "Bucket is private",
  STATUS: "FAIL",
  MUTED: "False",
  SERVICE_NAME: "s3",
  SEVERITY: "critical",
  RESOURCE_UID: "arn:aws:s3:::b",
  RESOURCE_TAGS: "team=a | env=prod",
  REGION: "eu-west-1",
  COMPLIANCE: "CIS-1.4: 2.1.5 | HIPAA: 164_312_a_1, 164_308_a_3_i",
};
const line = (fields: Record<string, string> = {}) =>
  HEADER.split(";")
    .map((name) => ({ ...ROW, ...fields })[name])
    .join(";");
const csv = (...lines: string[]) => memoryFile("p.csv", `${HEADER}\n${lines.join("\n")}\n`, 37);
const read = (...lines: string[]) => readFacts(prowlerFormat, [csv(...lines)]);

describe("the published sample", () => {
  const path = samplePath("prowler/example_output_aws.csv");
  it.skipIf(path === undefined)("has 4 findings and the controls each touches", async () => {
    const facts = await readFacts(prowlerFormat, [memoryFile("p.csv", readFileSync(path!))]);
    expect(facts.opened.counts).toMatchObject({ read: 4, rejected: 0 });
    expect(column(facts, "findings", "status")).toEqual(["open", "not_available", "open", "not_available"]);
    expect(facts.facts.findings?.[0]).toMatchObject({
      day: "2025-02-14",
      source: "prowler:aws:<account_uid>",
    });
    const first = facts.facts.controls
      ?.filter((f) => f.values.check_id === "accessanalyzer_enabled")
      .map((f) => f.values);
    expect(
      first?.map((c) => `${String(c.framework)} ${String(c.control_id)} ${String(c.control_status)}`),
    ).toEqual([
      "CIS AWS 1.4 1.20 failed",
      "CIS AWS 1.5 1.20 failed",
      ...["2.5.6", "2.6.4", "2.8.1", "2.8.2"].map((id) => `KISA-ISMS-P-2023 ${id} failed`),
      "CIS AWS 2.0 1.20 failed",
      ...["2.5.6", "2.6.4", "2.8.1", "2.8.2"].map((id) => `KISA-ISMS-P-2023-korean ${id} failed`),
      "AWS-Account-Security-Onboarding Enabled security services failed",
      "AWS-Account-Security-Onboarding Create analyzers in each active regions failed",
      "AWS-Account-Security-Onboarding Verify that events are present in SecurityHub aggregated view failed",
      "CIS AWS 3.0 1.20 failed",
    ]);
  });
});

describe("a row", () => {
  it("becomes a finding and its controls", async () => {
    const facts = await read(line());
    expect(facts.facts.findings?.[0]).toMatchObject({
      day: "2025-03-04",
      values: {
        severity: "critical",
        status: "open",
        service_name: "S3",
        sub_account_id: "012345678901",
        tags: '{"env":"prod","team":"a"}',
        first_observed_at: "2025-03-04T10:00:00.123Z",
      },
    });
    expect(facts.facts.controls?.map((f) => [f.values.framework, f.values.control_id])).toEqual([
      ["CIS AWS 1.4", "2.1.5"],
      ["HIPAA", "164_312_a_1"],
      ["HIPAA", "164_308_a_3_i"],
    ]);
  });

  it("that is muted is neither open nor a failed control", async () => {
    const facts = await read(line({ MUTED: "True" }));
    expect(column(facts, "findings", "status")).toEqual(["muted"]);
    expect(new Set(column(facts, "controls", "control_status"))).toEqual(new Set(["not_available"]));
  });

  it("that passes is no open finding", async () => {
    const facts = await read(line({ STATUS: "PASS" }));
    expect(column(facts, "findings", "status")).toEqual(["passed"]);
    expect(new Set(column(facts, "controls", "control_status"))).toEqual(new Set(["passed"]));
  });

  it("may hold the delimiter, quotes and line breaks in quotes", async () => {
    const title = 'A "quoted"; title\r\nof two lines';
    const facts = await read(line({ CHECK_TITLE: `"${title.replaceAll('"', '""')}"` }), line());
    expect(column(facts, "findings", "title")).toEqual([title, "Bucket is private"]);
  });

  it.each([
    [line({ FINDING_UID: "" }), "FINDING_UID", "has no FINDING_UID"],
    [line({ ACCOUNT_UID: "" }), "ACCOUNT_UID", "has no ACCOUNT_UID"],
    [line({ TIMESTAMP: "2025-02-30 10:00:00" }), "TIMESTAMP", "is not a date and time"],
    [line({ STATUS: "BROKEN" }), "STATUS", "none of PASS, FAIL, MANUAL"],
    [`${line()};more`, null, "has 15 fields where the header has 14"],
    ["a;b", null, "has 2 fields"],
  ])("%j is refused", async (row, field, reason) => {
    const facts = await read(line(), row);
    expect(facts.end.rejections.kept).toEqual([
      { file: "p.csv", line: 3, row: 2, field, reason: expect.stringContaining(reason) as string },
    ]);
    expect(facts.facts.findings).toHaveLength(1);
  });
});

describe("a file", () => {
  it("may have commas, CRLF, a byte-order mark, and the columns of version 3", async () => {
    const header = "ASSESSMENT_START_TIME,FINDING_UNIQUE_ID,ACCOUNT_ID,CHECK_ID,STATUS,SEVERITY,RESOURCE_ARN";
    const text = `\ufeff${header}\r\n2024-01-02T03:04:05,f-9,1,check,PASS,low,arn:aws:iam::1:root\r\n`;
    const file = memoryFile("v3.csv", text);
    const facts = await readFacts(prowlerFormat, [file]);
    expect(facts.facts.findings?.[0]).toMatchObject({
      day: "2024-01-02",
      values: { finding_id: "f-9", status: "passed" },
    });
    expect(prowlerFormat.detect(await takeSample(file))).toBe("3");
  });

  it("without its columns is refused by name", async () => {
    const reading = readFacts(prowlerFormat, [memoryFile("other.csv", "a;b\n1;2\n")]);
    await expect(reading).rejects.toMatchObject({ code: "import.missing-column", field: "CHECK_ID" });
  });

  it("with two columns of a name is refused", async () => {
    const reading = readFacts(prowlerFormat, [memoryFile("p.csv", "CHECK_ID;STATUS;STATUS\n1;2;3\n")]);
    await expect(reading).rejects.toMatchObject({ code: "import.duplicate-column", field: "STATUS" });
  });

  it("of anything fails with an import error or counted refusals only", async () => {
    const part = fc.constantFrom(
      ...[";", '"', "\n", "\r\n", "x", "FAIL", "2025-01-01 00:00:00", "\0", "é", line(), HEADER],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 30 }), async (parts) => {
        try {
          await readFacts(prowlerFormat, [memoryFile("p.csv", `${HEADER}\n${parts.join("")}`, 11)]);
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^import\./);
        }
      }),
    );
  });
});
