/** Short service names by the words scanners use for them: resource types of Security Hub, modules of Prowler. */
const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    accessanalyzer: "IAM Access Analyzer",
    account: "Account",
    acm: "ACM",
    apigateway: "API Gateway",
    apigatewayv2: "API Gateway",
    athena: "Athena",
    autoscaling: "Auto Scaling",
    awslambda: "Lambda",
    backup: "Backup",
    certificatemanager: "ACM",
    cloudformation: "CloudFormation",
    cloudfront: "CloudFront",
    cloudtrail: "CloudTrail",
    cloudwatch: "CloudWatch",
    codebuild: "CodeBuild",
    config: "Config",
    container: "Container",
    dms: "DMS",
    dynamodb: "DynamoDB",
    ec2: "EC2",
    ecr: "ECR",
    ecs: "ECS",
    efs: "EFS",
    eks: "EKS",
    elasticache: "ElastiCache",
    elasticloadbalancing: "ELB",
    elb: "ELB",
    elbv2: "ELB",
    emr: "EMR",
    es: "OpenSearch",
    eventbridge: "EventBridge",
    glacier: "S3 Glacier",
    glue: "Glue",
    guardduty: "GuardDuty",
    iam: "IAM",
    inspector: "Inspector",
    inspector2: "Inspector",
    kinesis: "Kinesis",
    kms: "KMS",
    lambda: "Lambda",
    macie: "Macie",
    opensearch: "OpenSearch",
    opensearchservice: "OpenSearch",
    organizations: "Organizations",
    rds: "RDS",
    redshift: "Redshift",
    route53: "Route 53",
    s3: "S3",
    sagemaker: "SageMaker",
    secretsmanager: "Secrets Manager",
    securityhub: "Security Hub",
    sns: "SNS",
    sqs: "SQS",
    ssm: "Systems Manager",
    stepfunctions: "Step Functions",
    trustedadvisor: "Trusted Advisor",
    vpc: "VPC",
    waf: "WAF",
    wafv2: "WAF",
  }),
);
/** No service's word is longer; a type that goes on for pages is not searched to its end. */
const LONGEST = Math.max(...[...NAMES.keys()].map((word) => word.length));

/** The short name of a service from a scanner's word for it (`awslambda` -> `Lambda`); unknown words stay as they are. */
export function serviceName(word: string): string {
  return (
    NAMES.get(
      word
        .trim()
        .toLowerCase()
        .replaceAll(/[\s_-]/g, ""),
    ) ?? word.trim()
  );
}

/**
 * The service a Security Hub resource type belongs to: `AwsEc2SecurityGroup` -> `EC2`, `AwsAccount` -> `Account`.
 * The longest service that its name starts with wins; types of no known service are returned as they are.
 */
export function serviceOfResourceType(type: string): string {
  const bare = type
    .replace(/^(?:Aws|AWS::)/, "")
    .replaceAll(/[^A-Za-z0-9]/g, "")
    .toLowerCase();
  for (let length = Math.min(bare.length, LONGEST); length >= 2; length--) {
    const name = NAMES.get(bare.slice(0, length));
    if (name !== undefined) return name;
  }
  return type;
}

/** The service an ARN names (`arn:aws:s3:::bucket` -> `S3`); undefined when the text is no ARN. */
export function serviceOfArn(arn: string): string | undefined {
  const word = /^arn:[^:]+:([^:]+):/.exec(arn)?.[1];
  return word === undefined ? undefined : serviceName(word);
}
