import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DATASETS } from "../../../src/core/metrics/datasets.ts";
import { FILTER_OPS, type QueryFilter, type QuerySort } from "../../../src/core/query/query.ts";
import { addDays } from "../../../src/core/time/dates.ts";
import type { LoadedFact } from "../../../src/ports/load.ts";
import type { MetricStore } from "../../../src/ports/metric-store.ts";
import { drain, inBatches, load, open, plan, type Question } from "../lib/facts.ts";
import { evaluate, type Snapshot } from "../lib/reference.ts";

// Few values each, so that groups, ties and matches are common; around a leap day and the turn of a year.
const words = fc.constantFrom(null, "", "EC2", "ec2", "S3 100%", "a_b", "É", "x'\"\\");
const days = fc.oneof(
  fc.integer({ min: 0, max: 75 }).map((n) => addDays("2024-01-20", n)),
  fc.integer({ min: 0, max: 30 }).map((n) => addDays("2023-02-14", n)),
  fc.constantFrom("2023-12-31", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-31"),
);
const amounts = fc.oneof(
  fc.constant(null),
  fc.constantFrom("0", "1", "-1", "0.5", "10"),
  fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }).map((n) => {
    const digits = (n < 0n ? -n : n).toString().padStart(19, "0");
    return `${n < 0n ? "-" : ""}${digits.slice(0, -18)}.${digits.slice(-18)}`;
  }),
);
const tags = fc.oneof(
  fc.constant(null),
  fc
    .dictionary(fc.constantFrom("env", "a.b", "t/~m"), fc.constantFrom("prod", "dev", ""))
    .map((t) => JSON.stringify(t)),
);

interface Scenario {
  facts: LoadedFact[];
  empties: Snapshot[];
  question: Question;
}

const TAG_KEYS = ["tag:env", "tag:a.b", "tag:t/~m"];
const COST_KEYS = ["service", "region", "account", ...TAG_KEYS, "billing_month", "day", "week", "month"];
const FINDING_KEYS = ["severity", "service", "tag:env", "source", "first_observed", "day", "week", "month"];

function fact(dataset: "cost" | "findings"): fc.Arbitrary<LoadedFact> {
  const shared = {
    service_name: words,
    region_id: words,
    sub_account_id: fc.constantFrom("001", "1", null),
    tags,
  };
  const values =
    dataset === "cost"
      ? fc.record({
          ...shared,
          billed_cost: amounts,
          list_cost: amounts,
          consumed_quantity: amounts,
          consumed_unit: fc.constantFrom("GB", "Hours", null),
          billing_currency: fc.constantFrom("USD", "USD", "EUR"),
        })
      : fc.record({
          ...shared,
          severity: fc.constantFrom("high", "low", "critical", "medium", "a word of its own", null),
          // As different tools spell one instant, and one just before midnight.
          first_observed_at: fc.constantFrom(
            null,
            "2024-02-01T06:00:00Z",
            "2024-02-01T06:00:00.000Z",
            "2024-02-29T23:59:59.999Z",
          ),
        });
  return fc
    .record({ day: days, source: fc.constantFrom("s:1", "s:2"), values })
    .map(({ day, source, values }) => ({
      tenant: "",
      source,
      period: dataset === "cost" ? day.slice(0, 7) : day,
      day,
      values,
    }));
}

function filter(dataset: "cost" | "findings", measures: readonly string[]): fc.Arbitrary<QueryFilter> {
  const keys = dataset === "cost" ? COST_KEYS : FINDING_KEYS;
  return fc
    .record({
      field: fc.constantFrom(...keys, ...measures),
      op: fc.constantFrom(...FILTER_OPS),
      texts: fc.array(words, { minLength: 1, maxLength: 3 }),
      dates: fc.array(days, { minLength: 2, maxLength: 2 }),
      numbers: fc.array(fc.constantFrom("0", "1", "-0.5", "100"), { minLength: 2, maxLength: 2 }),
      presence: fc.boolean(),
    })
    .map(({ field, op, texts, dates, numbers, presence }): QueryFilter | undefined => {
      const isDate = ["day", "week", "month", "first_observed"].includes(field);
      const pair = isDate
        ? dates.sort()
        : measures.includes(field)
          ? numbers.sort((a, b) => Number(a) - Number(b))
          : undefined;
      if (presence && dataset === "cost" && measures.includes(field) && (op === "equals" || op === "not"))
        return { field, op, value: null };
      const comparing = op === "greater" || op === "less" || op === "between";
      if (pair === undefined) {
        if (comparing) return undefined;
        if (op === "in" || op === "not") return { field, op, value: texts };
        return { field, op, value: op === "equals" ? texts[0]! : (texts[0] ?? "c") };
      }
      if (["contains", "starts", "ends"].includes(op) || (op === "in" && !isDate)) return undefined;
      return { field, op, value: op === "between" ? pair : pair[0]! };
    })
    .filter((f) => f !== undefined);
}

function scenario(dataset: "cost" | "findings"): fc.Arbitrary<Scenario> {
  const available = dataset === "cost" ? ["billed_cost", "list_cost", "consumed_quantity"] : ["findings"];
  return fc
    .record({
      facts: fc.array(fact(dataset), { maxLength: 40 }),
      empties:
        dataset === "cost"
          ? fc.constant<Snapshot[]>([])
          : fc.array(fc.record({ source: fc.constantFrom("s:1", "s:2"), day: days }), { maxLength: 3 }),
      from: days,
      length: fc.constantFrom(1, 7, 29, 31, 60, 400),
      months: fc.option(fc.constantFrom("2024-02-01", "2024-03-01"), { nil: undefined }),
      groupBy: fc.uniqueArray(fc.constantFrom(...(dataset === "cost" ? COST_KEYS : FINDING_KEYS)), {
        maxLength: 3,
      }),
      measures: fc.uniqueArray(fc.constantFrom(...available), { minLength: 1, maxLength: 3 }),
      compare: fc.constantFrom(undefined, "previous-period" as const, "previous-year" as const),
      limit: fc.constantFrom(undefined, 1, 3, 1000),
    })
    .chain((base) =>
      fc
        .record({
          filters: fc.array(filter(dataset, base.measures), { maxLength: 3 }),
          sorts: fc.array(
            fc.record({
              by: fc.constantFrom(
                ...base.groupBy,
                ...base.measures,
                ...(base.compare === undefined
                  ? []
                  : base.measures.flatMap((m) => [`${m}.previous`, `${m}.change`])),
              ),
              order: fc.constantFrom("asc" as const, "desc" as const),
            }),
            { maxLength: 2 },
          ),
        })
        .map((extra) => toScenario(dataset, { ...base, ...extra })),
    );
}

function toScenario(
  dataset: "cost" | "findings",
  input: Pick<Scenario, "facts" | "empties"> & {
    from: string;
    length: number;
    months: string | undefined;
    groupBy: string[];
    measures: string[];
    compare: Question["compare"];
    limit: number | undefined;
    filters: QueryFilter[];
    sorts: QuerySort[];
  },
): Scenario {
  const { facts, months, from, length, measures } = input;
  // Sums over several currencies or units mean nothing: group by them, as the use cases demand.
  const units =
    dataset === "cost" ? ["currency", ...(measures.includes("consumed_quantity") ? ["unit"] : [])] : [];
  const range =
    months === undefined ? { from, to: addDays(from, length) } : { from: months, to: "2024-04-01" };
  return {
    facts,
    empties: input.empties.filter((e) => !facts.some((f) => f.source === e.source && f.day === e.day)),
    question: {
      dataset,
      range,
      groupBy: [...input.groupBy, ...units],
      measures,
      filters: input.filters,
      sort: input.sorts,
      ...(input.compare !== undefined && { compare: input.compare }),
      ...(input.limit !== undefined && { limit: input.limit }),
    },
  };
}

export function randomPlanCases(store: () => MetricStore, runs: number): void {
  describe("random facts and plans", () => {
    let scenarios = 0;
    it.each(["cost", "findings"] as const)(
      "answers as one-fact-at-a-time arithmetic does: %s",
      async (dataset) => {
        expect(DATASETS[dataset].id).toBe(dataset);
        await fc.assert(
          fc.asyncProperty(scenario(dataset), async ({ facts, empties, question }) => {
            const tenant = `random-${dataset}-${scenarios++}`;
            const owned = facts.map((f) => ({ ...f, tenant }));
            await load(store(), [], {
              dataset,
              records: inBatches(owned, 7),
              partitions: empties.map(({ source, day }) => ({ tenant, source, period: day })),
            });
            const asked = plan(question);
            const answer = await drain(await open(store(), asked, tenant));
            expect(answer).toEqual(evaluate(asked, owned, empties));
          }),
          { numRuns: runs },
        );
      },
    );
  });
}
