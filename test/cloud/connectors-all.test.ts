import { createConnectors } from "../../src/adapters/connectors/connectors.ts";
import { connectorCases } from "../conformance/connectors.case.ts";
import { type Script, startStandIn } from "./aws-stand-in.ts";
import { TEST_CREDENTIALS } from "./dynamo-emulator.ts";

const empty = (json: unknown) => () => ({ json });

/** A little of each thing that connectors read. */
const LITTLE: Script = {
  "securityhub:GetFindings": empty({ Findings: [] }),
  "config:DescribeConformancePacks": empty({ ConformancePackDetails: [] }),
  "config:DescribeConfigRules": empty({ ConfigRules: [] }),
  "config:DescribeComplianceByConfigRule": empty({ ComplianceByConfigRules: [] }),
  "ce:GetCostAndUsage": empty({ ResultsByTime: [] }),
  "ce:GetDimensionValues": empty({ DimensionValues: [] }),
  "cloudwatch:ListMetrics": empty({ Metrics: [] }),
};

/** S3 refuses by another name than the other services. */
const DENIED: Script = new Proxy(
  {},
  {
    get: (_, operation: string) => () => ({
      error: operation.startsWith("s3:") ? "AccessDenied" : "AccessDeniedException",
      status: operation.startsWith("s3:") ? 403 : 400,
    }),
  },
);

connectorCases(async () => {
  const aws = await startStandIn({ ...LITTLE });
  aws.put("bills/e/data/BILLING_PERIOD=2025-01/e.csv", Buffer.from("a\n1\n"));
  const manifest = JSON.stringify({ dataFiles: ["e/data/BILLING_PERIOD=2025-01/e.csv"] });
  aws.put("bills/e/metadata/BILLING_PERIOD=2025-01/e-Manifest.json", Buffer.from(manifest));
  return {
    connectors: createConnectors({ endpoint: aws.endpoint, credentials: TEST_CREDENTIALS, attempts: 1 }),
    settings: { "s3-cost-export": { bucket: "bills" } },
    denyAll: () => (aws.script = DENIED),
    calls: () => aws.operations.length,
    close: () => aws.close(),
  };
});
