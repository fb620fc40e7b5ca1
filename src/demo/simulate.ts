import type { DemoDay } from "./calendar.ts";
import type { Inventory, Line } from "./inventory.ts";
import { noiseAt } from "./random.ts";
import type { Pattern } from "./skus.ts";

/** Random spread around the expected amount, as a part of it. */
const NOISE: Readonly<Record<Pattern, number>> = {
  traffic: 0.09,
  workday: 0.14,
  always: 0,
  storage: 0.004,
  batch: 0.12,
};
/** Amount in the last three days of a month, as a multiple of an ordinary day's. */
const MONTH_END = 2.4;
const WORKDAY_WEEKEND = 0.22;

/** Growth since the first day: `percent` a month, compounded month by month and linear within one. */
export function growthFactor(percent: number, day: number): number {
  const rate = percent / 100;
  const months = Math.floor(day / 30);
  let factor = 1;
  for (let i = 0; i < months; i++) factor *= 1 + rate;
  return factor * (1 + (rate * (day - months * 30)) / 30);
}

/** The part of a moving tenant's amounts that is already in the new region: an S-curve between the two days. */
function movedShare(inventory: Inventory, day: DemoDay): number {
  const { move, days } = inventory;
  if (move === undefined) return 0;
  const from = days.find((d) => d.date === move.from)?.index ?? 0;
  const to = days.find((d) => d.date === move.to)?.index ?? 1;
  const x = Math.min(1, Math.max(0, (day.index - from) / (to - from)));
  return x * x * (3 - 2 * x);
}

/** What all lines of an inventory share on one day; computed once a day. */
export interface DayFactors {
  day: DemoDay;
  patterns: Readonly<Record<Pattern, number>>;
  moved: number;
}

export function dayFactors(inventory: Inventory, day: DemoDay): DayFactors {
  const { profile } = inventory;
  const growth = growthFactor(profile.growth, day.index);
  const weekend = day.weekday >= 5;
  const monthEnd = day.dayOfMonth > day.daysInMonth - 3;
  return {
    day,
    patterns: {
      traffic: growth * (weekend ? profile.weekend : 1),
      workday: growth * (weekend ? WORKDAY_WEEKEND : 1),
      always: 1,
      storage: growth,
      batch: growth * (monthEnd ? MONTH_END : 1),
    },
    moved: movedShare(inventory, day),
  };
}

/**
 * The amount a line uses on a day, in thousandths of its pricing unit (of a gigabyte kept, for storage): a whole
 * number, 0 when it does not run.
 */
export function amountMillis(inventory: Inventory, line: Line, factors: DayFactors): number {
  const { day } = factors;
  if (day.index < line.born || day.index >= line.gone) return 0;
  const { pattern } = line.sku;
  let amount = line.base * factors.patterns[pattern];
  if (line.move !== undefined) amount *= line.move === "away" ? 1 - factors.moved : factors.moved;
  const spread = NOISE[pattern];
  if (spread > 0) amount *= 1 + spread * noiseAt(inventory.seed, line.index, day.number);
  if (isSpike(inventory, line, day)) amount *= inventory.spike?.times ?? 1;
  return Math.round(amount * 1000);
}

function isSpike(inventory: Inventory, line: Line, day: DemoDay): boolean {
  const { spike } = inventory;
  return spike?.day === day.date && spike.account === line.account.id && spike.service === line.sku.service;
}
