import { parseDecimal } from "../core/money/decimal.ts";
import type { DemoDay } from "./calendar.ts";
import {
  type Charge,
  type ChargeText,
  commitmentsOf,
  type LineTexts,
  lineTexts,
  type Millis,
  type Nanos,
  nanosOf,
  plainText,
  type Prices,
  pricesOf,
} from "./charges.ts";
import type { Inventory, Line } from "./inventory.ts";
import { amountMillis, dayFactors } from "./simulate.ts";

const NANOS = 1_000_000_000;
const HOURS_A_DAY: Millis = 24_000;
/** The part of usage that promotional credits pay while they last. */
const CREDIT_PERCENT = 60;
const SAVINGS_PLANS = ["Savings Plans for AWS Compute usage", "Compute"] as const;
const SUPPORT = ["AWS Support", "Other"] as const;
const TAX = ["Tax", "Other"] as const;

type Amounts = Pick<Charge, "billed" | "effective" | "list" | "contracted"> &
  Partial<Pick<Charge, "pricingQuantity" | "consumedQuantity">>;

function dayCharge(day: DemoDay, text: ChargeText, amounts: Amounts): Charge {
  return {
    text,
    billingFrom: day.monthStart,
    billingTo: day.nextMonth,
    from: day.date,
    to: day.next,
    pricingQuantity: null,
    consumedQuantity: null,
    ...amounts,
  };
}

function monthCharge(day: DemoDay, text: ChargeText, amounts: Amounts): Charge {
  return { ...dayCharge(day, text, amounts), from: day.monthStart, to: day.nextMonth };
}

const same = (amount: Nanos): Amounts => ({
  billed: amount,
  effective: amount,
  list: amount,
  contracted: amount,
});

/**
 * A tenant's bill, day by day. For every commitment and complete month, what its purchases are billed equals what its
 * used and unused rows cost effectively, to the last digit; so do all billed and all effective cost of a complete
 * month.
 */
export class Bill {
  readonly #inventory: Inventory;
  readonly #lines: readonly { line: Line; prices: Prices; texts: LineTexts }[];
  readonly #fees: ReturnType<typeof feeTexts>;
  #creditsLeft: Nanos;
  /** Billed usage of the running month by account, for support and tax. */
  #month = new Map<string, Nanos>();
  /** Corrections wait for the first day of the bill that carries them. */
  #corrections: Charge[] = [];

  constructor(inventory: Inventory) {
    this.#inventory = inventory;
    this.#lines = inventory.lines.map((line) => {
      const prices = pricesOf(inventory, line);
      return { line, prices, texts: lineTexts(inventory, line, prices) };
    });
    this.#fees = feeTexts(inventory);
    this.#creditsLeft = inventory.profile.credits * NANOS;
  }

  /** The charges that arise on a day; days are asked for in order. */
  chargesOf(day: DemoDay): Charge[] {
    const charges: Charge[] = [];
    if (day.dayOfMonth === 1) charges.push(...this.#startMonth(day));
    const usage = this.#usage(day);
    charges.push(...usage);
    this.#addUp(usage);
    charges.push(...this.#credits(day, usage), ...this.#refund(day));
    const lastOfMonth = day.dayOfMonth === day.daysInMonth;
    if (lastOfMonth || day.index === this.#inventory.days.length - 1) charges.push(...this.#closeMonth(day));
    return charges;
  }

  #usage(day: DemoDay): Charge[] {
    const { profile } = this.#inventory;
    const factors = dayFactors(this.#inventory, day);
    const charges: Charge[] = [];
    let planLeft: Nanos = profile.savingsPlan * NANOS;
    let hoursLeft: Millis = profile.reserved * HOURS_A_DAY;
    for (const { line, prices, texts } of this.#lines) {
      const amount = amountMillis(this.#inventory, line, factors);
      const quantity = line.sku.pricingUnit === "GB-Mo" ? Math.round(amount / day.daysInMonth) : amount;
      if (quantity === 0) continue;
      let covered: Millis = 0;
      if (line.sku.committable === "compute") {
        covered = Math.min(quantity, Math.floor(planLeft / prices.committed));
        planLeft -= covered * prices.committed;
      } else if (line.sku.committable === "database" && line.region === profile.region) {
        covered = Math.min(quantity, hoursLeft);
        hoursLeft -= covered;
      }
      if (covered > 0) charges.push(coveredCharge(day, line, texts, prices, covered));
      if (quantity > covered) charges.push(onDemandCharge(day, line, texts, prices, quantity - covered));
      this.#correct(day, line, texts, prices, quantity);
    }
    charges.push(...this.#commitments(day, planLeft, hoursLeft));
    return charges;
  }

  /** What the commitments cost on a day, and their unused part. */
  #commitments(day: DemoDay, planLeft: Nanos, hoursLeft: Millis): Charge[] {
    const { profile } = this.#inventory;
    const charges: Charge[] = [];
    const none = { billed: 0, list: 0, contracted: 0, pricingQuantity: HOURS_A_DAY };
    if (profile.savingsPlan > 0) {
      const daily: Nanos = profile.savingsPlan * NANOS;
      const purchase = { ...same(daily), effective: 0, pricingQuantity: HOURS_A_DAY };
      charges.push(dayCharge(day, this.#fees.plan, purchase));
      if (planLeft > 0) charges.push(dayCharge(day, this.#fees.planUnused, { ...none, effective: planLeft }));
    }
    if (hoursLeft > 0) {
      const effective = hoursLeft * this.#fees.reservedPrice;
      charges.push(
        dayCharge(day, this.#fees.reservedUnused, { ...none, effective, pricingQuantity: hoursLeft }),
      );
    }
    return charges;
  }

  /** Reserved instances are paid by the month, on its first day. */
  #startMonth(day: DemoDay): Charge[] {
    this.#month = new Map();
    const corrections = this.#corrections;
    this.#corrections = [];
    const hours = this.#inventory.profile.reserved * HOURS_A_DAY * day.daysInMonth;
    if (hours === 0) return corrections;
    const fee = { ...same(hours * this.#fees.reservedPrice), effective: 0, pricingQuantity: hours };
    return [...corrections, monthCharge(day, this.#fees.reserved, fee)];
  }

  #addUp(charges: readonly Charge[]): void {
    for (const charge of charges) {
      const account = charge.text.account.id;
      this.#month.set(account, (this.#month.get(account) ?? 0) + charge.billed);
    }
  }

  #credits(day: DemoDay, usage: readonly Charge[]): Charge[] {
    if (this.#creditsLeft <= 0) return [];
    const billed = usage.reduce((sum, charge) => sum + charge.billed, 0);
    const credit = Math.min(this.#creditsLeft, Math.floor((billed * CREDIT_PERCENT) / 100));
    this.#creditsLeft -= credit;
    return credit === 0 ? [] : [dayCharge(day, this.#fees.credit, same(-credit))];
  }

  #refund(day: DemoDay): Charge[] {
    const { refund, profile } = this.#inventory;
    if (refund?.day !== day.date) return [];
    const account = profile.accounts.find((a) => a.id === refund.account) ?? profile.accounts[0];
    const text = plainText(this.#inventory, account, [refund.service, "Databases"], {
      category: "Credit",
      frequency: "One-Time",
      description: "Refund: service credit for an outage",
      region: profile.region,
    });
    return [dayCharge(day, text, same(nanosOf(parseDecimal(refund.amount))))];
  }

  /** Support for the payer and tax for each account, over the month so far. */
  #closeMonth(day: DemoDay): Charge[] {
    const { profile } = this.#inventory;
    const total = [...this.#month.values()].reduce((sum, amount) => sum + amount, 0);
    const support = percentInCents(total, profile.support);
    const charges = support > 0 ? [monthCharge(day, this.#fees.support, same(support))] : [];
    for (const account of profile.accounts) {
      const isPayer = account === profile.accounts[0];
      const tax = percentInCents((this.#month.get(account.id) ?? 0) + (isPayer ? support : 0), profile.tax);
      if (tax <= 0) continue;
      const text = plainText(this.#inventory, account, TAX, {
        category: "Tax",
        frequency: "One-Time",
        description: `Tax at ${profile.tax} %`,
      });
      charges.push(monthCharge(day, text, same(tax)));
    }
    return charges;
  }

  /** Keeps what a restated day's usage was overcounted, for the bill of the next month. */
  #correct(day: DemoDay, line: Line, texts: LineTexts, prices: Prices, quantity: Millis): void {
    const { restatement } = this.#inventory;
    if (restatement === undefined || line.sku.service !== restatement.service) return;
    if (day.date < restatement.from || day.date >= restatement.to) return;
    const over = Math.round((quantity * restatement.percent) / 100);
    if (over === 0) return;
    const correction = onDemandCharge(day, line, texts, prices, -over);
    this.#corrections.push({
      ...correction,
      text: texts.correction,
      billingFrom: day.nextMonth,
      billingTo: nextBillingEnd(this.#inventory, day),
    });
  }
}

function nextBillingEnd(inventory: Inventory, day: DemoDay): string {
  return inventory.days.find((d) => d.date === day.nextMonth)?.nextMonth ?? day.nextMonth;
}

function onDemandCharge(
  day: DemoDay,
  line: Line,
  texts: LineTexts,
  prices: Prices,
  quantity: Millis,
): Charge {
  const cost = quantity * prices.contracted;
  return dayCharge(day, texts.onDemand, {
    billed: cost,
    effective: cost,
    list: quantity * prices.list,
    contracted: cost,
    pricingQuantity: quantity,
    consumedQuantity: quantity * line.sku.consumedPerPricing,
  });
}

function coveredCharge(day: DemoDay, line: Line, texts: LineTexts, prices: Prices, quantity: Millis): Charge {
  return dayCharge(day, texts.committed, {
    billed: 0,
    effective: quantity * prices.committed,
    list: quantity * prices.list,
    contracted: quantity * prices.contracted,
    pricingQuantity: quantity,
    consumedQuantity: quantity * line.sku.consumedPerPricing,
  });
}

/** A percentage of an amount, in whole cents, as fees and taxes are. */
function percentInCents(amount: Nanos, percent: number): Nanos {
  const cent = NANOS / 100;
  const cents = (amount - (amount % cent)) / cent;
  // Percentages have at most two decimals; 100 x percent is a whole number of basis points.
  return Math.round((cents * Math.round(percent * 100)) / 10_000) * cent;
}

function feeTexts(inventory: Inventory): {
  plan: ChargeText;
  planUnused: ChargeText;
  reserved: ChargeText;
  reservedUnused: ChargeText;
  reservedPrice: number;
  support: ChargeText;
  credit: ChargeText;
} {
  const { profile, lines } = inventory;
  const payer = profile.accounts[0];
  const { plan, reserved } = commitmentsOf(inventory);
  const database = lines.find((line) => line.sku.committable === "database");
  const prices = database === undefined ? { committed: 0 } : pricesOf(inventory, database);
  const service = [database?.sku.service ?? "", database?.sku.category ?? ""] as const;
  const commitment = { pricing: "Committed", pricingUnit: "Hours" } as const;
  const purchase = { category: "Purchase", frequency: "Recurring", ...commitment } as const;
  const unused = {
    category: "Usage",
    frequency: "Usage-Based",
    commitmentStatus: "Unused",
    ...commitment,
  } as const;
  const planPrice = Math.round((profile.savingsPlan * 1_000_000) / 24);
  return {
    plan: plainText(inventory, payer, SAVINGS_PLANS, {
      ...purchase,
      description: "1 year no upfront Compute Savings Plan",
      commitment: plan,
      ...((planPrice * HOURS_A_DAY) / NANOS === profile.savingsPlan && {
        listPrice: planPrice,
        contractedPrice: planPrice,
      }),
    }),
    planUnused: plainText(inventory, payer, SAVINGS_PLANS, {
      ...unused,
      description: "Savings Plan commitment nobody used",
      commitment: plan,
    }),
    reserved: plainText(inventory, payer, service, {
      ...purchase,
      description: "1 year no upfront reserved db.r6g.xlarge",
      commitment: reserved,
      listPrice: prices.committed,
      contractedPrice: prices.committed,
      region: profile.region,
    }),
    reservedUnused: plainText(inventory, payer, service, {
      ...unused,
      description: "Reserved instance hours nobody used",
      commitment: reserved,
      region: profile.region,
    }),
    reservedPrice: prices.committed,
    support: plainText(inventory, payer, SUPPORT, {
      category: "Purchase",
      pricing: "Standard",
      frequency: "Recurring",
      description: `Support plan, ${profile.support} % of usage`,
    }),
    credit: plainText(inventory, payer, ["AWS Promotional Credits", "Other"], {
      category: "Credit",
      frequency: "One-Time",
      description: "Start-up programme credit",
    }),
  };
}
