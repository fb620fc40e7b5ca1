/** How an amount moves over time. */
export type Pattern =
  /** Follows the tenant's visitors: growth, weekdays, noise. */
  | "traffic"
  /** Runs in office hours: nearly nothing at weekends. */
  | "workday"
  /** Around the clock, the same every day. */
  | "always"
  /** Only ever grows. */
  | "storage"
  /** Heavier in the last three days of a month. */
  | "batch";

/** What a quantity says about usage, beside its cost. */
export type UsageMetric = "compute_hours" | "storage_gb" | "data_transfer_gb" | "api_calls";

/** Something that is sold: a price a unit, in one service. Prices are list prices of the rough size AWS asks. */
export interface Sku {
  id: string;
  service: string;
  /** FOCUS 1.0 ServiceCategory. */
  category: string;
  resourceType: string;
  /** What the line says about itself. */
  description: string;
  pricingUnit: string;
  consumedUnit: string;
  /** Consumed units in one pricing unit. */
  consumedPerPricing: number;
  /** Millionths of a dollar a pricing unit. */
  priceMicros: number;
  pattern: Pattern;
  metric?: UsageMetric;
  /** Which commitments can cover it. */
  committable?: "compute" | "database";
  arn: string;
}

const EC2 = "Amazon Elastic Compute Cloud";
const RDS = "Amazon Relational Database Service";
const S3 = "Amazon Simple Storage Service";

type Unit = readonly [pricingUnit: string, consumedUnit: string, consumedPerPricing: number];
const HOURS: Unit = ["Hours", "Hours", 1];
const GB: Unit = ["GB", "GB", 1];
/** A gigabyte kept for a month; a day counts as one of the month's days. */
const GB_MONTH: Unit = ["GB-Mo", "GB-Mo", 1];
const MILLION_REQUESTS: Unit = ["1000000 Requests", "Requests", 1_000_000];

function sku(
  id: string,
  [service, category, resourceType, arn]: readonly [string, string, string, string],
  [pricingUnit, consumedUnit, consumedPerPricing]: Unit,
  priceMicros: number,
  description: string,
  pattern: Pattern,
  extra: Pick<Sku, "metric" | "committable"> = {},
): Sku {
  return {
    id,
    service,
    category,
    resourceType,
    description,
    pricingUnit,
    consumedUnit,
    consumedPerPricing,
    priceMicros,
    pattern,
    arn,
    ...extra,
  };
}

const instance = [EC2, "Compute", "Instance", "ec2:REGION:ACCOUNT:instance/i-"] as const;
const volume = ["Amazon Elastic Block Store", "Storage", "Volume", "ec2:REGION:ACCOUNT:volume/vol-"] as const;
const database = [RDS, "Databases", "DB Instance", "rds:REGION:ACCOUNT:db:"] as const;
const bucket = [S3, "Storage", "Bucket", "s3:::"] as const;
const lambda = ["AWS Lambda", "Compute", "Function", "lambda:REGION:ACCOUNT:function:"] as const;
const table = ["Amazon DynamoDB", "Databases", "Table", "dynamodb:REGION:ACCOUNT:table/"] as const;
const vpc = [
  "Amazon Virtual Private Cloud",
  "Networking",
  "NAT Gateway",
  "ec2:REGION:ACCOUNT:natgateway/nat-",
] as const;

const hours = { metric: "compute_hours" } as const;
const computeHours = { metric: "compute_hours", committable: "compute" } as const;
const databaseHours = { metric: "compute_hours", committable: "database" } as const;
const storage = { metric: "storage_gb" } as const;
const transfer = { metric: "data_transfer_gb" } as const;
const calls = { metric: "api_calls" } as const;

const LIST: readonly Sku[] = [
  sku("ec2-general", instance, HOURS, 192_000, "m6i.xlarge Linux instance hour", "traffic", computeHours),
  sku("ec2-compute", instance, HOURS, 340_000, "c6i.2xlarge Linux instance hour", "traffic", computeHours),
  sku("ec2-memory", instance, HOURS, 504_000, "r6i.2xlarge Linux instance hour", "always", computeHours),
  sku("ec2-dev", instance, HOURS, 83_200, "t3.large Linux instance hour", "workday", computeHours),
  sku("ebs", volume, GB_MONTH, 80_000, "gp3 provisioned storage", "storage", storage),
  sku("rds", database, HOURS, 450_000, "db.r6g.xlarge Multi-AZ PostgreSQL hour", "always", databaseHours),
  sku("rds-storage", database, GB_MONTH, 115_000, "gp3 database storage", "storage", storage),
  sku("s3", bucket, GB_MONTH, 23_000, "Standard storage, first 50 TB", "storage", storage),
  sku(
    "s3-requests",
    bucket,
    ["1000 Requests", "Requests", 1000],
    5_000,
    "PUT, COPY, POST, LIST requests",
    "traffic",
    calls,
  ),
  sku(
    "lambda-duration",
    lambda,
    ["1000 GB-Seconds", "GB-Seconds", 1000],
    16_667,
    "Lambda duration",
    "traffic",
    {
      committable: "compute",
    },
  ),
  sku("lambda-requests", lambda, MILLION_REQUESTS, 200_000, "Lambda requests", "traffic", calls),
  sku("dynamodb", table, MILLION_REQUESTS, 1_250_000, "Write request units", "traffic", calls),
  sku(
    "elasticache",
    ["Amazon ElastiCache", "Databases", "Cache Cluster", "elasticache:REGION:ACCOUNT:cluster:"],
    HOURS,
    206_000,
    "cache.r6g.large node hour",
    "always",
    hours,
  ),
  sku(
    "fargate",
    ["AWS Fargate", "Compute", "Task", "ecs:REGION:ACCOUNT:service/"],
    ["vCPU-Hours", "vCPU-Hours", 1],
    40_480,
    "Fargate vCPU hour",
    "traffic",
    computeHours,
  ),
  sku(
    "eks",
    ["Amazon Elastic Kubernetes Service", "Compute", "Cluster", "eks:REGION:ACCOUNT:cluster/"],
    HOURS,
    100_000,
    "EKS cluster hour",
    "always",
    hours,
  ),
  sku(
    "cloudfront",
    ["Amazon CloudFront", "Networking", "Distribution", "cloudfront::ACCOUNT:distribution/"],
    GB,
    85_000,
    "Data transfer out to the internet from edge locations",
    "traffic",
    transfer,
  ),
  sku("nat-hours", vpc, HOURS, 45_000, "NAT gateway hour", "always"),
  sku("nat-data", vpc, GB, 45_000, "NAT gateway data processed", "traffic", transfer),
  sku(
    "elb",
    [
      "Elastic Load Balancing",
      "Networking",
      "Load Balancer",
      "elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/",
    ],
    HOURS,
    22_500,
    "Application Load Balancer hour",
    "always",
  ),
  sku(
    "transfer",
    ["AWS Data Transfer", "Networking", "Internet egress", "ec2:REGION:ACCOUNT:vpc/vpc-"],
    GB,
    90_000,
    "Data transfer out, first 10 TB a month",
    "traffic",
    transfer,
  ),
  sku(
    "logs",
    ["Amazon CloudWatch", "Management and Governance", "Log Group", "logs:REGION:ACCOUNT:log-group:/app/"],
    GB,
    500_000,
    "Log data ingested",
    "traffic",
  ),
  sku(
    "kms",
    ["AWS Key Management Service", "Security", "Key", "kms:REGION:ACCOUNT:key/"],
    ["10000 Requests", "Requests", 10_000],
    30_000,
    "Symmetric key requests",
    "traffic",
    calls,
  ),
  sku(
    "guardduty",
    ["Amazon GuardDuty", "Security", "Detector", "guardduty:REGION:ACCOUNT:detector/"],
    ["1000000 Events", "Events", 1_000_000],
    4_000_000,
    "CloudTrail events analysed",
    "traffic",
  ),
  sku(
    "securityhub",
    ["AWS Security Hub", "Security", "Hub", "securityhub:REGION:ACCOUNT:hub/"],
    ["1000 Checks", "Checks", 1000],
    1_000_000,
    "Security checks",
    "always",
  ),
  sku(
    "config",
    ["AWS Config", "Management and Governance", "Recorder", "config:REGION:ACCOUNT:config-recorder/"],
    ["Items", "Items", 1],
    3_000,
    "Configuration items recorded",
    "workday",
  ),
  sku(
    "waf",
    ["AWS WAF", "Security", "Web ACL", "wafv2:REGION:ACCOUNT:regional/webacl/"],
    MILLION_REQUESTS,
    600_000,
    "Requests inspected",
    "traffic",
    calls,
  ),
  sku(
    "sqs",
    ["Amazon Simple Queue Service", "Integration", "Queue", "sqs:REGION:ACCOUNT:"],
    MILLION_REQUESTS,
    400_000,
    "Standard queue requests",
    "traffic",
    calls,
  ),
  sku(
    "redshift",
    ["Amazon Redshift", "Analytics", "Cluster", "redshift:REGION:ACCOUNT:cluster:"],
    HOURS,
    1_086_000,
    "ra3.xlplus node hour",
    "always",
    hours,
  ),
  sku(
    "glue",
    ["AWS Glue", "Analytics", "Job", "glue:REGION:ACCOUNT:job/"],
    ["DPU-Hours", "DPU-Hours", 1],
    440_000,
    "ETL job DPU hour",
    "batch",
    hours,
  ),
  sku(
    "athena",
    ["Amazon Athena", "Analytics", "Workgroup", "athena:REGION:ACCOUNT:workgroup/"],
    ["TB", "TB", 1],
    5_000_000,
    "Data scanned by queries",
    "workday",
  ),
  sku(
    "opensearch",
    ["Amazon OpenSearch Service", "Analytics", "Domain", "es:REGION:ACCOUNT:domain/"],
    HOURS,
    335_000,
    "r6g.xlarge.search hour",
    "always",
    hours,
  ),
  sku(
    "sagemaker",
    ["Amazon SageMaker", "AI and Machine Learning", "Training Job", "sagemaker:REGION:ACCOUNT:training-job/"],
    HOURS,
    1_408_000,
    "ml.g5.xlarge training hour",
    "workday",
    hours,
  ),
  sku(
    "bedrock",
    [
      "Amazon Bedrock",
      "AI and Machine Learning",
      "Inference Profile",
      "bedrock:REGION:ACCOUNT:inference-profile/",
    ],
    ["1000 Tokens", "Tokens", 1000],
    3_000,
    "Input tokens",
    "traffic",
  ),
  sku(
    "iot",
    ["AWS IoT Core", "Internet of Things", "Endpoint", "iot:REGION:ACCOUNT:thinggroup/"],
    ["1000000 Messages", "Messages", 1_000_000],
    1_000_000,
    "Messages exchanged",
    "traffic",
    calls,
  ),
  sku(
    "directory",
    ["AWS Directory Service", "Identity", "Directory", "ds:REGION:ACCOUNT:directory/d-"],
    HOURS,
    120_000,
    "Managed Microsoft AD hour",
    "always",
  ),
  sku(
    "codebuild",
    ["AWS CodeBuild", "Developer Tools", "Project", "codebuild:REGION:ACCOUNT:project/"],
    ["Minutes", "Minutes", 1],
    5_000,
    "general1.small build minute",
    "workday",
  ),
  sku(
    "backup",
    ["AWS Backup", "Storage", "Vault", "backup:REGION:ACCOUNT:backup-vault:"],
    GB_MONTH,
    50_000,
    "Warm backup storage",
    "storage",
    storage,
  ),
];

export const SKUS: ReadonlyMap<string, Sku> = new Map(LIST.map((item) => [item.id, item]));
