import { describe, expect, it } from "vitest";
import { closest, unknownNameFix } from "./suggest.ts";

const COSTS = ["billed_cost", "effective_cost", "list_cost"];

describe("closest", () => {
  it.each([
    ["biled_cost", COSTS, "billed_cost"],
    ["billed", COSTS, "billed_cost"],
    ["BILLED", COSTS, "billed_cost"],
    ["servce", ["service", "service_category"], "service"],
    // Two go on like that, one is no typo of it, and two letters are too few to guess from.
    ["commitment_", ["commitment_id_long", "commitment_status_long"], undefined],
    ["tax", COSTS, undefined],
    ["bi", ["billing_account_and_more"], undefined],
  ])("guesses what %s was to be", (typed, candidates, guess) => {
    expect(closest(typed, candidates)).toBe(guess);
  });

  it("compares no long words, however alike, and looks through no long list", () => {
    expect(closest("x".repeat(60), [`${"x".repeat(59)}y`])).toBe(`${"x".repeat(59)}y`);
    expect(closest("x".repeat(65), [`${"x".repeat(64)}y`])).toBeUndefined();
    expect(closest("x".repeat(1_000_000), ["x".repeat(1_000_000)])).toBeUndefined();
    const many = Array.from({ length: 2000 }, (_, i) => `name${i}`);
    expect(closest("nam7", many)).toBeUndefined();
    expect(closest("nam7", many.slice(0, 10))).toBe("name7");
  });

  it("is followed by all that is allowed", () => {
    expect(unknownNameFix("lst", ["list", "add"])).toBe('Did you mean "list"? Allowed: list, add.');
    expect(unknownNameFix("zzzzzz", ["list", "add"])).toBe("Allowed: list, add.");
    const many = Array.from({ length: 2000 }, (_, i) => `name${i}`);
    expect(unknownNameFix("zzzzzz", many)).toMatch(/^Allowed: name0, .*, name49 and 1,950 more\.$/);
  });
});
