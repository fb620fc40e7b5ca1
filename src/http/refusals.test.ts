import { expect, it } from "vitest";
import { Refusals } from "./refusals.ts";

it("writes down thirty refusals a minute and log, and counts the others", () => {
  let now = 0;
  const refusals = new Refusals(() => now);
  const take = (times: number, log = "acme"): (number | undefined)[] =>
    Array.from({ length: times }, () => refusals.take(log));
  expect(take(30)).toEqual(Array(30).fill(0));
  expect(take(12)).toEqual(Array(12).fill(undefined));
  expect(take(1, "beta")).toEqual([0]);
  now += 59_999;
  expect(take(1)).toEqual([undefined]);
  now += 1;
  expect(take(2)).toEqual([13, 0]);
});
