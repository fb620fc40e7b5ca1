import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DATASET_IDS, DATASETS } from "../../../core/metrics/datasets.ts";
import { formatDecimal, parseDecimal } from "../../../core/money/decimal.ts";
import { encodeBlock, openBlock, PARTS, partsFor, rowsOf } from "./codec.ts";

const decimal = fc.oneof(
  fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }).map(formatDecimal),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => formatDecimal(BigInt(n) * 10n ** 14n)),
  fc.constantFrom("0", "0.10", "-0", "007", "1e-3", ".5"),
);
const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", "a", "b", "ключ", "a\u0000b"));

const WHERE = { day: "2024-09-01", source: "s", period: "2024-09" };

describe("encodeBlock", () => {
  it.each(DATASET_IDS)("gives every %s fact back, whatever it holds", (id) => {
    const dataset = DATASETS[id];
    const row = fc.tuple(
      ...dataset.columns.map(({ type }) => fc.option(type === "decimal" ? decimal : anyText, { nil: null })),
    );
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (rows) => {
        const parts = encodeBlock(dataset, rows);
        const block = openBlock(
          WHERE,
          PARTS.map((part) => parts[part]),
        );
        const canonical = rows.map((values) =>
          values.map((value, at) =>
            value !== null && dataset.columns[at]?.type === "decimal"
              ? formatDecimal(parseDecimal(value))
              : value,
          ),
        );
        const sorted = (list: readonly (readonly (string | null)[])[]): string[] =>
          list.map((values) => JSON.stringify(values)).sort();
        expect(sorted(rowsOf(block, dataset.columns, formatDecimal))).toEqual(sorted(canonical));
      }),
      { numRuns: 60 },
    );
  });

  it("keeps what dashboards ask for in the narrow part, a fraction of the whole", () => {
    const dataset = DATASETS.cost;
    const rows = Array.from({ length: 2000 }, (_, i) =>
      dataset.columns.map(({ name, type }) => {
        if (type === "decimal") return `${i % 7}.${String((i * 7919) % 100_000).padStart(5, "0")}`;
        if (name === "resource_id")
          return `arn:aws:ec2:us-east-1:1:instance/i-${(i * 2_654_435_761).toString(16)}`;
        return name === "service_name" ? `Service ${i % 20}` : null;
      }),
    );
    const parts = encodeBlock(dataset, rows);
    expect(partsFor("cost", ["service_name", "region_id", "billed_cost", "billing_currency"])).toEqual([
      "narrow",
    ]);
    expect(partsFor("cost", ["resource_id"])).toEqual(["wide"]);
    expect(parts.narrow.length).toBeLessThan(parts.wide.length / 2);
  });

  it("refuses a format that is newer", () => {
    const { narrow } = encodeBlock(DATASETS.usage, [[null]]);
    narrow[0] = 9;
    expect(() => openBlock(WHERE, [narrow])).toThrow("block format 9");
  });
});
