import type { CalendarDate } from "../core/time/dates.ts";
import { demoDays, type DemoDay, type DemoOptions } from "./calendar.ts";

/** Something that happens in the demo data, on days that follow from its length: tests and guides point at it. */
export type DemoEvent =
  | {
      kind: "cost-spike";
      tenant: string;
      account: string;
      service: string;
      day: CalendarDate;
      /** How many times the usual amount. */
      times: number;
      cause: string;
    }
  | {
      kind: "region-move";
      tenant: string;
      fromRegion: string;
      toRegion: string;
      /** `[from, to)`: all in the old region before, all in the new one after. */
      from: CalendarDate;
      to: CalendarDate;
    }
  | { kind: "new-account"; tenant: string; account: string; day: CalendarDate }
  | {
      kind: "restatement";
      tenant: string;
      service: string;
      /** `[from, to)`: the days whose usage was counted too high. */
      from: CalendarDate;
      to: CalendarDate;
      /** `YYYY-MM` of the bill that carries the correction. */
      billingPeriod: string;
      percent: number;
    }
  | { kind: "refund"; tenant: string; account: string; service: string; day: CalendarDate; amount: string };

export type EventOf<K extends DemoEvent["kind"]> = Extract<DemoEvent, { kind: K }>;

/** How much too high the restated days were counted. */
const OVERCOUNT_PERCENT = 15;

/** The events of a demo, in no particular order; those that need more time than it covers are left out. */
export function demoScenario(options: Pick<DemoOptions, "end" | "months">): DemoEvent[] {
  return scenarioOf(demoDays(options));
}

export function scenarioOf(days: readonly DemoDay[]): DemoEvent[] {
  const back = (count: number): DemoDay | undefined => days[days.length - count];
  const part = (share: number): DemoDay | undefined => days[Math.floor(days.length * share)];
  const events: DemoEvent[] = [];
  const spike = back(38);
  if (spike !== undefined) {
    events.push({
      kind: "cost-spike",
      tenant: "ledgerline",
      account: "220130400202",
      service: "Amazon CloudWatch",
      day: spike.date,
      times: 40,
      cause: "Debug logging was left on in production for a day",
    });
  }
  const [moveFrom, moveTo, opening] = [part(0.45), part(0.6), part(0.55)];
  if (moveFrom !== undefined && moveTo !== undefined && opening !== undefined) {
    events.push({
      kind: "region-move",
      tenant: "tidewater",
      fromRegion: "us-east-1",
      toRegion: "eu-central-1",
      from: moveFrom.date,
      to: moveTo.date,
    });
    events.push({ kind: "new-account", tenant: "ledgerline", account: "220130400205", day: opening.date });
  }
  const refund = back(66);
  if (refund !== undefined) {
    events.push({
      kind: "refund",
      tenant: "meridian-health",
      account: "011020300102",
      service: "Amazon Relational Database Service",
      day: refund.date,
      amount: "-1850",
    });
  }
  events.push(...restatements(days));
  return events;
}

/** Five days of the third month before the last are corrected in the bill of the month after them. */
function restatements(days: readonly DemoDay[]): DemoEvent[] {
  const months = [...new Set(days.map((day) => day.month))];
  const month = months[months.length - 4];
  const from = days.find((day) => day.month === month && day.dayOfMonth === 11);
  const to = days.find((day) => day.month === month && day.dayOfMonth === 16);
  if (from === undefined || to === undefined) return [];
  return ["ledgerline", "meridian-health"].map((tenant) => ({
    kind: "restatement",
    tenant,
    service: "Amazon Simple Storage Service",
    from: from.date,
    to: to.date,
    billingPeriod: from.nextMonth.slice(0, 7),
    percent: OVERCOUNT_PERCENT,
  }));
}
