import type { Command } from "commander";
import type { AnswerOf } from "../../contract/route.ts";
import type { Routes } from "../../contract/routes.ts";
import { shorten } from "../../core/errors/bounded.ts";
import { invalid, problemText } from "../../core/errors/errors.ts";
import { formatMoney, formatPercent } from "../../core/money/format.ts";
import { asTenant, dataPlace, withService } from "../connect.ts";
import { allPages } from "../pages.ts";
import type { Effects } from "../effects.ts";
import { textTable } from "../output.ts";
import { collect, common, type CommonOptions, filtersOf, listOf } from "./options.ts";

interface BudgetOptions extends CommonOptions {
  tenant: string;
}

interface AddOptions extends BudgetOptions {
  name: string;
  amount: string;
  currency: string;
  effective?: boolean;
  where: string[];
  threshold: string[];
}

type Budget = AnswerOf<Routes["getBudget"]>;

/** Budgets are set by managers and admins. */
const ROLE = "manager";

export function budgetsCommand(program: Command, effects: Effects): void {
  const budgets = program
    .command("budgets")
    .description("set monthly budgets, and see spend and forecast against them");

  common(budgets.command("add"))
    .description("set a monthly budget, on all cost or on the cost its filters select")
    .requiredOption("--tenant <id>", "whose budget")
    .requiredOption("--name <name>", "its name")
    .requiredOption("--amount <amount>", "amount for a month, e.g. 25000")
    .option("--currency <code>", "ISO 4217", "USD")
    .option("--effective", "count effective cost instead of billed cost")
    .option(
      "--where <filter>",
      "only cost that matches; repeatable, e.g. account=1234, tag:team=web",
      collect,
      [],
    )
    .option(
      "--threshold <percent>",
      "percent of the budget to warn at; repeatable (default 50, 80, 100)",
      collect,
      [],
    )
    .action(async (options: AddOptions) => {
      const { name, amount, currency } = options;
      const thresholds = listOf(options.threshold).map(percentOf);
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const client = await asTenant(service, ROLE, options.tenant);
        const added = await client.call("createBudget", {
          body: {
            name,
            amount,
            currency,
            filters: filtersOf(options.where),
            measure: options.effective === true ? "effective_cost" : undefined,
            thresholds: thresholds.length > 0 ? thresholds : undefined,
          },
          signal: effects.signal,
        });
        if (options.json === true) return effects.out(`${JSON.stringify(added)}\n`);
        return effects.out(
          `Set ${added.name}, ${formatMoney(added.amount, added.currency)} a month (${added.id})\n`,
        );
      });
    });

  common(budgets.command("list"))
    .description("list budgets with spend to date and the forecast for the month")
    .requiredOption("--tenant <id>", "whose budgets")
    .option("--month <YYYY-MM>", "month to report on (default: the current one)")
    .action(async (options: BudgetOptions & { month?: string }) => {
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const client = await asTenant(service, ROLE, options.tenant);
        const { month } = options;
        const { signal } = effects;
        const items = await allPages((page) =>
          client.call("listBudgets", { query: { ...page, month }, signal }),
        );
        if (options.json === true) return effects.out(`${JSON.stringify(items)}\n`);
        return print(effects, items);
      });
    });

  common(budgets.command("remove"))
    .description("remove a budget")
    .argument("<budget-id>")
    .requiredOption("--tenant <id>", "whose budget")
    .action(async (id: string, options: BudgetOptions) => {
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const client = await asTenant(service, ROLE, options.tenant);
        const { name } = await client.call("getBudget", {
          params: { id },
          query: {},
          signal: effects.signal,
        });
        await client.call("deleteBudget", { params: { id }, signal: effects.signal });
        if (options.json === true) return effects.out(`${JSON.stringify({ removed: id })}\n`);
        return effects.out(`Removed ${name}\n`);
      });
    });
}

/** @throws DomainError `budget.invalid-threshold` */
function percentOf(text: string): number {
  const number = /^(\d{1,4})\s*%?$/.exec(text)?.[1];
  if (number !== undefined) return Number(number);
  throw invalid("budget.invalid-threshold", `--threshold "${shorten(text)}" is not a whole percentage`, {
    field: "threshold",
    fix: "Give whole percentages from 1 to 1000, for example 80.",
  });
}

type State = NonNullable<Budget["state"]>;

const STATUS: Readonly<Record<State["status"], string>> = {
  ok: "on track",
  warning: "at risk",
  over: "over",
  unknown: "not known",
};

/** The highest threshold that is reached, and the highest that the forecast reaches; a dash for none of them. */
function crossed(thresholds: State["thresholds"]): (string | null)[] {
  const highest = (of: typeof thresholds): string => {
    const percents = of.map(({ percent }) => percent);
    return percents.length === 0 ? "–" : `${Math.max(...percents)}%`;
  };
  const foretold = thresholds.filter(({ forecast }) => forecast !== null);
  return [
    highest(thresholds.filter(({ reached }) => reached)),
    foretold.length === 0 ? null : highest(foretold.filter(({ forecast }) => forecast === true)),
  ];
}

async function print(effects: Effects, budgets: readonly Budget[]): Promise<void> {
  if (budgets.length === 0) {
    effects.err(
      "No budgets yet. Set one with: securebase budgets add --tenant ID --name NAME --amount AMOUNT\n",
    );
    return;
  }
  const money = (amount: string | null, currency: string): string | null =>
    amount === null ? null : formatMoney(amount, currency);
  const rows = budgets.map(({ id, name, amount, currency, state }) => {
    if (state === null) return [id, name, "failed", money(amount, currency)];
    const { spent, spentPercent, expected, forecast, status } = state;
    return [
      ...[id, name, STATUS[status], money(amount, currency), money(spent, currency)],
      spentPercent === null ? null : formatPercent(spentPercent),
      ...[money(expected, currency), money(forecast.amount, currency)],
      forecast.low === null || forecast.high === null
        ? null
        : `${formatMoney(forecast.low, currency)} – ${formatMoney(forecast.high, currency)}`,
      ...crossed(state.thresholds),
    ];
  });
  const right = (label: string): { label: string; align: "right" } => ({ label, align: "right" });
  await effects.out(
    textTable(
      [
        ...[{ label: "ID" }, { label: "Name" }, { label: "Status" }],
        ...[
          right("Budget"),
          right("Spent"),
          right("%"),
          right("Even pace"),
          right("Forecast"),
          right("80 % interval"),
          ...[{ label: "Reached" }, { label: "Forecast reaches" }],
        ],
      ],
      rows,
    ),
  );
  for (const note of new Set(budgets.flatMap(({ state }) => state?.notes ?? [])))
    effects.err(`note: ${note}\n`);
  for (const { name, problem } of budgets)
    if (problem !== undefined) effects.err(`failed: ${problemText(name, problem)}\n`);
}
