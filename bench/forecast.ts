/**
 * The cost forecast against carrying the last day forward and repeating the last week, on the bills of the demo
 * tenants as they were known on many days: the error of a month's cost, told within the month, and of the next 14 days.
 *
 *   node --import tsx bench/forecast.ts [--every 3] [--seed 20240917]
 */
import { DEMO_SEED } from "../src/demo/calendar.ts";
import { averageOf, demoBills, type Trial, trialsOn } from "../test/support/forecast-trials.ts";
import { option, printTable } from "./lib/harness.ts";

/** Every so many days of a month a forecast is made, from its second. */
const every = Number(option("every") ?? 3);
const seed = Number(option("seed") ?? DEMO_SEED);
/** The first three months are only history. */
const LEAST_MONTHS = 3;
const METHODS = ["ours", "carry forward", "seasonal naive"] as const;

const bills = demoBills({ seed, end: "2025-01-01", months: 15 });
const started = performance.now();
const trials = bills.flatMap((bill) => {
  const months = [...new Set(bill.days.map((day) => day.month))].slice(LEAST_MONTHS);
  return bill.days
    .filter((day) => months.includes(day.month) && day.dayOfMonth > 1 && (day.dayOfMonth - 2) % every === 0)
    .flatMap((day) => trialsOn(bill, day.date));
});
const seconds = (performance.now() - started) / 1000;

const of = (list: readonly Trial[], method: Trial["method"]): Trial[] =>
  list.filter((trial) => trial.method === method);
const percent = (values: readonly number[]): string => `${averageOf(values).toFixed(2)} %`;

console.log(
  `\n${of(trials, "ours").length} forecasts (${bills.length} tenants, seed ${seed}), ${seconds.toFixed(1)} s\n`,
);
const rowsOf = (name: string, list: readonly Trial[]): string[] => [
  name,
  ...METHODS.map((method) => percent(of(list, method).map((trial) => trial.monthError))),
  ...METHODS.map((method) => averageOf(of(list, method).map((trial) => trial.scaledError)).toFixed(2)),
  coverage(of(list, "ours")),
];
printTable(
  [
    "",
    ...METHODS.map((method) => `month MAPE, ${method}`),
    ...METHODS.map((method) => `14-day MASE, ${method}`),
    "in the 80 % interval (width)",
  ],
  [
    ...bills.map(({ tenant }) =>
      rowsOf(
        tenant,
        trials.filter((trial) => trial.tenant === tenant),
      ),
    ),
    ...[
      [2, 8],
      [9, 16],
      [17, 24],
      [25, 31],
    ].map(([from = 0, to = 0]) =>
      rowsOf(
        `days ${from} to ${to}`,
        trials.filter(({ dayOfMonth: day }) => day >= from && day <= to),
      ),
    ),
    rowsOf("all", trials),
  ],
);
const wins = of(trials, "ours").filter(
  (trial, i) => trial.monthError < of(trials, "carry forward")[i]!.monthError,
);
console.log(
  `\nOurs is nearer than carry forward in ${wins.length} of ${of(trials, "ours").length} forecasts of a month.\n`,
);

function coverage(ours: readonly Trial[]): string {
  const told = ours.filter((trial) => trial.held !== undefined);
  const held = told.filter((trial) => trial.held === true).length;
  return `${((100 * held) / told.length).toFixed(0)} % (±${(averageOf(told.map((t) => t.width ?? 0)) / 2).toFixed(1)} %)`;
}
