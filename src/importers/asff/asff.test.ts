import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { samplePath } from "../../../test/samples.ts";
import { memoryFile } from "../../../test/support/memory-file.ts";
import { column, readFacts } from "../../../test/support/opened-records.ts";
import { SEVERITIES } from "../../core/findings/severity.ts";
import { FINDING_STATUSES } from "../../core/findings/status.ts";
import { takeSample } from "../shared/sample.ts";
import { asffFormat } from "./asff.ts";

const BASE = {
  SchemaVersion: "2018-10-08",
  Id: "f-1",
  ProductArn: "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
  GeneratorId: "security-control/S3.8",
  AwsAccountId: "111111111111",
  CreatedAt: "2025-03-01T10:00:00Z",
  UpdatedAt: "2025-03-04T10:00:00Z",
  Title: "S3 buckets should block public access",
};

async function one(fields: Record<string, unknown>) {
  const read = await readFacts(asffFormat, [memoryFile("f.json", JSON.stringify({ ...BASE, ...fields }))]);
  return {
    finding: read.facts.findings?.[0]?.values,
    controls: read.facts.controls?.map((fact) => fact.values) ?? [],
  };
}

async function sample(name: string) {
  const path = samplePath(name);
  return path === undefined ? undefined : readFacts(asffFormat, [memoryFile(name, readFileSync(path), 4096)]);
}
const counts = (values: (string | null)[]) => {
  const found: Record<string, number> = {};
  for (const value of values) found[String(value)] = (found[String(value)] ?? 0) + 1;
  return found;
};

describe("published samples", () => {
  it.skipIf(samplePath("asff/asff_sample.json") === undefined)(
    "Security Hub: 18 findings, one control each",
    async () => {
      const read = (await sample("asff/asff_sample.json"))!;
      expect(read.opened.counts).toMatchObject({ read: 18, rejected: 0 });
      expect(counts(column(read, "findings", "severity"))).toEqual({ low: 15, medium: 2, informational: 1 });
      expect(counts(column(read, "findings", "status"))).toEqual({ open: 17, resolved: 1 });
      expect(counts(column(read, "controls", "control_status"))).toEqual({ failed: 17, passed: 1 });
      expect(Object.keys(counts(column(read, "controls", "framework"))).sort()).toEqual([
        "AWS FSBP",
        "CIS AWS 1.2",
      ]);
      expect(column(read, "controls", "control_title")).toContain('Avoid the use of the "root" account');
      expect(new Set(read.facts.findings?.map((fact) => fact.period))).toEqual(new Set(["2021-08-09"]));
    },
  );

  it.skipIf(samplePath("asff/prowler-sample.asff.jsonl") === undefined)(
    "Prowler, one a line: 10 findings",
    async () => {
      const read = (await sample("asff/prowler-sample.asff.jsonl"))!;
      expect(read.opened.counts).toMatchObject({ read: 10, rejected: 0 });
      expect(counts(column(read, "findings", "source_product"))).toEqual({ Prowler: 10 });
      expect(read.facts.findings?.[0]?.source).toBe("asff:prowler/prowler:123456789123");
    },
  );

  it.skipIf(samplePath("asff/trivy_sample.json") === undefined)(
    "Trivy: 44 findings, though some share an id",
    async () => {
      const read = (await sample("asff/trivy_sample.json"))!;
      expect(read.facts.findings).toHaveLength(44);
      expect(counts(column(read, "findings", "severity"))).toEqual({
        critical: 3,
        high: 29,
        medium: 10,
        low: 2,
      });
      expect(counts(column(read, "findings", "source_product"))).toEqual({ Trivy: 44 });
      expect(read.facts.controls).toEqual([]);
      // 23:51 at -05:00 is the next day in UTC.
      expect(read.facts.findings?.[0]?.day).toBe("2022-02-08");
    },
  );
});

describe("what a finding becomes", () => {
  it.each([
    [{}, "open"],
    [{ Compliance: { Status: "FAILED" }, Workflow: { Status: "NOTIFIED" } }, "open"],
    [{ Compliance: { Status: "WARNING" } }, "open"],
    [{ Compliance: { Status: "PASSED" }, Workflow: { Status: "NEW" } }, "passed"],
    [{ Compliance: { Status: "PASSED" }, Workflow: { Status: "RESOLVED" } }, "resolved"],
    [{ Compliance: { Status: "NOT_AVAILABLE" } }, "not_available"],
    [{ Workflow: { Status: "SUPPRESSED" }, RecordState: "ARCHIVED" }, "suppressed"],
    [{ RecordState: "ARCHIVED" }, "resolved"],
    [{ WorkflowState: "RESOLVED" }, "resolved"],
    [{ WorkflowState: "NEW", Workflow: { Status: "RESOLVED" } }, "resolved"],
  ])("%j is %s", async (fields, status) => {
    expect((await one(fields)).finding?.status).toBe(status);
  });

  it.each([
    [{ Label: "CRITICAL", Normalized: 10 }, "critical"],
    [{ Normalized: 75 }, "high"],
    [{ Original: "Moderate" }, "medium"],
    [{ Label: "WHATEVER", Normalized: 1e400 }, null],
    [{}, null],
  ])("severity %j is %s", async (severity, expected) => {
    expect((await one({ Severity: severity })).finding?.severity).toBe(expected);
  });

  it("keeps what an auditor follows: times, resource, region, remediation, tags", async () => {
    const { finding } = await one({
      FirstObservedAt: "2025-02-01T00:00:00Z",
      LastObservedAt: "2025-03-03T00:00:00Z",
      Resources: [
        {
          Type: "AwsEc2Instance",
          Id: "arn:aws:ec2:eu-west-1:1:instance/i-1",
          Region: "eu-west-1",
          Tags: { team: "a" },
        },
      ],
      Remediation: { Recommendation: { Text: "Fix it.", Url: "https://example.com/fix" } },
    });
    expect(finding).toMatchObject({
      first_observed_at: "2025-02-01T00:00:00.000Z",
      last_observed_at: "2025-03-03T00:00:00.000Z",
      service_name: "EC2",
      resource_id: "arn:aws:ec2:eu-west-1:1:instance/i-1",
      region_id: "eu-west-1",
      remediation: "Fix it. https://example.com/fix",
      tags: '{"team":"a"}',
      check_id: "security-control/S3.8",
    });
  });

  it("names the controls of consolidated findings: requirements first, else the check's own id", async () => {
    const { controls } = await one({
      Compliance: {
        Status: "FAILED",
        SecurityControlId: "S3.8",
        RelatedRequirements: ["PCI DSS v3.2.1/1.2.1", "NIST.800-53.r5 AC-3", "NIST.800-53.r5 AC-4"],
        AssociatedStandards: [
          { StandardsId: "standards/nist-800-53/v/5.0.0" },
          { StandardsId: "standards/aws-foundational-security-best-practices/v/1.0.0" },
        ],
      },
    });
    expect(controls.map((c) => [c.framework, c.control_id, c.control_status])).toEqual([
      ["PCI DSS 3.2.1", "1.2.1", "failed"],
      ["NIST 800-53 r5", "AC-3", "failed"],
      ["NIST 800-53 r5", "AC-4", "failed"],
      ["AWS FSBP", "S3.8", "failed"],
    ]);
  });

  it("leaves suppressed failures out of a control's evaluation", async () => {
    const { controls } = await one({
      Workflow: { Status: "SUPPRESSED" },
      Compliance: { Status: "FAILED", RelatedRequirements: ["HIPAA 164.312(a)(1)"] },
    });
    expect(controls.map((c) => c.control_status)).toEqual(["not_available"]);
  });

  it("comes out of EventBridge events too", async () => {
    const event = {
      "detail-type": "Security Hub Findings - Imported",
      detail: { findings: [BASE, { ...BASE, Id: "f-2" }] },
    };
    const read = await readFacts(asffFormat, [memoryFile("e.json", JSON.stringify(event))]);
    expect(column(read, "findings", "finding_id")).toEqual(["f-1", "f-2"]);
  });
});

describe("detection", () => {
  const detect = async (value: unknown) =>
    asffFormat.detect(
      await takeSample(memoryFile("x", typeof value === "string" ? value : JSON.stringify(value))),
    );
  it("knows the shapes ASFF comes in and nothing else", async () => {
    expect(await detect([BASE])).toBe("2018-10-08");
    expect(await detect({ findings: [BASE] })).toBe("2018-10-08");
    expect(await detect(BASE)).toBe("2018-10-08");
    expect(await detect({ Findings: [] })).toBe("2018-10-08");
    expect(await detect({ Records: [] })).toBeUndefined();
    expect(await detect({ Records: [{ requestParameters: { findings: [BASE] } }] })).toBeUndefined();
    expect(await detect([{ class_uid: 2004 }])).toBeUndefined();
    expect(await detect("a,b\n1,2\n")).toBeUndefined();
  });
});

describe("anything at all", () => {
  it("is a finding within the core's words or a refusal, never an exception", async () => {
    const names = fc.constantFrom(
      ...[
        "Id",
        "AwsAccountId",
        "UpdatedAt",
        "CreatedAt",
        "Severity",
        "Label",
        "Normalized",
        "Compliance",
        "Status",
      ],
      ...[
        "Workflow",
        "Resources",
        "Type",
        "Tags",
        "ProductFields",
        "RelatedRequirements",
        "__proto__",
        "detail",
        "findings",
      ],
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom<unknown>(
          null,
          true,
          -1,
          1e308,
          "",
          "HIGH",
          "2025-01-01T00:00:00Z",
          "\ud800\0",
          "HIPAA 1",
        ),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(names, tie("value"), { maxKeys: 6 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, value, { maxKeys: 8 }), async (fields) => {
        for (const record of [
          fields,
          { ...BASE, ...fields, Id: "x", AwsAccountId: "1", UpdatedAt: BASE.UpdatedAt },
        ]) {
          for (const item of asffFormat.normalize(record)) {
            if (item.kind !== "finding") continue;
            const { finding: values } = item.facts();
            expect([...SEVERITIES, null]).toContain(values.severity);
            expect(FINDING_STATUSES).toContain(values.status);
            for (const text of Object.values(values))
              if (text !== null) expect(text).not.toMatch(/[\0\p{Surrogate}]/u);
          }
        }
        await Promise.resolve();
      }),
    );
  });
});
