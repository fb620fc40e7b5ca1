import { describe, expect, it } from "vitest";
import { averageLevel, perUnit } from "./levels.ts";
import { compareMetrics, usageMetric } from "./metrics.ts";

describe("averageLevel", () => {
  const level = (source: string, day: string, value: string | null) => ({ source, day, value });

  it("averages each source over its own days and adds them up", () => {
    expect(
      averageLevel([
        level("daily", "2024-09-01", "10"),
        level("daily", "2024-09-02", "20"),
        level("daily", "2024-09-03", null),
        level("weekly", "2024-09-01", "100"),
      ]),
    ).toBe("115");
    expect(averageLevel([level("a", "2024-09-01", null)])).toBeNull();
    expect(averageLevel([])).toBeNull();
  });

  it("adds up what one day is told in parts before it averages", () => {
    expect(averageLevel([level("a", "2024-09-01", "1"), level("a", "2024-09-01", "2")])).toBe("3");
  });

  it("rounds to six places", () => {
    const thirds = ["1", "0", "0"].map((value, i) => level("a", `2024-09-0${i + 1}`, value));
    expect(averageLevel(thirds)).toBe("0.333333");
  });
});

describe("perUnit", () => {
  it("is not known when a part of it is not, or there is nothing to spread over", () => {
    expect(perUnit("10", 4)).toBe("2.5");
    expect([perUnit(null, 4), perUnit("10", null), perUnit("10", 0)]).toEqual([null, null, null]);
    expect(perUnit("0", 4)).toBe("0");
  });
});

describe("usageMetric", () => {
  it("knows counters from gauges, and says so when it does not", () => {
    const kinds = ["api_calls", "storage_gb", "lambda_invocations", "db_connections", "weather"].map(
      (id) => usageMetric(id).kind,
    );
    expect(kinds).toEqual(["counter", "gauge", "counter", "gauge", "unknown"]);
    expect(usageMetric("lambda_invocations").label).toBe("Lambda invocations");
    expect(["weather", "storage_gb", "api_calls", "art"].sort(compareMetrics)).toEqual([
      ...["api_calls", "storage_gb", "art", "weather"],
    ]);
  });
});
