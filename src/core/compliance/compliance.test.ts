import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameworkName, parseRequirement } from "./frameworks.ts";
import { complianceScore, controlOutcome } from "./scores.ts";

describe("frameworkName", () => {
  it.each([
    ["CIS-1.4", "CIS AWS 1.4"],
    ["cis-aws-foundations-benchmark/v/1.4.0", "CIS AWS 1.4"],
    ["standards/cis-aws-foundations-benchmark/v/1.2.0", "CIS AWS 1.2"],
    ["arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0", "CIS AWS 1.2"],
    ["arn:aws:securityhub:us-east-1::standards/pci-dss/v/3.2.1", "PCI DSS 3.2.1"],
    ["PCI-4.0", "PCI DSS 4.0"],
    ["PCI DSS v3.2.1", "PCI DSS 3.2.1"],
    ["HIPAA", "HIPAA"],
    ["SOC2", "SOC 2"],
    ["ISO27001-2013", "ISO 27001:2013"],
    ["ISO/IEC 27001:2022", "ISO 27001:2022"],
    ["NIST-800-53-Revision-5", "NIST 800-53 r5"],
    ["nist-800-53/v/5.0.0", "NIST 800-53 r5"],
    ["NIST.800-53.r5", "NIST 800-53 r5"],
    ["NIST-800-171-Revision-2", "NIST 800-171 r2"],
    ["NIST-CSF-1.1", "NIST CSF 1.1"],
    ["FedRamp-Moderate-Revision-4", "FedRAMP Moderate r4"],
    ["FedRAMP Moderate", "FedRAMP Moderate"],
    ["AWS-Foundational-Security-Best-Practices", "AWS FSBP"],
    ["aws-foundational-security-best-practices/v/1.0.0", "AWS FSBP"],
    ["KISA-ISMS-P-2023", "KISA-ISMS-P-2023"],
    ["CISA", "CISA"],
    ["AWS-Account-Security-Onboarding", "AWS-Account-Security-Onboarding"],
  ])("calls %s %s", (source, name) => {
    expect(frameworkName(source)).toBe(name);
  });

  it("knows its own names again", () => {
    for (const name of [
      "CIS AWS 1.4",
      "PCI DSS 4.0",
      "SOC 2",
      "NIST 800-53 r5",
      "ISO 27001:2022",
      "FedRAMP High r5",
    ]) {
      expect(frameworkName(name)).toBe(name);
    }
  });

  it("takes any text", () => {
    fc.assert(fc.property(fc.string(), (text) => typeof frameworkName(text) === "string"));
  });
});

describe("parseRequirement", () => {
  it.each([
    ["PCI DSS v3.2.1/2.2.4", "PCI DSS 3.2.1", ["2.2.4"]],
    ["NIST.800-53.r5 AC-2(1)", "NIST 800-53 r5", ["AC-2(1)"]],
    ["CIS AWS Foundations Benchmark v1.2.0/1.20", "CIS AWS 1.2", ["1.20"]],
    ["CIS-1.4 1.1 1.2", "CIS AWS 1.4", ["1.1", "1.2"]],
    ["ISO 27001:2013 A.9.1.1", "ISO 27001:2013", ["A.9.1.1"]],
    ["HIPAA 164.312(a)(1)", "HIPAA", ["164.312(a)(1)"]],
  ])("reads %s", (text, framework, controls) => {
    expect(parseRequirement(text)).toEqual(controls.map((control) => ({ framework, control })));
  });

  it.each(["Software and Configuration Checks", "ens-op.acc.5.aws.iam.1", "HIPAA", "", "PCI DSS v3.2.1/"])(
    "finds no control in %j",
    (text) => {
      expect(parseRequirement(text)).toEqual([]);
    },
  );
});

describe("scores", () => {
  it("fails a control for one failing resource and keeps unknown ones apart", () => {
    expect(controlOutcome({ passed: 9, failed: 1, not_available: 0 })).toBe("failed");
    expect(controlOutcome({ passed: 1, failed: 0, not_available: 5 })).toBe("passed");
    expect(controlOutcome({ passed: 0, failed: 0, not_available: 5 })).toBe("not_available");
  });

  it("scores passed of evaluated, and nothing when nothing was evaluated", () => {
    expect(complianceScore(["passed", "passed", "failed", "not_available"])).toEqual({
      passed: 2,
      failed: 1,
      notAvailable: 1,
      percent: "66.6667",
    });
    expect(complianceScore(["not_available"]).percent).toBeNull();
    expect(complianceScore(["passed"]).percent).toBe("100");
    expect(complianceScore(["failed"]).percent).toBe("0");
  });
});
