import type { Connectors } from "../../ports/connector.ts";
import { cloudwatchUsage } from "./cloudwatch-usage.ts";
import { configCompliance } from "./config-compliance.ts";
import { costExplorer } from "./cost-explorer.ts";
import { s3CostExport } from "./s3-cost-export.ts";
import { securityHub } from "./security-hub.ts";
import type { ConnectorOptions } from "./session.ts";

export type { ConnectorOptions };

/** A connector for every kind of connection. Their SDKs are loaded by the first pull that needs them. */
export function createConnectors(options: ConnectorOptions = {}): Connectors {
  return {
    "s3-cost-export": s3CostExport(options),
    "security-hub": securityHub(options),
    "config-compliance": configCompliance(options),
    "cost-explorer": costExplorer(options),
    "cloudwatch-usage": cloudwatchUsage(options),
  };
}
