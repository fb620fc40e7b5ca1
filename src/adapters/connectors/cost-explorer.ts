import type * as CostExplorer from "@aws-sdk/client-cost-explorer";
import { numberSetting } from "../../core/connections/kinds.ts";
import { tryParseDecimal } from "../../core/money/decimal.ts";
import { addMonths, type CalendarDate, monthStart } from "../../core/time/dates.ts";
import { dateInZone } from "../../core/time/zones.ts";
import type { Connector, SyncBatch, PullContext, PulledFact } from "../../ports/connector.ts";
import { type CostLine, CostSplit } from "./cost-split.ts";
import { unexpectedAnswer } from "./errors.ts";
import { pages } from "./pages.ts";
import { type ConnectorOptions, Session } from "./session.ts";

const ACTION = "ce:GetCostAndUsage";
const METRICS = ["UnblendedCost", "AmortizedCost"];
const DEFAULT_MONTHS = 2;
const BATCH = 1000;
/** The group of costs without a region. They are the rest of the whole, so they are not queried. */
const NO_REGION = "NoRegion";
const FINAL = "final";

/**
 * Daily cost by service, account and region, a billing period a load. Unblended cost is what is billed, amortized cost
 * what is effective. Today is left out, since it has hardly begun; a period whose days are all final is not asked for
 * again. Each request is billed (USD 0.01 in 2026), so they are counted in the report.
 * https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html
 */
export function costExplorer(options: ConnectorOptions): Connector {
  return {
    kind: "cost-explorer",
    async *pull(connection, context) {
      const sdk = await import("@aws-sdk/client-cost-explorer");
      const session = new Session(connection, options, context);
      const client = new sdk.CostExplorerClient(session.clientConfig);
      try {
        const payer = await session.account();
        const today = dateInZone(context.now, "UTC");
        const months = numberSetting(connection.settings, "months", DEFAULT_MONTHS);
        for (let ago = 0; ago < months; ago++) {
          const from = addMonths(monthStart(today), -ago);
          if (from < today) yield new Month(sdk, client, session, context, { payer, from, today }).delivery();
        }
      } finally {
        client.destroy();
      }
    },
  };
}

class Month {
  readonly #sdk: typeof CostExplorer;
  readonly #client: CostExplorer.CostExplorerClient;
  readonly #session: Session;
  readonly #context: PullContext;
  readonly #payer: string;
  readonly #period: string;
  readonly #days: { from: CalendarDate; to: CalendarDate; whole: boolean };
  readonly #estimated = new Set<string>();
  readonly #names = new Map<string, string>();
  #homeless = 0;
  #read = false;

  constructor(
    sdk: typeof CostExplorer,
    client: CostExplorer.CostExplorerClient,
    session: Session,
    context: PullContext,
    { payer, from, today }: { payer: string; from: CalendarDate; today: CalendarDate },
  ) {
    this.#sdk = sdk;
    this.#client = client;
    this.#session = session;
    this.#context = context;
    this.#payer = payer;
    this.#period = from.slice(0, 7);
    const end = addMonths(from, 1);
    this.#days = { from, to: end < today ? end : today, whole: end <= today };
  }

  delivery(): SyncBatch {
    const period = this.#period;
    const title = `costs of ${period}`;
    if (this.#context.marks[period] === FINAL) return { kind: "unchanged", id: period, title };
    const bill = { payer: this.#payer, period };
    const source = `cost-explorer:AWS:${this.#payer}`;
    return {
      kind: "facts",
      id: period,
      title,
      dataset: "cost",
      bill,
      facts: this.#facts(source),
      partitions: [{ account: this.#payer, source, period }],
      marks: () => this.#marks(),
      notes: () => this.#notes(),
    };
  }

  async *#facts(source: string): AsyncGenerator<readonly PulledFact[]> {
    const split = new CostSplit();
    const regions = await this.#regions();
    this.#context.onProgress(`Reading costs of ${this.#period}`);
    for await (const line of this.#lines(undefined)) split.addWhole(line);
    for (const region of regions) {
      this.#context.onProgress(`Reading costs of ${this.#period} in ${region}`);
      for await (const line of this.#lines(region)) if (!split.addRegion(region, line)) this.#homeless++;
    }
    let batch: PulledFact[] = [];
    for (const fact of split.facts({ source, period: this.#period, payer: this.#payer }, this.#names)) {
      batch.push(fact);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    yield batch;
    this.#read = true;
  }

  async #regions(): Promise<string[]> {
    const found = new Set<string>();
    const query = { Granularity: "MONTHLY", GroupBy: [{ Type: "DIMENSION", Key: "REGION" }] } as const;
    for await (const { ResultsByTime = [] } of this.#ask({ ...query, GroupBy: [...query.GroupBy] }))
      for (const { Groups = [] } of ResultsByTime)
        for (const { Keys = [] } of Groups) found.add(Keys[0] ?? "");
    found.delete(NO_REGION);
    found.delete("");
    return [...found].sort();
  }

  async *#lines(region: string | undefined): AsyncGenerator<CostLine> {
    const answers = this.#ask({
      Granularity: "DAILY",
      GroupBy: [
        { Type: "DIMENSION", Key: "LINKED_ACCOUNT" },
        { Type: "DIMENSION", Key: "SERVICE" },
      ],
      ...(region !== undefined && { Filter: { Dimensions: { Key: "REGION", Values: [region] } } }),
    });
    for await (const { ResultsByTime = [], DimensionValueAttributes = [] } of answers) {
      for (const { Value, Attributes } of DimensionValueAttributes)
        if (Value !== undefined && Attributes?.["description"] !== undefined)
          this.#names.set(Value, Attributes["description"]);
      for (const result of ResultsByTime) {
        const day = result.TimePeriod?.Start ?? "";
        if (!(day >= this.#days.from && day < this.#days.to))
          throw unexpectedAnswer(ACTION, `for "${day}", which was not asked for`);
        if (result.Estimated === true) this.#estimated.add(day);
        for (const group of result.Groups ?? []) yield lineOf(day, group);
      }
    }
  }

  #ask(
    query: Pick<CostExplorer.GetCostAndUsageCommandInput, "Granularity" | "GroupBy" | "Filter">,
  ): AsyncGenerator<CostExplorer.GetCostAndUsageCommandOutput> {
    const { from, to } = this.#days;
    return pages(
      ACTION,
      (NextPageToken) =>
        this.#session.call(ACTION, (abortSignal) =>
          this.#client.send(
            new this.#sdk.GetCostAndUsageCommand({
              ...query,
              Metrics: [...METRICS],
              TimePeriod: { Start: from, End: to },
              ...(NextPageToken !== undefined && { NextPageToken }),
            }),
            { abortSignal },
          ),
        ),
      (page) => page.NextPageToken,
    );
  }

  #marks(): Record<string, string> {
    const isFinal = this.#read && this.#days.whole && this.#estimated.size === 0;
    return { [this.#period]: isFinal ? FINAL : `through ${this.#days.to}` };
  }

  #notes(): string[] {
    const notes: string[] = [];
    if (this.#estimated.size > 0)
      notes.push(
        `${this.#estimated.size} days of ${this.#period} are AWS estimates and will change; pull again later.`,
      );
    if (this.#homeless > 0)
      notes.push(
        `${this.#homeless} regional amounts of ${this.#period} appeared during the pull and are in no total; pull again.`,
      );
    return notes;
  }
}

function lineOf(day: string, { Keys = [], Metrics = {} }: CostExplorer.Group): CostLine {
  const [account = "", service = ""] = Keys;
  const unblended = Metrics["UnblendedCost"];
  const amortized = Metrics["AmortizedCost"];
  const currency = unblended?.Unit;
  for (const amount of [unblended?.Amount, amortized?.Amount]) {
    if (amount === undefined || tryParseDecimal(amount) === undefined)
      throw unexpectedAnswer(
        ACTION,
        `for ${day}, account ${account}, ${service} with the amount "${amount ?? ""}"`,
      );
  }
  if (account === "" || currency === undefined || amortized?.Unit !== currency)
    throw unexpectedAnswer(ACTION, `for ${day}, ${service} without an account or with two currencies`);
  return {
    day,
    account,
    service,
    currency,
    unblended: unblended?.Amount ?? "",
    amortized: amortized.Amount ?? "",
  };
}
