import { ask, type HttpTarget } from "./target.ts";

export const OPERATOR = { role: "operator", sub: "op" };
export const viewer = (customerId: string) => ({ role: "viewer", customerId, sub: `viewer-${customerId}` });
export const analyst = (customerId: string) => ({
  role: "analyst",
  customerId,
  sub: `analyst-${customerId}`,
});
export const admin = (customerId: string) => ({ role: "admin", customerId, sub: `admin-${customerId}` });

export const SEPTEMBER = { from: "2024-09-01", to: "2024-10-01" };

interface Charge {
  account: string;
  service: string;
  day: number;
  billed: string;
  region?: string;
  month?: string;
}

/** A FOCUS 1.0 file of daily charges. */
export function focusCsv(charges: readonly Charge[]): string {
  const header =
    "BilledCost,BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,EffectiveCost,ListCost,ContractedCost,ConsumedQuantity,ConsumedUnit,ProviderName,PublisherName,InvoiceIssuerName,RegionId,ServiceCategory,ServiceName,SubAccountId,SubAccountName,Tags";
  const lines = charges.map(({ account, service, day, billed, region = "us-east-1", month = "2024-09" }) => {
    const start = new Date(`${month}-${String(day).padStart(2, "0")}T00:00:00Z`);
    const end = new Date(start.getTime() + 86_400_000);
    const [year = 0, index = 0] = month.split("-").map(Number);
    const periodEnd = new Date(Date.UTC(year, index, 1));
    const time = (instant: Date): string => instant.toISOString().replace(".000Z", "Z");
    return [
      ...[
        billed,
        "999999999999",
        "USD",
        `${month}-01T00:00:00Z`,
        time(periodEnd),
        "Usage",
        time(start),
        time(end),
      ],
      ...[
        billed,
        billed,
        billed,
        "1",
        "Hours",
        "AWS",
        "AWS",
        "AWS",
        region,
        "Compute",
        `"${service}"`,
        account,
        "name",
        "",
      ],
    ].join(",");
  });
  return `${[header, ...lines].join("\n")}\n`;
}

/** Two tenants with known charges: alpha's September is 10.000000000000000003 USD, beta's 500. */
export const CHARGES: readonly Charge[] = [
  { account: "000000000001", service: "Amazon EC2", day: 1, billed: "1.5" },
  { account: "000000000001", service: "Amazon EC2", day: 2, billed: "2.25" },
  {
    account: "000000000001",
    service: "Amazon S3",
    day: 2,
    billed: "0.000000000000000003",
    region: "eu-west-1",
  },
  { account: "000000000002", service: "Amazon EC2", day: 3, billed: "6.5" },
  { account: "000000000002", service: "=SUM(A1)", day: 3, billed: "-0.25" },
  { account: "000000000003", service: "Amazon EC2", day: 1, billed: "500" },
];
export const ALPHA_TOTAL = "10.000000000000000003";

/** Adds the tenants alpha and beta over the API and imports their charges as the operator. */
export async function seed(target: HttpTarget): Promise<void> {
  const tenants = [
    { id: "alpha", name: "Alpha Health", accounts: ["000000000001", "000000000002"], frameworks: ["HIPAA"] },
    { id: "beta", name: "Beta Bank", accounts: ["000000000003"] },
    { id: "gamma", name: "Gamma Games" },
  ];
  for (const body of tenants) {
    const reply = await ask(target, "POST /v1/tenants", { as: OPERATOR, body });
    if (reply.status !== 201) throw new Error(`seeding failed: ${reply.bytes.toString()}`);
  }
  const reply = await ask(target, "POST /v1/imports?name=seed.csv", { as: OPERATOR, raw: focusCsv(CHARGES) });
  if (reply.status !== 200) throw new Error(`seeding failed: ${reply.bytes.toString()}`);
}

/** What gamma's admin loads: accounts of other tenants and of nobody. */
export const ADMIN_IMPORT: readonly Charge[] = [
  { account: "000000000003", service: "Amazon EC2", day: 1, billed: "7" },
  { account: "777777777777", service: "Amazon EC2", day: 1, billed: "8" },
];
