/** A row of a Cost and Usage Report by its legacy column names; what it does not name is empty. */
export type CurRow = Readonly<Record<string, string>>;

const ROW: CurRow = {
  "identity/LineItemId": "x",
  "bill/BillingPeriodStartDate": "2024-09-01T00:00:00Z",
  "bill/PayerAccountId": "999999999999",
  "lineItem/UsageAccountId": "000000000001",
  "lineItem/LineItemType": "Usage",
  "lineItem/UsageStartDate": "2024-09-03T00:00:00Z",
  "lineItem/UsageEndDate": "2024-09-04T00:00:00Z",
  "lineItem/ProductCode": "AmazonEC2",
  "lineItem/ResourceId": "",
  "lineItem/UsageAmount": "2",
  "lineItem/CurrencyCode": "USD",
  "lineItem/UnblendedCost": "1.5",
  "product/ProductName": "Amazon Elastic Compute Cloud",
  "product/region": "us-east-1",
  "pricing/publicOnDemandCost": "2",
  "pricing/term": "OnDemand",
  "pricing/unit": "Hrs",
  "reservation/EffectiveCost": "",
  "reservation/ReservationARN": "",
  "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "",
  "reservation/UnusedRecurringFee": "",
  "savingsPlan/SavingsPlanARN": "",
  "savingsPlan/SavingsPlanEffectiveCost": "",
  "savingsPlan/TotalCommitmentToDate": "",
  "savingsPlan/UsedCommitment": "",
  "resourceTags/user:env": "",
  "resourceTags/aws:createdBy": "",
};

/** The legacy report's columns as its Parquet files and CUR 2.0 name them. */
function snake(name: string): string {
  const spelled = name
    .replace(/[/:]/g, "_")
    .replaceAll(/([A-Z]+)/g, (letters: string) => `_${Array.from(letters).join("_")}`);
  return spelled.replaceAll(/_+/g, "_").replace(/^_/, "").toLowerCase();
}

const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function csv(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [columns, ...rows].map((row) => `${row.map(quote).join(",")}\n`).join("");
}

function filled(rows: readonly CurRow[]): { columns: string[]; full: CurRow[] } {
  const columns = [...new Set([ROW, ...rows].flatMap((row) => Object.keys(row)))];
  return { columns, full: rows.map((row) => ({ ...ROW, ...row })) };
}

/** The legacy CSV file. */
export function legacyCur(rows: readonly CurRow[]): string {
  const { columns, full } = filled(rows);
  return csv(
    columns,
    full.map((row) => columns.map((name) => row[name] ?? "")),
  );
}

/** The same rows under the names of the legacy Parquet file. */
export function snakeCur(rows: readonly CurRow[]): string {
  const { columns, full } = filled(rows);
  return csv(
    columns.map(snake),
    full.map((row) => columns.map((name) => row[name] ?? "")),
  );
}

/** The same rows as CUR 2.0 has them: tags and attributes of products as maps, written as JSON. */
export function cur2(rows: readonly CurRow[]): string {
  const { columns, full } = filled(rows);
  const plain = columns.filter(
    (name) => !/^(product|resourceTags)\//.test(name) || name === "product/region",
  );
  const map = (row: CurRow, family: string, key: (name: string) => string): string => {
    const found = Object.entries(row).filter(([name, value]) => name.startsWith(family) && value !== "");
    return JSON.stringify(
      Object.fromEntries(found.map(([name, value]) => [key(name.slice(family.length)), value])),
    );
  };
  return csv(
    [
      ...plain.map((name) => (name === "product/region" ? "product_region_code" : snake(name))),
      "product",
      "resource_tags",
    ],
    full.map((row) => [
      ...plain.map((name) => row[name] ?? ""),
      map(row, "product/", snake),
      map(row, "resourceTags/", (name) => name.replace(":", "_")),
    ]),
  );
}

/** One row of each kind that is amortized, and some that are not; with its effective cost and category. */
export const KINDS: readonly { row: CurRow; effective: string; category: string }[] = [
  { row: {}, effective: "1.5", category: "Usage" },
  {
    row: {
      "lineItem/LineItemType": "DiscountedUsage",
      "lineItem/UnblendedCost": "0.0000000000",
      "reservation/EffectiveCost": "0.0312345678",
      "reservation/ReservationARN": "arn:aws:ec2:us-east-1:1:reserved-instances/r",
    },
    effective: "0.0312345678",
    category: "Usage",
  },
  {
    row: {
      "lineItem/LineItemType": "SavingsPlanCoveredUsage",
      "lineItem/UnblendedCost": "0.096",
      "savingsPlan/SavingsPlanEffectiveCost": "0.06",
      "savingsPlan/SavingsPlanARN": "arn:aws:savingsplans::1:savingsplan/s",
    },
    effective: "0.06",
    category: "Usage",
  },
  {
    row: {
      "lineItem/LineItemType": "SavingsPlanNegation",
      "lineItem/UnblendedCost": "-0.096",
      "pricing/publicOnDemandCost": "",
    },
    effective: "0",
    category: "Usage",
  },
  {
    row: {
      "lineItem/LineItemType": "SavingsPlanRecurringFee",
      "lineItem/UnblendedCost": "0.1",
      "savingsPlan/TotalCommitmentToDate": "0.1",
      "savingsPlan/UsedCommitment": "0.0600000001",
      "savingsPlan/SavingsPlanARN": "arn:aws:savingsplans::1:savingsplan/s",
    },
    effective: "0.0399999999",
    category: "Purchase",
  },
  {
    row: { "lineItem/LineItemType": "SavingsPlanUpfrontFee", "lineItem/UnblendedCost": "876" },
    effective: "0",
    category: "Purchase",
  },
  {
    row: {
      "lineItem/LineItemType": "RIFee",
      "lineItem/UnblendedCost": "22.32",
      "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "1.25",
      "reservation/UnusedRecurringFee": "2.5e-1",
      "reservation/ReservationARN": "arn:aws:ec2:us-east-1:1:reserved-instances/r",
    },
    effective: "1.5",
    category: "Purchase",
  },
  {
    row: {
      "lineItem/LineItemType": "Fee",
      "lineItem/UnblendedCost": "300",
      "reservation/ReservationARN": "arn:aws:ec2:us-east-1:1:reserved-instances/r",
    },
    effective: "0",
    category: "Purchase",
  },
  {
    row: { "lineItem/LineItemType": "Fee", "lineItem/UnblendedCost": "29" },
    effective: "29",
    category: "Purchase",
  },
  {
    row: {
      "lineItem/LineItemType": "Tax",
      "lineItem/UnblendedCost": "12.3456789012",
      "product/ProductName": "",
    },
    effective: "12.3456789012",
    category: "Tax",
  },
  {
    row: { "lineItem/LineItemType": "Credit", "lineItem/UnblendedCost": "-5" },
    effective: "-5",
    category: "Credit",
  },
  {
    row: { "lineItem/LineItemType": "Refund", "lineItem/UnblendedCost": "-.25" },
    effective: "-0.25",
    category: "Adjustment",
  },
  {
    row: {
      "lineItem/LineItemType": "EdpDiscount",
      "lineItem/UnblendedCost": "-0.15",
      "resourceTags/user:env": 'prod "x", y',
      "resourceTags/aws:createdBy": "Root:1",
    },
    effective: "-0.15",
    category: "Usage",
  },
  ...["PrivateRateDiscount", "BundledDiscount", "Discount"].map((kind) => ({
    row: { "lineItem/LineItemType": kind, "lineItem/UnblendedCost": "-0.01" },
    effective: "-0.01",
    category: "Usage",
  })),
  {
    row: { "lineItem/LineItemType": "RiVolumeDiscount", "lineItem/UnblendedCost": "-3" },
    effective: "-3",
    category: "Purchase",
  },
];
