import { type Anomaly, findAnomalies, LOOKBACK_DAYS } from "../../src/core/cost/anomalies.ts";
import { median } from "../../src/core/cost/stats.ts";
import type { CalendarDate } from "../../src/core/time/dates.ts";
import type { TenantBill } from "./forecast-trials.ts";

export interface ServiceAnomaly extends Anomaly {
  tenant: string;
}

/** A tenant's bill by service and day, and the least impact the service asks of an anomaly. */
export function servicesOf(bill: TenantBill): {
  dates: readonly CalendarDate[];
  series: readonly { service: string; values: number[] }[];
  least: number;
} {
  const dates = bill.days.map((day) => day.date);
  const at = new Map(dates.map((day, i) => [day, i]));
  const services = new Map<string, number[]>();
  const totals = dates.map(() => 0);
  for (const { day, key, amount } of bill.final) {
    const index = at.get(day);
    if (index === undefined) continue;
    const service = key.split("\n")[0]!;
    let values = services.get(service);
    if (values === undefined) services.set(service, (values = dates.map(() => 0)));
    values[index]! += amount;
    totals[index]! += amount;
  }
  return {
    dates,
    series: [...services].map(([service, values]) => ({ service, values })),
    least: Math.max(1, 0.02 * median(totals)),
  };
}

/** All anomalies of a tenant's bill by service, from the day enough history lies before. */
export function anomaliesOf(bill: TenantBill): { anomalies: ServiceAnomaly[]; judged: number } {
  const { dates, series, least } = servicesOf(bill);
  const start = dates[LOOKBACK_DAYS]!;
  const anomalies = series.flatMap(({ service, values }) =>
    findAnomalies(service, values, dates[0]!, start, least).map((found) => ({
      ...found,
      tenant: bill.tenant,
    })),
  );
  return { anomalies, judged: series.length * (dates.length - LOOKBACK_DAYS) };
}
