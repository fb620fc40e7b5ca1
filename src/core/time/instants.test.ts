import { describe, expect, it } from "vitest";
import { tryParseInstant } from "./instants.ts";

const iso = (text: string): string | undefined => {
  const micros = tryParseInstant(text);
  return micros === undefined ? undefined : new Date(Number(micros / 1000n)).toISOString();
};

describe("tryParseInstant", () => {
  it.each([
    ["2024-09-01", "2024-09-01T00:00:00.000Z"],
    ["2024-09-01 00:00:00", "2024-09-01T00:00:00.000Z"],
    ["2024-09-01T13:05:07Z", "2024-09-01T13:05:07.000Z"],
    ["2024-09-01T13:05Z", "2024-09-01T13:05:00.000Z"],
    ["2024-09-01 00:00:00 UTC", "2024-09-01T00:00:00.000Z"],
    ["2024-09-01T00:00:00+02:00", "2024-08-31T22:00:00.000Z"],
    ["2024-09-01T00:00:00.123-0530", "2024-09-01T05:30:00.123Z"],
    ["2024-09-01 00:00:00+02", "2024-08-31T22:00:00.000Z"],
    ["2024-02-29T24:00:00Z", "2024-03-01T00:00:00.000Z"],
  ])("reads %s", (text, expected) => {
    expect(iso(text)).toBe(expected);
  });

  it("keeps microseconds and cuts what is finer", () => {
    expect(tryParseInstant("1970-01-01T00:00:00.123456789Z")).toBe(123456n);
  });

  it.each([
    "",
    "epoch",
    "infinity",
    "2024-02-30",
    "2024-13-01",
    "2024-09-01T24:00:01Z",
    "2024-09-01T10:60:00Z",
  ])("refuses %j", (text) => {
    expect(tryParseInstant(text)).toBeUndefined();
  });
  it.each(["0000-12-31", "20240901", "01/09/2024", "2024-09-01 00:00:00+99:00", " 2024-09-01", "1725148800"])(
    "refuses %j",
    (text) => {
      expect(tryParseInstant(text)).toBeUndefined();
    },
  );
});
