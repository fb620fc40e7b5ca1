import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatInstant, instantOfNumber, parseInstant } from "./instants.ts";

const shown = (text: string) => {
  const at = parseInstant(text);
  return at === undefined ? undefined : formatInstant(at);
};

describe("parseInstant", () => {
  it.each([
    ["2025-03-04T10:00:00Z", "2025-03-04T10:00:00.000Z"],
    ["2025-03-04T10:00:00.123Z", "2025-03-04T10:00:00.123Z"],
    ["2022-02-07T23:51:26.938789-05:00", "2022-02-08T04:51:26.938Z"],
    ["2025-02-14 14:27:03.913874", "2025-02-14T14:27:03.913Z"],
    ["2025-02-14T14:27:03+0530", "2025-02-14T08:57:03.000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
    ["2025-02-14T14:27Z", "2025-02-14T14:27:00.000Z"],
  ])("reads %s", (text, instant) => {
    expect(shown(text)).toBe(instant);
  });

  it.each([
    ...[
      "",
      "yesterday",
      "2025-03-04",
      "2025-02-30T00:00:00Z",
      "2025-13-01T00:00:00Z",
      "2025-01-32T00:00:00Z",
    ],
    ...[
      "2025-01-01T25:00:00Z",
      "2025-01-01T10:61:00Z",
      "1999-12-31T23:59:59Z",
      "0000-00-00T00:00:00Z",
      "1e400",
    ],
  ])("refuses %j", (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it("reads what the engine writes", () => {
    const dates = fc.date({
      min: new Date("2000-01-01T00:00:00Z"),
      max: new Date("9999-12-31T00:00:00Z"),
      noInvalidDate: true,
    });
    fc.assert(fc.property(dates, (date) => parseInstant(date.toISOString()) === date.getTime()));
  });
});

describe("instantOfNumber", () => {
  it("tells seconds from milliseconds", () => {
    expect(formatInstant(instantOfNumber(1_739_539_623) ?? 0)).toBe("2025-02-14T13:27:03.000Z");
    expect(formatInstant(instantOfNumber(1_695_334_972_000) ?? 0)).toBe("2023-09-21T22:22:52.000Z");
  });

  it("refuses what is no instant", () => {
    for (const value of [0, -1, Number.NaN, Infinity, 1e18, 946_684_799, 946_684_799_999])
      expect(instantOfNumber(value)).toBeUndefined();
  });
});
