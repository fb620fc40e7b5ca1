import type * as CloudWatch from "@aws-sdk/client-cloudwatch";
import { numberSetting } from "../../core/connections/kinds.ts";
import { serviceName } from "../../core/findings/services.ts";
import { formatDecimal } from "../../core/money/decimal.ts";
import { addDays, type CalendarDate } from "../../core/time/dates.ts";
import { dateInZone, datesIn, startOfDay } from "../../core/time/zones.ts";
import type { Connector, FactBatch, PullContext, PulledFact } from "../../ports/connector.ts";
import { unexpectedAnswer } from "./errors.ts";
import { pages } from "./pages.ts";
import { type ConnectorOptions, Session } from "./session.ts";
import { USAGE_METRICS, type UsageMetric } from "./usage-metrics.ts";

const LIST = "cloudwatch:ListMetrics";
const READ = "cloudwatch:GetMetricData";
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
const QUERIES = 500;
const HOUR = 3_600;
const DAY = 86_400;
const DEFAULT_DAYS = 14;
/** Days before the last one that are read again: storage is reported up to two days late. */
const AGAIN = 2;
/** ListMetrics only knows what reported within two weeks. */
const LISTED_DAYS = 14;
const BATCH = 1000;
const THROUGH = "through";

/**
 * Usage as CloudWatch measures it, whole days up to yesterday in the tenant's zone; an hour belongs to the day it
 * starts on. Levels (storage) are a source of their own, so that a day on which none was reported does not
 * read as a level of 0.
 */
export function cloudwatchUsage(options: ConnectorOptions): Connector {
  return {
    kind: "cloudwatch-usage",
    async *pull(connection, context) {
      const sdk = await import("@aws-sdk/client-cloudwatch");
      const session = new Session(connection, options, context);
      const client = new sdk.CloudWatchClient(session.clientConfig);
      try {
        const account = await session.account();
        const reader = new Reader(sdk, client, session, context, account);
        const { from, to } = reader.days;
        yield {
          kind: "facts",
          id: "usage",
          title: `usage of ${account} in ${connection.region}, ${from} to ${addDays(to, -1)}`,
          dataset: "usage",
          facts: reader.facts(),
          partitions: reader.partitions(),
          marks: () => ({ [THROUGH]: addDays(to, -1) }),
          notes: () => reader.notes,
        } satisfies FactBatch;
      } finally {
        client.destroy();
      }
    },
  };
}

interface Series {
  of: UsageMetric;
  dimensions: Readonly<Record<string, string>>;
  metric: CloudWatch.Metric;
}

interface Cell {
  series: Series;
  day: CalendarDate;
  quantity: bigint;
}

class Reader {
  readonly #sdk: typeof CloudWatch;
  readonly #client: CloudWatch.CloudWatchClient;
  readonly #session: Session;
  readonly #context: PullContext;
  readonly #account: string;
  readonly #zone: string;
  readonly #cells = new Map<string, Cell>();
  readonly days: { from: CalendarDate; to: CalendarDate };
  readonly notes: string[] = [];

  constructor(
    sdk: typeof CloudWatch,
    client: CloudWatch.CloudWatchClient,
    session: Session,
    context: PullContext,
    account: string,
  ) {
    this.#sdk = sdk;
    this.#client = client;
    this.#session = session;
    this.#context = context;
    this.#account = account;
    this.#zone = context.zoneOf(account);
    const to = dateInZone(context.now, this.#zone);
    const wanted = numberSetting(session.connection.settings, "days", DEFAULT_DAYS);
    const through = context.marks[THROUGH];
    const from = through === undefined ? addDays(to, -wanted) : addDays(through, 1 - AGAIN);
    this.days = { from: from < to ? from : addDays(to, -1), to };
    if (through === undefined && wanted > LISTED_DAYS)
      this.notes.push(
        `CloudWatch lists only metrics that reported within ${LISTED_DAYS} days: resources deleted before that are missing from earlier days.`,
      );
  }

  #source(of: UsageMetric | undefined): string {
    const kind = of?.gauge === true ? "cloudwatch-levels" : "cloudwatch";
    return `${kind}:${this.#account}:${this.#session.connection.region}`;
  }

  /**
   * Every day's counters are known, even when they are 0. A day without reported levels gets no partition: an empty
   * snapshot would say that nothing is stored.
   */
  partitions(): { account: string; source: string; period: string }[] {
    const { from, to } = this.days;
    const source = this.#source(undefined);
    return datesIn(from, to).map((period) => ({ account: this.#account, source, period }));
  }

  async *facts(): AsyncGenerator<readonly PulledFact[]> {
    for (const family of USAGE_METRICS) {
      const { onlyRegion } = family;
      if (onlyRegion !== undefined && onlyRegion !== this.#session.connection.region) continue;
      let waiting: Series[] = [];
      for await (const series of this.#list(family)) {
        waiting.push(series);
        if (waiting.length < QUERIES) continue;
        await this.#readAll(waiting);
        waiting = [];
      }
      if (waiting.length > 0) await this.#readAll(waiting);
      yield* this.#flush();
    }
  }

  async *#list(of: UsageMetric): AsyncGenerator<Series> {
    this.#context.onProgress(`Listing ${of.namespace} ${of.name}`);
    const found = pages(
      LIST,
      (NextToken) =>
        this.#session.call(LIST, (abortSignal) =>
          this.#client.send(
            new this.#sdk.ListMetricsCommand({
              Namespace: of.namespace,
              MetricName: of.name,
              ...(NextToken !== undefined && { NextToken }),
            }),
            { abortSignal },
          ),
        ),
      (page) => page.NextToken,
    );
    for await (const { Metrics = [] } of found) {
      for (const metric of Metrics) {
        const dimensions = Object.fromEntries(
          (metric.Dimensions ?? []).map(({ Name = "", Value = "" }) => [Name, Value]),
        );
        if (isOf(of, dimensions)) yield { of, dimensions, metric };
      }
    }
  }

  async #readAll(series: readonly Series[]): Promise<void> {
    const { from, to } = this.days;
    const [first] = series;
    if (first === undefined) return;
    const { stat, gauge, namespace, name } = first.of;
    this.#context.onProgress(`Reading ${namespace} ${name}`);
    const zone = gauge ? "UTC" : this.#zone;
    const input = {
      // Hours are asked for from the full hour: CloudWatch aligns periods to it.
      StartTime: new Date(Math.floor(startOfDay(from, zone).getTime() / 3_600_000) * 3_600_000),
      EndTime: startOfDay(to, zone),
      ScanBy: "TimestampAscending" as const,
      MetricDataQueries: series.map(({ metric }, i) => ({
        Id: `m${i}`,
        MetricStat: { Metric: metric, Period: gauge ? DAY : HOUR, Stat: stat },
      })),
    };
    const found = pages(
      READ,
      (NextToken) =>
        this.#session.call(READ, (abortSignal) =>
          this.#client.send(
            new this.#sdk.GetMetricDataCommand({ ...input, ...(NextToken !== undefined && { NextToken }) }),
            { abortSignal },
          ),
        ),
      (page) => page.NextToken,
    );
    for await (const { MetricDataResults = [] } of found)
      for (const result of MetricDataResults) this.#add(series, result, zone);
  }

  #add(series: readonly Series[], result: CloudWatch.MetricDataResult, zone: string): void {
    const { Id = "", Timestamps = [], Values = [], StatusCode } = result;
    const of = series[Number(Id.slice(1))];
    if (of === undefined || Timestamps.length !== Values.length)
      throw unexpectedAnswer(READ, `with values for ${Id}, which was not asked for, or without their times`);
    if (StatusCode === "InternalError" || StatusCode === "Forbidden")
      throw unexpectedAnswer(READ, `${StatusCode} for ${of.of.namespace} ${of.of.name}`);
    const { from, to } = this.days;
    Timestamps.forEach((at, i) => {
      const day = dateInZone(at, zone);
      if (day >= from && day < to) this.#count(of, day, of.of.quantity(Values[i] ?? 0));
    });
  }

  #count(series: Series, day: CalendarDate, quantity: bigint): void {
    const { of, dimensions } = series;
    const tag = of.tag === undefined ? "" : (dimensions[of.tag] ?? "");
    const key = [day, of.service(dimensions), of.resource(dimensions) ?? "", tag].join("\0");
    const cell = this.#cells.get(key);
    if (cell === undefined) this.#cells.set(key, { series, day, quantity });
    else cell.quantity += quantity;
  }

  *#flush(): Generator<readonly PulledFact[]> {
    const facts = [...this.#cells.values()].map((cell) => this.#factOf(cell));
    this.#cells.clear();
    for (let at = 0; at < facts.length; at += BATCH) yield facts.slice(at, at + BATCH);
  }

  #factOf({ series: { of, dimensions }, day, quantity }: Cell): PulledFact {
    const tag = of.tag === undefined ? undefined : dimensions[of.tag];
    return {
      account: this.#account,
      source: this.#source(of),
      period: day,
      day,
      values: {
        metric: of.metric,
        unit: of.unit,
        service_name: serviceName(of.service(dimensions)),
        sub_account_id: this.#account,
        region_id: this.#session.connection.region,
        resource_id: of.resource(dimensions) ?? null,
        quantity: formatDecimal(quantity),
        tags: tag === undefined ? null : JSON.stringify({ [of.tag ?? ""]: tag }),
      },
    };
  }
}

function isOf(of: UsageMetric, dimensions: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(dimensions).sort();
  if (names.join() !== [...of.dimensions].sort().join()) return false;
  return Object.entries(of.only ?? {}).every(([name, value]) => dimensions[name] === value);
}
