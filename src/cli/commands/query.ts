import { type Command, Option } from "commander";
import { parseSort } from "../../contract/filter-text.ts";
import { datasetOf } from "../../core/metrics/datasets.ts";
import { COMPARISONS, type Comparison } from "../../core/time/ranges.ts";
import { asTenant, dataPlace, withService } from "../connect.ts";
import type { Effects } from "../effects.ts";
import { printResult } from "../result-table.ts";
import {
  collect,
  common,
  type CommonOptions,
  filtersOf,
  listOf,
  rangeOf,
  type RangeOptions,
  rangeOptions,
  wholeNumber,
} from "./options.ts";

interface QueryOptions extends CommonOptions, RangeOptions {
  tenant: string;
  dataset: string;
  by: string[];
  measure: string[];
  where: string[];
  sort: string[];
  limit?: string;
  compare?: Comparison;
}

export function queryCommand(program: Command, effects: Effects): void {
  rangeOptions(common(program.command("query")))
    .description("query a tenant's data; amounts are exact")
    .requiredOption("--tenant <id>", "whose data")
    .option("--dataset <name>", "cost, findings, controls or usage", "cost")
    .option(
      "--by <dimension>",
      "group by; repeatable or separated by commas, e.g. service,region or tag:env",
      collect,
      [],
    )
    .option("--measure <name>", "measure to aggregate; repeatable, e.g. billed_cost", collect, [])
    .option(
      "--where <filter>",
      'filter; repeatable, e.g. region=eu-west-1, "service~ec2", "billed_cost>10"',
      collect,
      [],
    )
    .option(
      "--sort <column>",
      "sort column; prefix with - to sort descending (write --sort=-billed_cost)",
      collect,
      [],
    )
    .option("--limit <rows>", "maximum number of rows; the rest is added up as Others")
    .addOption(new Option("--compare <with>", "add the change against another period").choices(COMPARISONS))
    .action(async (options: QueryOptions) => {
      const range = rangeOf(options) ?? { preset: "30d" as const };
      const dataset = datasetOf(options.dataset).id;
      const filters = filtersOf(options.where);
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const client = await asTenant(service, "analyst", options.tenant);
        const result = await client.call("query", {
          body: {
            dataset,
            range,
            groupBy: listOf(options.by),
            filters,
            measures: options.measure.length > 0 ? listOf(options.measure) : undefined,
            sort: options.sort.length > 0 ? parseSort(listOf(options.sort)) : undefined,
            limit: options.limit === undefined ? undefined : wholeNumber(options.limit, "limit"),
            compare: options.compare,
          },
          signal: effects.signal,
        });
        if (options.json === true) await effects.out(`${JSON.stringify(result)}\n`);
        else await printResult(effects, result);
      });
    });
}
