import type { Severity } from "../core/findings/severity.ts";

/** Where a check finds the resources it looks at. */
export type CheckScope =
  /** Resources of these SKUs in the tenant's inventory. */
  | { skus: readonly string[] }
  /** One an account. */
  | { perAccount: string }
  /** Some an account, numbered. */
  | { several: string; count: number };

/** Something a scanner looks for, and the controls of each framework that ask for it. */
export interface Check {
  id: string;
  title: string;
  product: "Security Hub" | "Inspector" | "GuardDuty";
  service: string;
  resourceType: string;
  severity: Severity;
  remediation: string;
  scope: CheckScope;
  hipaa: readonly string[];
  soc2: readonly string[];
  pci: readonly string[];
  cis: readonly string[];
  /** Controls of NIST 800-53, which FedRAMP's baselines select from. */
  nist: readonly string[];
}

type Controls = Pick<Check, "hipaa" | "soc2" | "pci" | "cis" | "nist">;
type About = readonly [service: string, resourceType: string, severity: Severity, scope: CheckScope];

const list = (text: string): string[] => text.split(" ").filter((item) => item !== "");

/** `a | b | c | d | e`: the control ids of HIPAA, SOC 2, PCI DSS 4.0, CIS AWS 1.4 and NIST 800-53, split by spaces. */
function controls(text: string): Controls {
  const [hipaa = "", soc2 = "", pci = "", cis = "", nist = ""] = text.split("|");
  return { hipaa: list(hipaa), soc2: list(soc2), pci: list(pci), cis: list(cis), nist: list(nist) };
}

function check(
  id: string,
  [service, resourceType, severity, scope]: About,
  title: string,
  remediation: string,
  mapping: string,
  product: Check["product"] = "Security Hub",
): Check {
  return { id, title, product, service, resourceType, severity, remediation, scope, ...controls(mapping) };
}

const buckets = { skus: ["s3"] };
const instances = { skus: ["ec2-general", "ec2-compute", "ec2-memory", "ec2-dev"] };
const account = (name: string): CheckScope => ({ perAccount: name });
const users = { several: "iam-user", count: 6 };
const groups = { several: "security-group", count: 5 };

export const CHECKS: readonly Check[] = [
  check(
    "IAM.4",
    ["IAM", "AwsAccount", "critical", account("root")],
    "The root user has an access key",
    "Delete the root user's access keys.",
    "164.312(a)(1) 164.308(a)(3)(i) | CC6.1 CC6.3 | 2.2.2 7.2.1 | 1.4 | AC-2 AC-6",
  ),
  check(
    "IAM.9",
    ["IAM", "AwsAccount", "critical", account("root")],
    "MFA is off for the root user",
    "Register a hardware MFA device for the root user.",
    "164.312(d) | CC6.1 | 8.4.2 | 1.5 1.6 | IA-2 AC-6",
  ),
  check(
    "IAM.5",
    ["IAM", "AwsIamUser", "medium", users],
    "A console user signs in without MFA",
    "Require MFA for every user with a console password.",
    "164.312(d) | CC6.1 | 8.4.2 | 1.10 | IA-2 AC-2",
  ),
  check(
    "IAM.3",
    ["IAM", "AwsIamUser", "medium", users],
    "An access key is older than 90 days",
    "Rotate access keys every 90 days, or use roles.",
    "164.308(a)(4)(ii)(B) | CC6.2 | 8.3.9 | 1.14 | IA-5 AC-2",
  ),
  check(
    "IAM.1",
    ["IAM", "AwsIamPolicy", "high", { several: "policy", count: 3 }],
    "A policy allows every action on every resource",
    "Grant only the actions a role needs.",
    "164.308(a)(4)(ii)(B) 164.312(a)(1) | CC6.3 | 7.2.1 7.2.2 | 1.16 | AC-6 AC-3",
  ),
  check(
    "IAM.7",
    ["IAM", "AwsAccount", "low", account("password-policy")],
    "The password policy is weak",
    "Require 14 characters and forbid reuse.",
    "164.308(a)(5)(ii)(D) | CC6.1 | 8.3.6 | 1.8 1.9 | IA-5",
  ),
  check(
    "IAM.28",
    ["IAM Access Analyzer", "AwsAccessAnalyzer", "low", account("analyzer")],
    "No analyzer watches for outside access",
    "Create an analyzer in every region in use.",
    "164.308(a)(1)(ii)(A) | CC6.1 | 7.2.4 | 1.20 | CA-7 AC-3",
  ),
  check(
    "S3.8",
    ["S3", "AwsS3Bucket", "high", buckets],
    "A bucket does not block public access",
    "Turn on Block Public Access for the bucket and the account.",
    "164.312(a)(1) 164.308(a)(3)(i) | CC6.1 CC6.6 | 1.3.1 7.2.1 | 2.1.5 | AC-3 AC-4 SC-7",
  ),
  check(
    "S3.5",
    ["S3", "AwsS3Bucket", "medium", buckets],
    "A bucket accepts plain HTTP",
    "Deny requests without TLS in the bucket policy.",
    "164.312(e)(1) 164.312(e)(2)(ii) | CC6.7 | 4.2.1 | 2.1.2 | SC-8 SC-13",
  ),
  check(
    "S3.13",
    ["S3", "AwsS3Bucket", "low", buckets],
    "A bucket has no lifecycle rule",
    "Expire or archive old objects by rule.",
    " | C1.1 | 3.2.1 | | CP-9",
  ),
  check(
    "EC2.7",
    ["EC2", "AwsEc2Volume", "medium", { skus: ["ebs"] }],
    "A volume is not encrypted",
    "Turn on encryption by default for the region.",
    "164.312(a)(2)(iv) | CC6.1 | 3.5.1 | 2.2.1 | SC-28",
  ),
  check(
    "EC2.19",
    ["EC2", "AwsEc2SecurityGroup", "critical", groups],
    "Remote administration is open to the internet",
    "Close ports 22 and 3389, and use Session Manager.",
    "164.312(e)(1) 164.312(a)(1) | CC6.6 | 1.3.1 2.2.7 | 5.2 | SC-7 AC-17",
  ),
  check(
    "EC2.2",
    ["EC2", "AwsEc2SecurityGroup", "high", account("default-security-group")],
    "The default security group lets traffic through",
    "Remove all rules from the default security group.",
    "164.312(e)(1) | CC6.6 | 1.2.5 | 5.3 | SC-7 AC-4",
  ),
  check(
    "EC2.8",
    ["EC2", "AwsEc2Instance", "high", instances],
    "An instance answers to IMDSv1",
    "Require session tokens for instance metadata.",
    "164.308(a)(1)(ii)(A) | CC6.1 | 2.2.6 | | AC-3 AC-6",
  ),
  check(
    "EC2.6",
    ["VPC", "AwsEc2Vpc", "medium", account("vpc")],
    "A network keeps no flow logs",
    "Turn on VPC flow logs.",
    "164.312(b) | CC7.2 | 10.2.1 | 3.9 | AU-12 SI-4",
  ),
  check(
    "RDS.3",
    ["RDS", "AwsRdsDbInstance", "high", { skus: ["rds"] }],
    "A database is not encrypted at rest",
    "Restore it from an encrypted snapshot.",
    "164.312(a)(2)(iv) | CC6.1 C1.1 | 3.5.1 | 2.3.1 | SC-28",
  ),
  check(
    "RDS.2",
    ["RDS", "AwsRdsDbInstance", "critical", { skus: ["rds"] }],
    "A database can be reached from the internet",
    "Set PubliclyAccessible to false.",
    "164.312(e)(1) | CC6.6 | 1.4.4 | | SC-7 AC-4",
  ),
  check(
    "RDS.11",
    ["RDS", "AwsRdsDbInstance", "medium", { skus: ["rds"] }],
    "A database keeps no automatic backups",
    "Keep backups for at least 7 days.",
    "164.308(a)(7)(ii)(A) 164.308(a)(7)(ii)(B) | A1.2 | 12.10.1 | | CP-9 CP-10",
  ),
  check(
    "DynamoDB.2",
    ["DynamoDB", "AwsDynamoDbTable", "medium", { skus: ["dynamodb"] }],
    "A table cannot be restored to a point in time",
    "Turn on point-in-time recovery.",
    "164.308(a)(7)(ii)(A) | A1.2 | | | CP-9",
  ),
  check(
    "CloudTrail.1",
    ["CloudTrail", "AwsCloudTrailTrail", "high", account("trail")],
    "No trail records all regions",
    "Create an organisation trail for all regions.",
    "164.312(b) 164.308(a)(1)(ii)(D) | CC7.2 CC7.3 | 10.2.1 | 3.1 | AU-2 AU-12",
  ),
  check(
    "CloudTrail.4",
    ["CloudTrail", "AwsCloudTrailTrail", "low", account("trail")],
    "Log files are not validated",
    "Turn on log file validation.",
    "164.312(c)(1) | CC7.2 | 10.3.2 | 3.2 | AU-9 SI-7",
  ),
  check(
    "Config.1",
    ["Config", "AwsAccount", "critical", account("recorder")],
    "Resources are not recorded",
    "Turn on the configuration recorder.",
    "164.308(a)(1)(ii)(D) | CC7.1 CC8.1 | 6.5.1 | 3.5 | CM-2 CM-8",
  ),
  check(
    "KMS.4",
    ["KMS", "AwsKmsKey", "medium", { skus: ["kms"] }],
    "A key is never rotated",
    "Turn on yearly rotation.",
    "164.312(a)(2)(iv) | CC6.1 | 3.6.1 | 3.8 | SC-12",
  ),
  check(
    "ELB.1",
    ["ELB", "AwsElbv2LoadBalancer", "medium", { skus: ["elb"] }],
    "A load balancer does not send HTTP to HTTPS",
    "Redirect the HTTP listener.",
    "164.312(e)(2)(ii) | CC6.7 | 4.2.1 | | SC-8 SC-13",
  ),
  check(
    "Lambda.2",
    ["Lambda", "AwsLambdaFunction", "medium", { skus: ["lambda-duration"] }],
    "A function runs on a runtime out of support",
    "Move to a supported runtime.",
    "164.308(a)(1)(ii)(A) | CC7.1 | 6.3.3 | | SI-2",
  ),
  check(
    "CloudFront.3",
    ["CloudFront", "AwsCloudFrontDistribution", "medium", { skus: ["cloudfront"] }],
    "A distribution serves plain HTTP",
    "Require HTTPS from viewers.",
    "164.312(e)(1) | CC6.7 | 4.2.1 | | SC-8",
  ),
  check(
    "Inspector.package-vulnerability",
    ["EC2", "AwsEc2Instance", "high", instances],
    "A package with a known vulnerability is installed",
    "Patch the instance with Patch Manager.",
    "164.308(a)(1)(ii)(A) 164.308(a)(5)(ii)(B) | CC7.1 | 6.3.3 11.3.1 | | RA-5 SI-2",
    "Inspector",
  ),
  check(
    "Inspector.image-vulnerability",
    ["Container", "AwsEcrContainerImage", "high", { skus: ["fargate"] }],
    "A container image has a known vulnerability",
    "Rebuild the image on a current base.",
    "164.308(a)(1)(ii)(A) | CC7.1 | 6.3.3 11.3.1 | | RA-5 SI-2",
    "Inspector",
  ),
  check(
    "GuardDuty.UnusualApiCall",
    ["IAM", "AwsIamAccessKey", "medium", users],
    "An access key was used in an unusual way",
    "Disable the key and look into its use.",
    "164.308(a)(6)(ii) 164.308(a)(5)(ii)(C) | CC7.3 CC7.4 | 11.5.1 12.10.5 | | SI-4 AC-2",
    "GuardDuty",
  ),
];

/** Controls that no scanner can decide: an auditor's work, shown as not available. */
export const MANUAL_CONTROLS: Readonly<Record<keyof Controls, readonly string[]>> = {
  hipaa: list("164.308(a)(2) 164.308(a)(5)(i) 164.310(a)(1) 164.310(d)(1)"),
  soc2: list("CC1.1 CC2.2 CC3.1 CC9.2"),
  pci: list("9.1.1 12.1.1 12.6.1"),
  cis: list("1.1 1.2 1.3"),
  nist: list("AT-2 IR-8 PE-3 PS-3"),
};
