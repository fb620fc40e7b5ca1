import { type Command, Option } from "commander";
import type { AnswerOf } from "../../contract/route.ts";
import type { Routes } from "../../contract/routes.ts";
import type { Client } from "../../contract/client.ts";
import { formatMoney, formatPercent } from "../../core/money/format.ts";
import { describeRange, type RangeRequest } from "../../core/time/ranges.ts";
import { asTenant, dataPlace, withService } from "../connect.ts";
import type { Effects } from "../effects.ts";
import {
  collect,
  common,
  type CommonOptions,
  listOf,
  rangeOf,
  type RangeOptions,
  rangeOptions,
  wholeNumber,
} from "./options.ts";
import { printResult } from "../result-table.ts";

interface CostOptions extends CommonOptions, RangeOptions {
  tenant: string;
  where: string[];
  account: string[];
  currency?: string;
}

export function costCommand(program: Command, effects: Effects): void {
  const { signal } = effects;
  const cost = program
    .command("cost")
    .description("savings, chargeback, forecast and anomalies of a tenant's cost");
  const scoped = (command: Command): Command =>
    common(command)
      .requiredOption("--tenant <id>", "whose cost")
      .option("--where <filter>", "filter; repeatable, e.g. region=eu-west-1", collect, [])
      .option("--account <id>", "only this account; repeatable", collect, [])
      .option("--currency <code>", "only amounts in this currency");
  const measured = (command: Command): Command =>
    command.addOption(
      new Option("--measure <cost>", "which cost").choices(["billed_cost", "effective_cost"]),
    );

  rangeOptions(scoped(cost.command("savings")))
    .description("savings from negotiated rates and commitments, and commitment utilization")
    .action((options: CostOptions) =>
      answer(
        effects,
        options,
        (client) =>
          client.call("costSavings", { query: { ...rangeParams(options), ...scope(options) }, signal }),
        savings,
      ),
    );

  rangeOptions(measured(scoped(cost.command("chargeback"))))
    .description("cost by the account or tag that caused it, with the unallocated rest")
    .option("--by <dimension>", "account, tag:KEY or another dimension", "account")
    .addOption(
      new Option("--shared <rule>", "how to spread unallocated cost over the others")
        .choices(["none", "proportional", "even"])
        .default("none"),
    )
    .action((options: CostOptions & Measured & { by: string; shared: "none" | "proportional" | "even" }) => {
      const { by, shared } = options;
      const query = { ...rangeParams(options), ...scope(options), ...measure(options), by, shared };
      return answer(
        effects,
        options,
        (client) => client.call("costChargeback", { query, signal }),
        ({ table }) => printResult(effects, table),
      );
    });

  measured(scoped(cost.command("forecast")))
    .description("cost by the end of the month, with an interval")
    .option("--months <count>", "calendar months including the current one (1 to 3)", "1")
    .action((options: CostOptions & Measured & { months: string }) => {
      const query = { ...scope(options), ...measure(options), months: wholeNumber(options.months, "months") };
      return answer(effects, options, (client) => client.call("costForecast", { query, signal }), forecast);
    });

  rangeOptions(measured(scoped(cost.command("anomalies"))))
    .description("days on which a service cost unusually much or little, and why")
    .option("--limit <count>", "maximum number of anomalies to list (default 20)")
    .option("--least-impact <amount>", "minimum impact of a day, in whole units of the currency")
    .action((options: CostOptions & Measured & { limit?: string; leastImpact?: string }) => {
      const { limit, leastImpact } = options;
      const query = {
        ...rangeParams(options),
        ...scope(options),
        ...measure(options),
        limit: limit === undefined ? undefined : wholeNumber(limit, "limit"),
        leastImpact: leastImpact === undefined ? undefined : wholeNumber(leastImpact, "least-impact"),
      };
      return answer(effects, options, (client) => client.call("costAnomalies", { query, signal }), anomalies);
    });
}

interface Measured {
  measure?: "billed_cost" | "effective_cost";
}

const measure = ({ measure: cost }: Measured): Measured => (cost === undefined ? {} : { measure: cost });

type Preset = Extract<RangeRequest, { preset: unknown }>["preset"];

function rangeParams(options: RangeOptions): { range?: Preset; from?: string; to?: string } {
  const range = rangeOf(options);
  if (range === undefined) return {};
  return "preset" in range ? { range: range.preset } : { from: range.from, to: range.to };
}

function scope({ where, account, currency }: CostOptions): {
  where: string[] | undefined;
  account: string[] | undefined;
  currency: string | undefined;
} {
  const accounts = listOf(account);
  return {
    where: where.length > 0 ? where : undefined,
    account: accounts.length > 0 ? accounts : undefined,
    currency,
  };
}

/** Asks one of the cost routes and prints its answer, as JSON or for people. */
async function answer<T>(
  effects: Effects,
  options: CostOptions,
  ask: (client: Client) => Promise<T>,
  print: (answer: T, effects: Effects) => Promise<void>,
): Promise<void> {
  await withService(effects, dataPlace(effects, options.data), async (service) => {
    const found = await ask(await asTenant(service, "analyst", options.tenant));
    if (options.json === true) return effects.out(`${JSON.stringify(found)}\n`);
    return print(found, effects);
  });
}

async function savings(found: AnswerOf<Routes["costSavings"]>, effects: Effects): Promise<void> {
  const { views, savings: saved, commitments, notes } = found;
  const currency = found.currency ?? "USD";
  const money = (amount: string | null): string =>
    amount === null ? "not known" : formatMoney(amount, currency);
  const percent = (value: string | null): string => (value === null ? "" : ` (${formatPercent(value)})`);
  const { coverage } = commitments;
  const lines: [string, string][] = [
    ["Billed cost", money(views.billed)],
    ["Effective cost", money(views.effective)],
    ["List cost", money(views.list)],
    ["Contracted cost", money(views.contracted)],
    ["Saved by negotiated rates", money(saved.negotiated)],
    ["Saved by commitments", money(saved.commitment)],
    ["Saved", `${money(saved.total)}${percent(saved.totalPercent)}`],
    ["Commitments used", `${money(commitments.used)}${percent(commitments.utilizationPercent)}`],
    ["Commitments unused", money(commitments.unused)],
    [
      "Eligible cost covered",
      coverage === null ? "not known" : `${money(coverage.covered)}${percent(coverage.percent)}`,
    ],
  ];
  await effects.out(
    `${lines.map(([label, value]) => `${label.padEnd(26)} ${value.padStart(16)}`).join("\n")}\n\n`,
  );
  await printResult(effects, found.categories);
  for (const note of notes) effects.err(`note: ${note}\n`);
}

async function forecast(found: AnswerOf<Routes["costForecast"]>, effects: Effects): Promise<void> {
  await printResult(effects, found.monthTable);
  effects.err(`Low and high: ${found.levelPercent} % of outcomes are expected between them.\n`);
  effects.err(`${found.method}.\n`);
  effects.err(
    `Based on ${found.historyDays} days of data; the forecast starts on ${found.asOf} and is an estimate.\n`,
  );
}

async function anomalies(found: AnswerOf<Routes["costAnomalies"]>, effects: Effects): Promise<void> {
  await printResult(effects, found.table);
  effects.err(
    `${found.judged.toLocaleString("en-US")} service-days evaluated, ${describeRange(found.range)}; minimum impact ${found.leastImpact} ${found.currency ?? ""}\n`,
  );
}
