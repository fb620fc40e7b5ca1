import type { ConnectionKind } from "./kinds.ts";

/** An IAM policy document. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html */
export interface PolicyDocument {
  Version: "2012-10-17";
  Statement: readonly PolicyStatement[];
}

export interface PolicyStatement {
  Sid: string;
  Effect: "Allow";
  Action: readonly string[];
  Resource: string | readonly string[];
  Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/**
 * What each kind calls beside S3, whose actions are bound to a bucket. The services authorise none of these by
 * resource in a way that narrows what is read, so the resource is `*`; every action only lists or reads.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/
 */
const ACTIONS: Readonly<Record<Exclude<ConnectionKind, "s3-cost-export">, readonly string[]>> = {
  "security-hub": ["securityhub:GetFindings"],
  "config-compliance": [
    "config:DescribeComplianceByConfigRule",
    "config:DescribeConfigRules",
    "config:DescribeConformancePackCompliance",
    "config:DescribeConformancePacks",
    "config:GetComplianceDetailsByConfigRule",
    "config:GetConformancePackComplianceDetails",
  ],
  "cost-explorer": ["ce:GetCostAndUsage"],
  "cloudwatch-usage": ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"],
};

/** These actions cannot be denied, so no policy has to allow them. */
export const FREE_ACTIONS: readonly string[] = ["sts:GetCallerIdentity"];

/** `aws`, `aws-us-gov` or `aws-cn`: the first part of ARNs in a region. */
export function arnPartition(region: string): string {
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  return region.startsWith("cn-") ? "aws-cn" : "aws";
}

/**
 * The least-privilege policy for a kind of connection, to attach to its role or user.
 * @param settings those of the connection; without a bucket, S3's statements name a placeholder
 */
export function policyFor(
  kind: ConnectionKind,
  settings: Readonly<Record<string, string>> = {},
  region = "us-east-1",
): PolicyDocument {
  return { Version: "2012-10-17", Statement: statements(kind, settings, region) };
}

function statements(
  kind: ConnectionKind,
  settings: Readonly<Record<string, string>>,
  region: string,
): readonly PolicyStatement[] {
  if (kind !== "s3-cost-export") {
    return [{ Sid: "SecureBaseRead", Effect: "Allow", Action: ACTIONS[kind], Resource: "*" }];
  }
  const { bucket = "BUCKET", prefix } = settings;
  const arn = `arn:${arnPartition(region)}:s3:::${bucket}`;
  return [
    {
      Sid: "SecureBaseList",
      Effect: "Allow",
      Action: ["s3:ListBucket"],
      Resource: arn,
      ...(prefix !== undefined && { Condition: { StringLike: { "s3:prefix": [`${prefix}/*`] } } }),
    },
    {
      Sid: "SecureBaseRead",
      Effect: "Allow",
      Action: ["s3:GetObject"],
      Resource: prefix === undefined ? `${arn}/*` : `${arn}/${prefix}/*`,
    },
  ];
}

/** All actions a policy allows, sorted. */
export function actionsOf(policy: PolicyDocument): string[] {
  return policy.Statement.flatMap((statement) => [...statement.Action]).sort();
}

/** Who may assume a role. */
export interface TrustPolicy {
  Version: "2012-10-17";
  Statement: readonly (Omit<PolicyStatement, "Resource"> & { Principal: { AWS: string } })[];
}

/**
 * The trust policy of the role that carries the policy. The external id keeps others who know the role's ARN from
 * having this service use it for them ("confused deputy").
 * @param principal ARN of the account, role or user that assumes it
 */
export function trustPolicyFor(principal: string, externalId: string | undefined): TrustPolicy {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "SecureBaseAssume",
        Effect: "Allow",
        Principal: { AWS: principal },
        Action: ["sts:AssumeRole"],
        ...(externalId !== undefined && { Condition: { StringEquals: { "sts:ExternalId": externalId } } }),
      },
    ],
  };
}
