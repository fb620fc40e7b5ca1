import { formatDecimal } from "../core/money/decimal.ts";
import type { CalendarDate } from "../core/time/dates.ts";
import type { Inventory, Line } from "./inventory.ts";

/**
 * Amounts are whole numbers in fixed units, so that every product and sum is exact: prices in millionths of a dollar
 * (micros), quantities in thousandths of a pricing unit (millis), and their product in billionths (nanos). The largest
 * demo amount stays far below 2^53.
 */
export type Micros = number;
export type Millis = number;
export type Nanos = number;

/** The text columns of a charge; one object serves all days of a line. */
export interface ChargeText {
  category: "Usage" | "Purchase" | "Tax" | "Credit";
  correction: boolean;
  description: string;
  frequency: "Usage-Based" | "Recurring" | "One-Time";
  pricing: "Standard" | "Committed" | "";
  commitment?: Commitment;
  commitmentStatus?: "Used" | "Unused";
  /** Absent where the charge follows from no price. */
  listPrice?: Micros;
  contractedPrice?: Micros;
  pricingUnit: string;
  consumedUnit: string;
  sku: string;
  region: string;
  resourceId: string;
  resourceName: string;
  resourceType: string;
  service: string;
  serviceCategory: string;
  payer: { id: string; name: string };
  account: { id: string; name: string };
  tags: Readonly<Record<string, string>>;
}

export interface Commitment {
  kind: "Spend" | "Usage";
  id: string;
  name: string;
  type: string;
}

export interface Charge {
  text: ChargeText;
  /** `[billingFrom, billingTo)`: the months of the bill. */
  billingFrom: CalendarDate;
  billingTo: CalendarDate;
  from: CalendarDate;
  to: CalendarDate;
  billed: Nanos;
  effective: Nanos;
  list: Nanos;
  contracted: Nanos;
  pricingQuantity: Millis | null;
  consumedQuantity: Millis | null;
}

/** Part of the list price that savings plans and reserved instances ask, percent. */
const COMMITTED_PERCENT = { compute: 72, database: 65 } as const;

/** Prices of a line for its tenant: list, after the negotiated discount, and under a commitment. */
export interface Prices {
  list: Micros;
  contracted: Micros;
  committed: Micros;
}

export function pricesOf(inventory: Inventory, line: Line): Prices {
  const list = line.sku.priceMicros;
  return {
    list,
    contracted: Math.round((list * (100 - inventory.profile.discount)) / 100),
    committed: Math.round((list * COMMITTED_PERCENT[line.sku.committable ?? "compute"]) / 100),
  };
}

export function commitmentsOf(inventory: Inventory): { plan: Commitment; reserved: Commitment } {
  const { profile } = inventory;
  const payer = profile.accounts[0].id;
  return {
    plan: {
      kind: "Spend",
      id: `arn:aws:savingsplans::${payer}:savingsplan/${profile.id}-compute`,
      name: `${profile.id}-compute`,
      type: "Compute Savings Plan",
    },
    reserved: {
      kind: "Usage",
      id: `arn:aws:rds:${profile.region}:${payer}:ri:${profile.id}-db`,
      name: `${profile.id}-db`,
      type: "Reserved Instance",
    },
  };
}

/** The texts a line is charged under. */
export interface LineTexts {
  onDemand: ChargeText;
  committed: ChargeText;
  correction: ChargeText;
}

export function lineTexts(inventory: Inventory, line: Line, prices: Prices): LineTexts {
  const { sku } = line;
  const onDemand: ChargeText = {
    category: "Usage",
    correction: false,
    description: sku.description,
    frequency: "Usage-Based",
    pricing: "Standard",
    listPrice: prices.list,
    contractedPrice: prices.contracted,
    pricingUnit: sku.pricingUnit,
    consumedUnit: sku.consumedUnit,
    sku: sku.id,
    region: line.region,
    resourceId: line.resourceId,
    resourceName: line.resourceName,
    resourceType: sku.resourceType,
    service: sku.service,
    serviceCategory: sku.category,
    payer: inventory.profile.accounts[0],
    account: line.account,
    tags: line.tags,
  };
  const { plan, reserved } = commitmentsOf(inventory);
  return {
    onDemand,
    committed: {
      ...onDemand,
      pricing: "Committed",
      commitment: sku.committable === "database" ? reserved : plan,
      commitmentStatus: "Used",
    },
    correction: {
      ...onDemand,
      correction: true,
      description: `Correction: ${sku.description}`,
    },
  };
}

/** Text of a charge that belongs to no line: fees, commitments, tax, credits. */
export function plainText(
  inventory: Inventory,
  account: { id: string; name: string },
  service: readonly [name: string, category: string],
  fields: Pick<ChargeText, "category" | "description" | "frequency"> & Partial<ChargeText>,
): ChargeText {
  return {
    correction: false,
    pricing: "",
    pricingUnit: "",
    consumedUnit: "",
    sku: "",
    region: "",
    resourceId: "",
    resourceName: "",
    resourceType: "",
    service: service[0],
    serviceCategory: service[1],
    payer: inventory.profile.accounts[0],
    account,
    tags: {},
    ...fields,
  };
}

/** Whole dollars or decimal text to nanos. */
export function nanosOf(scaled: bigint): Nanos {
  return Number(scaled / 1_000_000_000n);
}

/** The canonical decimal of an amount in nanos. */
export function dollars(nanos: Nanos): string {
  return formatDecimal(BigInt(nanos) * 1_000_000_000n);
}
