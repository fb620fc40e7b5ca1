import { divideRounded, SCALE, tryParseDecimal } from "../../core/money/decimal.ts";

const UNIT = 10n ** BigInt(SCALE);

/** A family of CloudWatch metrics and the usage it stands for. */
export interface UsageMetric {
  namespace: string;
  name: string;
  stat: "Sum" | "SampleCount" | "Average";
  /** The exact dimensions its metrics have; others with the same name are sums over these and would count twice. */
  dimensions: readonly string[];
  /** Dimensions that must have this value. */
  only?: Readonly<Record<string, string>>;
  /** CloudFront and other global services report to one region alone. */
  onlyRegion?: string;
  metric: string;
  unit: string;
  /** What the values of an hour (of a day for gauges) amount to, scaled by 10^18. */
  quantity: (value: number) => bigint;
  /** A level at a point in time, reported once a day; everything else adds up. */
  gauge: boolean;
  service: (dimensions: Readonly<Record<string, string>>) => string;
  /** Undefined where usage is reported by service only. */
  resource: (dimensions: Readonly<Record<string, string>>) => string | undefined;
  /** A dimension that is kept as a tag. */
  tag?: string;
}

/** An exact decimal of a float: whole numbers as they are, others at nine decimals. */
function scaled(value: number): bigint {
  if (Number.isSafeInteger(value)) return BigInt(value) * UNIT;
  return tryParseDecimal(value.toFixed(9)) ?? tryParseDecimal(String(value)) ?? 0n;
}

const gigabytes = (bytes: number): bigint => divideRounded(scaled(bytes), 1_000_000_000n);
const hoursOfMilliseconds = (ms: number): bigint => divideRounded(scaled(ms), 3_600_000n);
/** A machine that reported in an hour ran in it, whether it reports every minute or every five. */
const anHour = (samples: number): bigint => (samples > 0 ? UNIT : 0n);

/**
 * The metrics usage is read from. Gigabytes are 10^9 bytes. Network out counts all traffic that leaves a machine.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html
 */
export const USAGE_METRICS: readonly UsageMetric[] = [
  {
    namespace: "AWS/Usage",
    name: "CallCount",
    stat: "Sum",
    gauge: false,
    dimensions: ["Class", "Resource", "Service", "Type"],
    only: { Type: "API" },
    metric: "api_calls",
    unit: "calls",
    quantity: scaled,
    service: ({ Service = "" }) => Service,
    resource: () => undefined,
  },
  {
    namespace: "AWS/EC2",
    name: "CPUUtilization",
    stat: "SampleCount",
    gauge: false,
    dimensions: ["InstanceId"],
    metric: "compute_hours",
    unit: "hours",
    quantity: anHour,
    service: () => "EC2",
    resource: ({ InstanceId }) => InstanceId,
  },
  {
    namespace: "AWS/RDS",
    name: "CPUUtilization",
    stat: "SampleCount",
    gauge: false,
    dimensions: ["DBInstanceIdentifier"],
    metric: "compute_hours",
    unit: "hours",
    quantity: anHour,
    service: () => "RDS",
    resource: ({ DBInstanceIdentifier }) => DBInstanceIdentifier,
  },
  {
    namespace: "AWS/Lambda",
    name: "Duration",
    stat: "Sum",
    gauge: false,
    dimensions: ["FunctionName"],
    metric: "compute_hours",
    unit: "hours",
    quantity: hoursOfMilliseconds,
    service: () => "Lambda",
    resource: ({ FunctionName }) => FunctionName,
  },
  {
    namespace: "AWS/EC2",
    name: "NetworkOut",
    stat: "Sum",
    gauge: false,
    dimensions: ["InstanceId"],
    metric: "data_transfer_gb",
    unit: "GB",
    quantity: gigabytes,
    service: () => "EC2",
    resource: ({ InstanceId }) => InstanceId,
  },
  {
    namespace: "AWS/CloudFront",
    name: "BytesDownloaded",
    stat: "Sum",
    gauge: false,
    dimensions: ["DistributionId", "Region"],
    onlyRegion: "us-east-1",
    metric: "data_transfer_gb",
    unit: "GB",
    quantity: gigabytes,
    service: () => "CloudFront",
    resource: ({ DistributionId }) => DistributionId,
  },
  {
    namespace: "AWS/S3",
    name: "BucketSizeBytes",
    stat: "Average",
    gauge: true,
    dimensions: ["BucketName", "StorageType"],
    metric: "storage_gb",
    unit: "GB",
    quantity: gigabytes,
    service: () => "S3",
    resource: ({ BucketName }) => BucketName,
    tag: "StorageType",
  },
];
