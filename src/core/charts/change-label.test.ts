import { describe, expect, it } from "vitest";
import { changeLabel } from "./abbreviate.ts";

describe("changeLabel", () => {
  it("tells percent, points of a percentage, and the amount where there was nothing before", () => {
    const dollars = { type: "money", unit: "USD" } as const;
    expect(changeLabel({ absolute: "10", percent: "8.14" }, dollars)).toBe("+8.1%");
    expect(changeLabel({ absolute: "-10", percent: "-8.14" }, dollars)).toBe("-8.1%");
    expect(changeLabel({ absolute: "0" }, { type: "percent", unit: null })).toBe("0 points");
    expect(changeLabel({ absolute: "1234.5" }, dollars)).toBe("+$1,234.50");
    expect(changeLabel({ absolute: "-11.1111", percent: "-30" }, { type: "percent", unit: null })).toBe(
      "-11.1 points",
    );
  });
});
