/**
 * How many of the days that are made to cost more are found, and how many others are flagged, on the demo tenants'
 * bills. Into each bill spikes are put one at a time: a service of a tenant costs some times as much on one day.
 *
 *   node --import tsx bench/anomalies.ts [--spikes 200] [--seed 20240917]
 */
import { findAnomalies, LOOKBACK_DAYS } from "../src/core/cost/anomalies.ts";
import { DEMO_SEED } from "../src/demo/calendar.ts";
import { createRandom, seedOf } from "../src/demo/random.ts";
import { anomaliesOf, servicesOf } from "../test/support/anomaly-trials.ts";
import { demoBills } from "../test/support/forecast-trials.ts";
import { option, printTable } from "./lib/harness.ts";

const spikes = Number(option("spikes") ?? 200);
const seed = Number(option("seed") ?? DEMO_SEED);
const TIMES = [1.5, 2, 3, 5, 10];

const bills = demoBills({ seed, end: "2025-01-01", months: 14 }, "effective");
const flagged = bills.map((bill) => ({ bill, ...anomaliesOf(bill) }));
const judged = flagged.reduce((sum, each) => sum + each.judged, 0);
const days = flagged.flatMap((each) => each.anomalies).flatMap((anomaly) => anomaly.days).length;
console.log(
  `\nWithout spikes of ours: ${flagged.reduce((sum, each) => sum + each.anomalies.length, 0)} anomalies, ${days} of ${judged.toLocaleString("en")} days of services (${((100 * days) / judged).toFixed(3)} %), the demo's own events among them.\n`,
);

const random = createRandom(seedOf("spikes", seed));
const pick = <T>(list: readonly T[]): T => list[random.int(0, list.length - 1)]!;
const rows = TIMES.map((times) => {
  let [found, put, size] = [0, 0, 0];
  while (put < spikes) {
    const { series, dates, least } = servicesOf(pick(bills));
    const { service, values } = pick(series);
    const at = random.int(LOOKBACK_DAYS, values.length - 1);
    const added = (times - 1) * values[at]!;
    // Only what is worth a look: spikes under the least impact are left out on purpose.
    if (added < least) continue;
    put += 1;
    size += added;
    const changed = values.map((value, i) => (i === at ? value + added : value));
    const anomalies = findAnomalies(service, changed, dates[0]!, dates[at]!, least);
    if (anomalies.some((anomaly) => anomaly.days.some((day) => day.day === dates[at]))) found += 1;
  }
  return [`${times} times`, `${((100 * found) / spikes).toFixed(0)} %`, (size / spikes).toFixed(2)];
});
printTable(["a service costs on one day", `found of ${spikes}`, "mean cost added, USD"], rows);
console.log("");
