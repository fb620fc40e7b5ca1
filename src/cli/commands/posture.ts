import { type Command, Option } from "commander";
import type { Client } from "../../contract/client.ts";
import type { AnswerOf } from "../../contract/route.ts";
import type { Routes } from "../../contract/routes.ts";
import { problemText } from "../../core/errors/errors.ts";
import { formatMoney, formatPercent, formatQuantity } from "../../core/money/format.ts";
import type { QueryResult } from "../../core/query/query.ts";
import { COMPARISONS, type Comparison, describeRange, type RangePreset } from "../../core/time/ranges.ts";
import { asTenant, dataPlace, withService } from "../connect.ts";
import type { Effects } from "../effects.ts";
import { textTable } from "../output.ts";
import { resultTable } from "../result-table.ts";
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

const UNKNOWN = "not available";

interface PostureOptions extends CommonOptions, RangeOptions {
  tenant: string;
  account: string[];
  region: string[];
  service?: string[];
  framework?: string[];
  top?: string;
  compare?: Comparison;
}

/** The parameters all dashboards take, as the options give them. */
interface ScopeQuery {
  range?: RangePreset;
  from?: string;
  to?: string;
  account?: string[];
  region?: string[];
  service?: string[];
  framework?: string[];
  top?: number | undefined;
  compare?: Comparison | undefined;
}

function scopeOf(options: PostureOptions): ScopeQuery {
  const range = rangeOf(options);
  const { account, region, service = [], framework = [], top, compare } = options;
  const lists = { account, region, service, framework };
  return {
    ...(range === undefined ? {} : "preset" in range ? { range: range.preset } : range),
    ...Object.fromEntries(
      Object.entries(lists).flatMap(([name, values]) => {
        const list = name === "framework" ? values : listOf(values);
        return list.length === 0 ? [] : [[name, list]];
      }),
    ),
    top: top === undefined ? undefined : wholeNumber(top, "top"),
    compare,
  };
}

function dashboard<T>(
  program: Command,
  effects: Effects,
  about: { name: string; description: string; filters: readonly string[] },
  run: { ask: (client: Client, query: ScopeQuery) => Promise<T>; show: (answer: T) => string },
): void {
  const command = rangeOptions(common(program.command(about.name)))
    .description(about.description)
    .requiredOption("--tenant <id>", "whose data")
    .option("--account <id>", "only these accounts; repeatable or separated by commas", collect, [])
    .option("--region <name>", "only these regions; repeatable or separated by commas", collect, [])
    .addOption(new Option("--compare <period>", "period to compare with").choices([...COMPARISONS]));
  if (about.filters.includes("service"))
    command.option("--service <name>", "only these services; repeatable or separated by commas", collect, []);
  if (about.filters.includes("framework"))
    command.option("--framework <name>", "only these frameworks; repeatable", collect, []);
  if (about.filters.includes("top")) command.option("--top <n>", "maximum number of rows in each list");
  command.action(async (options: PostureOptions) => {
    const query = scopeOf(options);
    await withService(effects, dataPlace(effects, options.data), async (service) => {
      const client = await asTenant(service, "viewer", options.tenant);
      const answer = await run.ask(client, query);
      await effects.out(options.json === true ? `${JSON.stringify(answer)}\n` : run.show(answer));
    });
  });
}

/** `securebase security`, `compliance`, `usage` and `summary`: the dashboards on a terminal. */
export function postureCommands(program: Command, effects: Effects): void {
  const { signal } = effects;
  dashboard(
    program,
    effects,
    {
      name: "summary",
      description: "key figures of a tenant, how they changed and what drove the change",
      filters: [],
    },
    { ask: (client, query) => client.call("summary", { query, signal }), show: showSummary },
  );
  dashboard(
    program,
    effects,
    {
      name: "security",
      description: "open findings, risk score, ages, and what was new, reopened and resolved",
      filters: ["service", "top"],
    },
    { ask: (client, query) => client.call("security", { query, signal }), show: showSecurity },
  );
  dashboard(
    program,
    effects,
    {
      name: "compliance",
      description: "scores by framework and control family, failed controls, and what changed",
      filters: ["service", "framework", "top"],
    },
    {
      ask: (client, query) => client.call("compliance", { query: { top: 20, ...query }, signal }),
      show: showCompliance,
    },
  );
  dashboard(
    program,
    effects,
    {
      name: "usage",
      description: "API calls, compute hours, storage, transfer, each in its unit",
      filters: ["service", "top"],
    },
    { ask: (client, query) => client.call("usage", { query, signal }), show: showUsage },
  );
}

function section(title: string, result: QueryResult | null, without: readonly string[] = []): string {
  if (result === null) return `\n${title}\nnot computed\n`;
  const { notes } = result.completeness;
  const shown = notes.filter((note) => !/ more rows? added up as "Others"/.test(note));
  const body =
    result.rows.length === 0 && result.totals.every(({ cells }) => cells.every((cell) => cell === null))
      ? `${UNKNOWN}\n`
      : resultTable(result, { unknown: UNKNOWN, places: 2, without });
  return `\n${title}\n${body}${shown.map((note) => `note: ${note}\n`).join("")}`;
}

/** Why parts could not be computed. */
function problemLines({ problems }: Pick<AnswerOf<Routes["summary"]>, "problems">): string[] {
  return problems.map((problem) => `failed: ${problemText(problem.part, problem)}\n`);
}

function heading(title: string, range: QueryResult["range"]): string {
  return `${title}, ${describeRange(range)}, ${range.zone}\n`;
}

const PREVIOUS = ["findings.previous", "risk_points.previous", "risk_points.change_percent"];

function showSecurity(answer: AnswerOf<Routes["security"]>): string {
  const { range, score, statuses, ages, services, accounts, checks, resources, changes } = answer;
  const stale = answer.snapshots.filter(({ inRange }) => !inRange);
  return [
    heading("Security", range),
    section("Open findings and risk points by severity", score.severities, PREVIOUS),
    section("Findings by status", statuses),
    section("Open findings by age", ages),
    section("What changed since the last snapshot before the range", changes),
    section("Services", services),
    section("Accounts", accounts),
    section("Failing checks", checks, PREVIOUS),
    section("Resources", resources, PREVIOUS),
    ...(stale.length === 0
      ? []
      : [`\nNot recorded in this range, so ${UNKNOWN}: ${stale.map(({ source }) => source).join(", ")}\n`]),
    ...problemLines(answer),
  ].join("");
}

function showCompliance(answer: AnswerOf<Routes["compliance"]>): string {
  return [
    heading("Compliance", answer.range),
    section("Scores by framework", answer.frameworks),
    section("Scores by control family", answer.families),
    section("Changed controls", answer.changes, ["controls"]),
    section("Failed results", answer.failed),
    ...problemLines(answer),
  ].join("");
}

function showUsage(answer: AnswerOf<Routes["usage"]>): string {
  const { range, metrics, notes } = answer;
  const number = (value: string | null): string => (value === null ? UNKNOWN : formatQuantity(value));
  const heads = [
    "Metric",
    "Unit",
    "Total or average",
    "Change %",
    "Average a day",
    "Last",
    "Resources",
    "Per resource",
  ];
  const table = textTable(
    heads.map((label, i) => ({ label, align: i < 2 ? ("left" as const) : ("right" as const) })),
    metrics.map((metric) => [
      metric.label,
      metric.unit,
      number(metric.value),
      metric.changePercent === null ? null : formatPercent(metric.changePercent, true),
      number(metric.dailyAverage),
      metric.last === null ? null : formatQuantity(metric.last),
      number(metric.activeResources === null ? null : String(metric.activeResources)),
      number(metric.perActiveResource),
    ]),
  );
  return [
    heading("Usage", range),
    `\n${metrics.length === 0 ? `${UNKNOWN}\n` : table}`,
    ...metrics.map(({ label, unit, services }) =>
      section(`${label}${unit === null ? "" : ` (${unit})`}`, services),
    ),
    ...notes.map((note) => `note: ${note}\n`),
    ...problemLines(answer),
  ].join("");
}

type Figure = AnswerOf<Routes["summary"]>["figures"][number];

function showSummary(answer: AnswerOf<Routes["summary"]>): string {
  const { range, compare, figures, notes } = answer;
  const heads = ["Figure", "Value", "Before", "Change", "Change %", "Main driver", "Its change"];
  const table = textTable(
    heads.map((label, i) => ({ label, align: i === 0 || i === 5 ? ("left" as const) : ("right" as const) })),
    figures.map((figure) => {
      const [driver] = figure.drivers;
      const of = figure.driversOf === null ? "" : ` (${figure.driversOf})`;
      return [
        figure.label,
        amount(figure, figure.value) ?? UNKNOWN,
        amount(figure, figure.previous) ?? UNKNOWN,
        figure.type === "percent" && figure.change !== null
          ? `${formatQuantity(figure.change)} points`
          : amount(figure, figure.change),
        figure.changePercent === null ? null : formatPercent(figure.changePercent, true),
        driver === undefined ? null : `${driver.name ?? `no ${driver.dimension}`}${of}`,
        driver === undefined
          ? null
          : figure.driversOf === null
            ? amount(figure, driver.change)
            : formatQuantity(driver.change),
      ];
    }),
  );
  const remarks = [...notes.map((note) => `note: ${note}\n`), ...problemLines(answer)].join("");
  return `${heading("Summary", range)}compared with ${describeRange(compare)}\n\n${table}${remarks}`;
}

function amount({ type, unit }: Figure, value: string | null): string | null {
  if (value === null) return null;
  if (type === "percent") return formatPercent(value);
  if (type === "money" && unit !== null) return formatMoney(value, unit);
  return `${formatQuantity(value)}${unit === null ? "" : ` ${unit}`}`;
}
