import { describe, expect, it } from "vitest";
import { memoryFile } from "../../../test/support/memory-file.ts";
import { DATASETS } from "../../core/metrics/datasets.ts";
import type { Detected } from "../shared/importer.ts";
import { spellings } from "./columns.ts";
import { curImporter } from "./cur.ts";
import { curMapping } from "./mapping.ts";

const detect = (header: readonly string[]): Detected | undefined =>
  curImporter.detect({
    kind: "csv",
    file: memoryFile("cur.csv", ""),
    compression: "none",
    delimiter: ",",
    header,
  });
const NEEDED = [
  ...["lineItem/UnblendedCost", "lineItem/CurrencyCode", "bill/BillingPeriodStartDate"],
  "lineItem/UsageStartDate",
];

describe("the Cost and Usage Report", () => {
  it("spells its columns both ways", () => {
    expect(spellings("reservation/ReservationARN")[1]).toBe("reservation_reservation_a_r_n");
    expect(spellings("pricing/publicOnDemandCost")[1]).toBe("pricing_public_on_demand_cost");
    expect(spellings("bill/BillingPeriodStartDate")[1]).toBe("bill_billing_period_start_date");
  });

  it("tells its versions by their columns and leaves other tables alone", () => {
    const snake = NEEDED.map((name) => spellings(name)[1]);
    expect(detect(NEEDED)?.version).toBe("legacy");
    expect(detect(snake)?.version).toBe("legacy");
    expect(detect([...snake, "resource_tags"])?.version).toBe("2.0");
    expect(detect(["BilledCost", "ServiceName"])).toBeUndefined();
    expect(() => detect(snake.slice(1))).toThrow("without line_item_unblended_cost");
  });

  it("maps to columns that cost facts have, of their type", () => {
    const types = new Map(DATASETS.cost.columns.map((column) => [column.name, column.type]));
    for (const { target, type } of curMapping("2.0").fields)
      expect([target, types.get(target)]).toEqual([target, type]);
  });
});
