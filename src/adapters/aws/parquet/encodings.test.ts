import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bitWidth, readHybrid } from "./bits.ts";
import { readDeltas } from "./delta.ts";
import { unpackLz4 } from "./lz4.ts";
import { unpackSnappy } from "./snappy.ts";

/** Numbers packed to some bits each, the lowest first. */
function pack(values: readonly bigint[], width: number): Buffer {
  const all = values.reduce((sum, value, i) => sum | (value << BigInt(i * width)), 0n);
  const length = Math.ceil((values.length * width) / 8);
  return Buffer.from(all.toString(16).padStart(length * 2, "0"), "hex").reverse();
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}
const zigzag = (value: bigint): Buffer => varint(value < 0n ? -value * 2n - 1n : value * 2n);

describe("runs and packed bits", () => {
  it("are read back at every width, in any order", () => {
    const part = fc.record({
      run: fc.boolean(),
      values: fc.array(fc.nat(0xffff_ffff), { minLength: 8, maxLength: 24 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 32 }),
        fc.array(part, { minLength: 1, maxLength: 4 }),
        (width, parts) => {
          const expected: number[] = [];
          const bytes = parts.map(({ run, values }) => {
            const fit = values
              .slice(0, values.length - (values.length % 8))
              .map((v) => (width === 32 ? v : v % 2 ** width));
            if (run) {
              expected.push(...fit.map(() => fit[0]!));
              return Buffer.concat([
                varint(BigInt(fit.length) << 1n),
                pack([BigInt(fit[0]!)], Math.ceil(width / 8) * 8),
              ]);
            }
            expected.push(...fit);
            return Buffer.concat([varint((BigInt(fit.length / 8) << 1n) | 1n), pack(fit.map(BigInt), width)]);
          });
          const all = Buffer.concat([Buffer.from([1, 2]), ...bytes]);
          const out = new Uint32Array(expected.length);
          readHybrid(all, 2, all.length, width, out);
          expect([...out]).toEqual(expected);
          const longer = new Uint32Array(expected.length + 8);
          expect(() => readHybrid(all, 2, all.length, width, longer)).toThrow("end early");
        },
      ),
    );
  });

  it("take as many bits as the largest number", () => {
    expect([0, 1, 2, 3, 4, 255].map(bitWidth)).toEqual([0, 1, 2, 2, 3, 8]);
  });
});

describe("differences", () => {
  /** One block of four miniblocks of 32. */
  function encode(values: readonly bigint[], bits: number): Buffer {
    const deltas = values.slice(1).map((value, i) => BigInt.asIntN(bits, value - values[i]!));
    const out = [varint(128n), varint(4n), varint(BigInt(values.length)), zigzag(values[0] ?? 0n)];
    for (let at = 0; at < deltas.length; at += 128) {
      const block = deltas.slice(at, at + 128);
      const least = block.reduce((a, b) => (a < b ? a : b));
      const rest = block.map((delta) => BigInt.asUintN(bits, delta - least));
      const parts = [0, 32, 64, 96].map((from) => rest.slice(from, from + 32));
      const widths = parts.map((part) =>
        part.reduce((most, v) => Math.max(most, v === 0n ? 0 : v.toString(2).length), 0),
      );
      out.push(zigzag(least), Buffer.from(widths));
      parts.forEach((part, i) => {
        const padded = [...part, ...Array.from({ length: 32 - part.length }, () => 0n)];
        if (part.length > 0) out.push(pack(padded, widths[i]!));
      });
    }
    return Buffer.concat(out);
  }

  it.each([32, 64] as const)("of %d bits are added up, around the end of the range too", (bits) => {
    const most = 2n ** BigInt(bits - 1) - 1n;
    const value = fc.oneof(fc.bigInt({ min: -most - 1n, max: most }), fc.bigInt({ min: -9n, max: 9n }));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), (values) => {
        const bytes = encode(values, bits);
        const { values: read, end } = readDeltas(
          Buffer.concat([bytes, Buffer.from("x")]),
          0,
          bits,
          values.length,
        );
        const found = values.map((_, i) =>
          bits === 32 ? BigInt(read.readInt32LE(i * 4)) : read.readBigInt64LE(i * 8),
        );
        expect(found).toEqual(values);
        expect(end).toBe(bytes.length);
        expect(() => readDeltas(bytes.subarray(0, -1), 0, bits, values.length)).toThrow();
        expect(() => readDeltas(bytes, 0, bits, values.length + 1)).toThrow("another number of values");
      }),
    );
  });
});

describe("blocks of Snappy and LZ4", () => {
  it("repeat what came before, also while it is written", () => {
    // "ab", then 9 bytes from 2 before.
    expect(
      Buffer.from(unpackSnappy(Buffer.from([11, 0x04, 0x61, 0x62, (5 << 2) | 1, 2]), 11)).toString(),
    ).toBe("abababababa");
    expect(Buffer.from(unpackLz4(Buffer.from([0x25, 0x61, 0x62, 2, 0, 0x10, 0x63]), 12)).toString()).toBe(
      "abababababac",
    );
  });

  it("are refused where they reach outside, or are cut", () => {
    for (const bytes of [
      [11, 0x04, 0x61, 0x62, 0x15, 3],
      [11, 0x04, 0x61],
      [11, 0xf0, 200],
      [11, 0x04, 0x61, 0x62],
    ])
      expect(() => unpackSnappy(Buffer.from(bytes), 11)).toThrow(RangeError);
    for (const bytes of [
      [0x25, 0x61, 0x62, 3, 0],
      [0x25, 0x61],
      [0xf0, 255],
      [0x20, 0x61, 0x62],
    ])
      expect(() => unpackLz4(Buffer.from(bytes), 12)).toThrow(RangeError);
  });
});
