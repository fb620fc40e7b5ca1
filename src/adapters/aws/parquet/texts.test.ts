import { describe, expect, it } from "vitest";
import type { SchemaNode } from "../../../core/parquet/footer.ts";
import { doubleText, floatText, textReader } from "./texts.ts";

const leaf = (more: Partial<SchemaNode>): SchemaNode => ({
  ...{ name: "x", repetition: "required", maxRepetition: 0, maxDefinition: 0, physical: "INT64", length: 0 },
  ...{ logical: undefined, children: [] },
  ...more,
});
const read = (node: SchemaNode, bytes: Buffer): string => textReader(node)(bytes, 0, bytes.length);
const long = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
};

describe("numbers as text", () => {
  it.each([
    [0.1, "0.1"],
    [1, "1.0"],
    [-0, "-0.0"],
    [1e15, "1000000000000000.0"],
    [1e16, "1e+16"],
    [0.0001, "0.0001"],
    [0.000015, "1.5e-05"],
    [1.2345678901234568e17, "1.2345678901234568e+17"],
    [5e-324, "5e-324"],
    [NaN, "nan"],
    [-Infinity, "-inf"],
  ])("writes the double %d as %s", (value, text) => expect(doubleText(value)).toBe(text));

  it.each([
    [Math.fround(0.1), "0.1"],
    [36907248, "36907248.0"],
    [1413317.25, "1413317.25"],
    [Math.fround(1e-10), "1e-10"],
    [Math.fround(3.4028235e38), "3.4028235e+38"],
  ])("writes the float %d as %s", (value, text) => expect(floatText(value)).toBe(text));

  it("keeps every digit of a decimal, whatever it lies in", () => {
    const decimal = (scale: number, more: Partial<SchemaNode> = {}): SchemaNode =>
      leaf({ logical: { kind: "decimal", scale }, ...more });
    expect(read(decimal(18), long(-(2n ** 63n)))).toBe("-9.223372036854775808");
    expect(read(decimal(2), long(-5n))).toBe("-0.05");
    expect(read(decimal(0), long(7n))).toBe("7");
    const digits = 12345678901234567890123456789012345678n;
    const bytes = Buffer.from(digits.toString(16).padStart(32, "0"), "hex");
    expect(read(decimal(18, { physical: "FIXED_LEN_BYTE_ARRAY", length: 16 }), bytes)).toBe(
      "12345678901234567890.123456789012345678",
    );
    expect(read(decimal(3, { physical: "BYTE_ARRAY" }), Buffer.from([0xff, 0x01]))).toBe("-0.255");
  });

  it("reads whole numbers above 2^53, and unsigned ones", () => {
    expect(read(leaf({}), long(2n ** 62n + 1n))).toBe("4611686018427387905");
    expect(read(leaf({ logical: { kind: "integer", signed: false } }), long(-1n))).toBe(
      "18446744073709551615",
    );
  });
});

describe("instants as text", () => {
  const at = (unit: "millis" | "micros" | "nanos", utc: boolean, value: bigint): string =>
    read(leaf({ logical: { kind: "timestamp", unit, utc } }), long(value));

  it("are UTC to the digit, before 1970 too", () => {
    expect(at("millis", false, 1_725_148_800_120n)).toBe("2024-09-01 00:00:00.12");
    expect(at("micros", true, -1n)).toBe("1969-12-31 23:59:59.999999+00");
    expect(at("nanos", false, 1_725_148_800_000_000_001n)).toBe("2024-09-01 00:00:00.000000001");
    expect(at("nanos", true, 1_725_148_800_123_456_789n)).toBe("2024-09-01 00:00:00.123456+00");
    expect(at("micros", false, 9_007_199_254_740_993n)).toBe("2255-06-05 23:47:34.740993");
  });

  it("are read from the 96 bits of Spark and Impala", () => {
    const bytes = Buffer.concat([long(3_600_000_001_999n), Buffer.alloc(4)]);
    bytes.writeInt32LE(2_440_588 + 19_967, 8);
    expect(read(leaf({ physical: "INT96" }), bytes)).toBe("2024-09-01 01:00:00.000001");
  });

  it("may be dates of any year", () => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(-719_529);
    expect(read(leaf({ physical: "INT32", logical: { kind: "date" } }), bytes)).toBe("0002-12-31 (BC)");
  });
});

describe("what is no text", () => {
  it("is told where it was written as text", () => {
    const node = leaf({ physical: "BYTE_ARRAY", logical: { kind: "text" } });
    expect(read(node, Buffer.from("é\ufffd"))).toBe("é\ufffd");
    expect(() => read(node, Buffer.from([0x61, 0xff]))).toThrow("a value of x is not UTF-8");
  });

  it("is refused by its name", () => {
    const interval = leaf({ physical: "FIXED_LEN_BYTE_ARRAY", logical: { kind: "other", name: "INTERVAL" } });
    expect(() => textReader(interval)).toThrow("values of the type INTERVAL (FIXED_LEN_BYTE_ARRAY) in x");
  });
});
