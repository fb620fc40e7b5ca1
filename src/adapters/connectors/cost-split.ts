import { formatDecimal, parseDecimal } from "../../core/money/decimal.ts";
import type { PulledFact } from "../../ports/connector.ts";

/** One amount of an answer: a day's cost of a service in an account, in one region or in all. */
export interface CostLine {
  day: string;
  account: string;
  service: string;
  currency: string;
  /** Exact decimal text. */
  unblended: string;
  amortized: string;
}

interface Amounts {
  billed: bigint;
  effective: bigint;
}

interface Whole extends Amounts {
  line: CostLine;
  /** What each region has of it. */
  regions: Map<string, Amounts>;
}

/** Cost Explorer rounds each amount to ten decimals, so parts may miss their whole by as little; scaled by 10^18. */
const ROUNDING = 10n ** 8n;

/**
 * Puts a month together. Cost Explorer groups by two dimensions at most, so accounts and services are asked for once
 * as a whole and once for each region. The wholes are the truth: what no region has (taxes, support, global services)
 * is kept without one, and what is only rounding goes to the largest region, so that every total is Cost Explorer's
 * to the last digit.
 */
export class CostSplit {
  readonly #wholes = new Map<string, Whole>();

  addWhole(line: CostLine): void {
    const key = keyOf(line);
    const before = this.#wholes.get(key);
    const { billed, effective } = amountsOf(line);
    if (before === undefined) this.#wholes.set(key, { line, billed, effective, regions: new Map() });
    else {
      before.billed += billed;
      before.effective += effective;
    }
  }

  /** Adds what one region has; a whole must have been added before. @returns false when there is none */
  addRegion(region: string, line: CostLine): boolean {
    const whole = this.#wholes.get(keyOf(line));
    if (whole === undefined) return false;
    const { billed, effective } = amountsOf(line);
    const before = whole.regions.get(region) ?? { billed: 0n, effective: 0n };
    whole.regions.set(region, { billed: before.billed + billed, effective: before.effective + effective });
    return true;
  }

  /** The facts of the month; lines of nothing at all are left out. */
  *facts(
    bill: { source: string; period: string; payer: string },
    names: ReadonlyMap<string, string>,
  ): Generator<PulledFact> {
    for (const { line, billed, effective, regions } of this.#wholes.values()) {
      const parts = new Map<string | null, Amounts>(regions);
      const rest = { billed, effective };
      for (const part of regions.values()) {
        rest.billed -= part.billed;
        rest.effective -= part.effective;
      }
      const margin = ROUNDING * BigInt(regions.size + 1);
      if (isWithin(rest, margin) && regions.size > 0) addTo(parts, largest(regions), rest);
      else parts.set(null, rest);
      for (const [region, amounts] of parts) {
        if (amounts.billed === 0n && amounts.effective === 0n) continue;
        yield factOf(line, region, amounts, bill, names.get(line.account) ?? null);
      }
    }
  }
}

function keyOf({ day, account, service, currency }: CostLine): string {
  return `${day}\0${account}\0${service}\0${currency}`;
}

function amountsOf(line: CostLine): Amounts {
  return { billed: parseDecimal(line.unblended), effective: parseDecimal(line.amortized) };
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

function isWithin({ billed, effective }: Amounts, margin: bigint): boolean {
  return magnitude(billed) <= margin && magnitude(effective) <= margin;
}

function largest(regions: ReadonlyMap<string, Amounts>): string {
  let best: [string, bigint] = ["", -1n];
  for (const [region, { billed }] of regions)
    if (magnitude(billed) > best[1]) best = [region, magnitude(billed)];
  return best[0];
}

function addTo(parts: Map<string | null, Amounts>, region: string, rest: Amounts): void {
  const before = parts.get(region) ?? { billed: 0n, effective: 0n };
  parts.set(region, {
    billed: before.billed + rest.billed,
    effective: before.effective + rest.effective,
  });
}

function factOf(
  line: CostLine,
  region: string | null,
  amounts: Amounts,
  bill: { source: string; period: string; payer: string },
  accountName: string | null,
): PulledFact {
  const { day, account, service, currency } = line;
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString();
  return {
    account,
    source: bill.source,
    period: bill.period,
    day,
    values: {
      charge_period_start: `${day}T00:00:00.000Z`,
      charge_period_end: next,
      provider_name: "AWS",
      billing_account_id: bill.payer,
      sub_account_id: account,
      sub_account_name: accountName,
      service_name: service,
      region_id: region,
      billing_currency: currency,
      billed_cost: formatDecimal(amounts.billed),
      effective_cost: formatDecimal(amounts.effective),
    },
  };
}
