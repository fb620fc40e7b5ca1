import { createHash } from "node:crypto";
import { addDays, addMonths } from "../../src/core/time/dates.ts";
import { FIRST_MONTH, MONTHS, TENANTS } from "./facts-store.ts";

/** One question of the benchmark: a tenant's cost over 30 days by one dimension. */
export interface BenchQuestion {
  /** From 0; the store's integer key of the tenant is one more. */
  tenant: number;
  from: string;
  to: string;
  by: keyof typeof GROUP_COLUMNS;
}

export const GROUP_COLUMNS = {
  service: "service_name",
  account: "sub_account_id",
  region: "region_id",
  charge_category: "charge_category",
} as const;

/** One question over the whole time for so many over 30 days. */
export const WIDE_SHARE = 10;
const RANGE_DAYS = 30;
const FIRST_DAYS = 390;

/** The same questions for every contender, each different from the one before in tenant, range and dimension. */
export function questions(count: number): BenchQuestion[] {
  const dimensions = Object.keys(GROUP_COLUMNS) as BenchQuestion["by"][];
  let state = 20_240_901;
  const random = (below: number): number => {
    // Numerical Recipes' linear congruential generator; its high bits are good enough to pick by.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: count }, (_, i) => {
    const from = addDays(FIRST_MONTH, random(FIRST_DAYS));
    return {
      tenant: random(TENANTS),
      from,
      to: addDays(from, RANGE_DAYS),
      by: dimensions[i % dimensions.length] ?? "service",
    };
  });
}

/** Questions over the whole time of the store, so that no contender looks better than its shape allows. */
export function wideQuestions(count: number): BenchQuestion[] {
  const to = addMonths(FIRST_MONTH, MONTHS);
  return questions(count).map((question) => ({ ...question, from: FIRST_MONTH, to }));
}

/** A digest of an answer, whatever its order: `key=value` lines, values as canonical decimals. */
export function answerDigest(rows: Iterable<readonly [string | null, string]>): string {
  const lines = [...rows].map(([key, value]) => `${key ?? "\u0000"}=${value}`).sort();
  return createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16);
}
