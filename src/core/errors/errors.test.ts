import { describe, expect, it } from "vitest";
import { shorten } from "./bounded.ts";
import { invalid } from "./errors.ts";

describe("what an error repeats of its input", () => {
  it("is the beginning of what is long, and no half character", () => {
    expect(shorten("short")).toBe("short");
    expect(shorten("abcdef", 5)).toBe("abcd…");
    expect(shorten("abc😀def", 5)).toBe("abc…");
  });

  it("is bounded even where a message forgot to", () => {
    const long = "x".repeat(1_000_000);
    const error = invalid("test.long", `"${long}" is wrong`, {
      field: long,
      fix: long,
      allowed: Array(2000).fill(long),
    });
    const { message, field = "", fix = "", allowed = [] } = error;
    expect(message.length + field.length + fix.length + allowed.join("").length).toBeLessThan(15_000);
  });
});
