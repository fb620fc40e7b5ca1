import { describe, expect, it } from "vitest";
import {
  RISK_FORMULA,
  riskPoints,
  severityFromLabel,
  severityFromOcsf,
  severityFromScore,
} from "./severity.ts";
import { serviceName, serviceOfArn, serviceOfResourceType } from "./services.ts";
import { controlStatusOf, verdictOf } from "./status.ts";

describe("severity", () => {
  it("reads every scanner's spelling and admits when it is none", () => {
    expect(["CRITICAL", "High", " moderate ", "low", "Info", "Fatal"].map(severityFromLabel)).toEqual([
      "critical",
      "high",
      "medium",
      "low",
      "informational",
      "critical",
    ]);
    expect(severityFromLabel("UNKNOWN")).toBeUndefined();
    expect(severityFromLabel("constructor")).toBeUndefined();
  });

  it("maps Security Hub's normalized scores at their borders", () => {
    expect([0, 1, 39, 40, 69, 70, 89, 90, 100].map(severityFromScore)).toEqual([
      ...["informational", "low", "low", "medium", "medium", "high", "high", "critical", "critical"],
    ]);
    expect([-1, 101, Number.NaN].map(severityFromScore)).toEqual([undefined, undefined, undefined]);
  });

  it("maps OCSF ids", () => {
    expect([1, 2, 3, 4, 5, 6].map(severityFromOcsf)).toEqual([
      ...["informational", "low", "medium", "high", "critical", "critical"],
    ]);
    expect([0, 99, -1, 2.5].map(severityFromOcsf)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("weighs open findings as its formula says", () => {
    expect(riskPoints({ critical: 1, high: 2, medium: 3, low: 4, informational: 5 })).toBe(40 + 20 + 9 + 4);
    expect(RISK_FORMULA).toContain("40 x critical + 10 x high + 3 x medium + 1 x low");
  });
});

describe("status", () => {
  it("reads verdicts", () => {
    expect(["PASS", "FAILED", "Manual", "NOT_AVAILABLE", "WARNING", "Not Applicable"].map(verdictOf)).toEqual(
      [...["passed", "failed", "not_available", "not_available", "failed", "not_available"]],
    );
    expect(verdictOf("banana")).toBeUndefined();
  });

  it("leaves suppressed, muted and archived failures out of a control's evaluation", () => {
    expect(controlStatusOf("failed", "open")).toBe("failed");
    expect(controlStatusOf("failed", "suppressed")).toBe("not_available");
    expect(controlStatusOf("failed", "muted")).toBe("not_available");
    expect(controlStatusOf("failed", "resolved")).toBe("not_available");
    expect(controlStatusOf("passed", "resolved")).toBe("passed");
  });
});

describe("services", () => {
  it("gives one name to what scanners call differently", () => {
    expect(serviceName("awslambda")).toBe("Lambda");
    expect(serviceName("s3")).toBe("S3");
    expect(serviceName("quantumbox")).toBe("quantumbox");
    expect(serviceOfResourceType("AwsEc2SecurityGroup")).toBe("EC2");
    expect(serviceOfResourceType("AWS::S3::Bucket")).toBe("S3");
    expect(serviceOfResourceType("AwsS3Bucket")).toBe("S3");
    expect(serviceOfResourceType("Other")).toBe("Other");
    expect(serviceOfArn("arn:aws-us-gov:kms:us-gov-west-1:1:key/a")).toBe("KMS");
    expect(serviceOfArn("i-0123")).toBeUndefined();
  });
});
