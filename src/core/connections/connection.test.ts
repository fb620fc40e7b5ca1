import { describe, expect, it } from "vitest";
import { makeConnection } from "./connection.ts";
import { CONNECTION_KINDS, KINDS } from "./kinds.ts";
import { actionsOf, arnPartition, policyFor, trustPolicyFor } from "./policy.ts";

const NOW = "2025-03-10T00:00:00.000Z";
const make = (input: Parameters<typeof makeConnection>[0]) => makeConnection(input, NOW);

describe("a connection", () => {
  it("is named for its kind and tenant, and signs in with what is around when nothing is said", () => {
    expect(make({ kind: "security-hub", region: "eu-west-1", tenant: "acme" })).toEqual({
      id: "acme-security-hub",
      kind: "security-hub",
      tenant: "acme",
      region: "eu-west-1",
      access: { kind: "ambient" },
      settings: {},
      createdAt: NOW,
    });
  });

  it("keeps names of roles and profiles, and a prefix without the slashes around it", () => {
    const made = make({
      kind: "s3-cost-export",
      id: "bills",
      region: "us-gov-west-1",
      profile: "billing",
      roleArn: "arn:aws-us-gov:iam::111122223333:role/team/securebase",
      externalId: "acme-42",
      settings: { bucket: "acme-bills", prefix: "/exports/focus/" },
    });
    expect(made.access).toMatchObject({ kind: "role", externalId: "acme-42", profile: "billing" });
    expect(made.settings).toEqual({ bucket: "acme-bills", prefix: "exports/focus" });
  });

  it("answers for Cost Explorer only where it is", () => {
    expect(make({ kind: "cost-explorer" }).region).toBe("us-east-1");
    expect(() => make({ kind: "cost-explorer", region: "eu-west-1" })).toThrow(/only in us-east-1/);
  });

  it.each([
    [{ kind: "s3" }, "connection.unknown-kind", "kind"],
    [{ kind: "security-hub" }, "connection.invalid", "region"],
    [{ kind: "security-hub", region: "Ireland" }, "connection.invalid", "region"],
    [{ kind: "security-hub", region: "eu-west-1", id: "A b" }, "connection.invalid", "id"],
    [{ kind: "security-hub", region: "eu-west-1", roleArn: "role" }, "connection.invalid", "roleArn"],
    [{ kind: "security-hub", region: "eu-west-1", externalId: "x1" }, "connection.invalid", "externalId"],
    [
      { kind: "security-hub", region: "eu-west-1", settings: { bucket: "b" } },
      "connection.invalid",
      "bucket",
    ],
    [{ kind: "s3-cost-export", region: "eu-west-1" }, "connection.invalid", "bucket"],
    [
      { kind: "s3-cost-export", region: "eu-west-1", settings: { bucket: "s3://b" } },
      "connection.invalid",
      "bucket",
    ],
    [{ kind: "cost-explorer", settings: { months: "14" } }, "connection.invalid", "months"],
    [
      { kind: "cloudwatch-usage", region: "eu-west-1", settings: { days: "456" } },
      "connection.invalid",
      "days",
    ],
  ])("refuses %j", (input, code, field) => {
    expect(() => make(input)).toThrow(expect.objectContaining({ code, field, kind: "invalid" }));
  });

  it("never takes an access key, wherever it is put", () => {
    const key = "AKIAIOSFODNN7EXAMPLE";
    for (const input of [
      { kind: "cost-explorer", profile: key },
      { kind: "cost-explorer", externalId: `x${key}` },
      { kind: "s3-cost-export", region: "eu-west-1", settings: { bucket: "b", prefix: key } },
    ]) {
      expect(() => make(input)).toThrow(expect.objectContaining({ code: "connection.secret" }));
    }
  });

  it("has settings whose examples are valid", () => {
    for (const kind of CONNECTION_KINDS)
      for (const { pattern, example } of KINDS[kind].settings) expect(example).toMatch(pattern);
  });
});

describe("policies", () => {
  it("bind a cost export to its bucket and folder, in every partition of AWS", () => {
    const policy = policyFor("s3-cost-export", { bucket: "b", prefix: "e/f" }, "us-gov-west-1");
    expect(policy.Statement.map(({ Action, Resource, Condition }) => [Action, Resource, Condition])).toEqual([
      [["s3:ListBucket"], "arn:aws-us-gov:s3:::b", { StringLike: { "s3:prefix": ["e/f/*"] } }],
      [["s3:GetObject"], "arn:aws-us-gov:s3:::b/e/f/*", undefined],
    ]);
    expect(arnPartition("cn-north-1")).toBe("aws-cn");
  });

  it("only read", () => {
    for (const kind of CONNECTION_KINDS)
      for (const action of actionsOf(policyFor(kind)))
        expect(action).toMatch(/^[a-z0-9]+:(?:Get|List|Describe)[A-Za-z]+$/);
  });

  it("let one principal assume a role, with the external id", () => {
    expect(trustPolicyFor("arn:aws:iam::1:root", "x-1").Statement[0]).toMatchObject({
      Principal: { AWS: "arn:aws:iam::1:root" },
      Action: ["sts:AssumeRole"],
      Condition: { StringEquals: { "sts:ExternalId": "x-1" } },
    });
  });
});
