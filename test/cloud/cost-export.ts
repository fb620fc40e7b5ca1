import { gzipSync } from "node:zlib";
import type { StandIn } from "./aws-stand-in.ts";

const PAYER = "999988887777";
const HEADER =
  "BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd," +
  "BillingAccountId,SubAccountId,SubAccountName,ProviderName,ServiceName,ServiceCategory,RegionId,ChargeCategory";

/**
 * Puts a delivery of a FOCUS export into the bucket `bills`, below `exp/NAME`, as Data Exports write it.
 * @param costs of accounts, all on the month's second day
 * @returns the key of its one data file
 */
export function deliver(
  aws: StandIn,
  name: string,
  month: string,
  costs: readonly (readonly [account: string, cost: string])[],
): string {
  const rows = costs.map(
    ([account, cost]) =>
      `${cost},${cost},${cost},${cost},USD,${month}-01T00:00:00Z,${month}-28T00:00:00Z,${month}-02T00:00:00Z,${month}-03T00:00:00Z,${PAYER},${account},x,AWS,EC2,Compute,eu-west-1,Usage`,
  );
  const key = `exp/${name}/data/BILLING_PERIOD=${month}/${name}-00001.csv.gz`;
  aws.put(`bills/${key}`, gzipSync([HEADER, ...rows].join("\n")));
  const manifest = {
    exportArn: `arn:aws:bcm-data-exports:us-east-1:${PAYER}:export/${name}`,
    executionId: `${name}-${month}-${costs.length}`,
    dataFiles: [`s3://bills/${key}`],
  };
  const manifestKey = `exp/${name}/metadata/BILLING_PERIOD=${month}/${name}-Manifest.json`;
  aws.put(`bills/${manifestKey}`, Buffer.from(JSON.stringify(manifest)));
  return key;
}

/** Keys of the data files that were asked for, in order. */
export function downloads(aws: StandIn): string[] {
  return aws.inputs
    .filter(({ operation }) => operation === "s3:GetObject")
    .map(({ input }) => String(input["path"]))
    .filter((path) => path.endsWith(".csv.gz"))
    .map((path) => path.slice("bills/".length));
}
