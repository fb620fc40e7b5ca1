import { describe, expect, it } from "vitest";
import { int32, parquetBytes } from "../../../test/support/parquet-writer.ts";
import { columnNames } from "./footer.ts";

const page = { count: 1, values: int32(1) };
const file = parquetBytes(
  1,
  [
    { name: "a", physical: 1, converted: 6, pages: [page] },
    { group: "tags", children: 1, repetition: 1, converted: 1 },
    { group: "key_value", children: 2, repetition: 2 },
    { name: "key", physical: 6, converted: 0, pages: [page] },
    { name: "value", physical: 2, repetition: 1, logical: { 8: { 1: true, 2: { 3: {} } } }, pages: [page] },
    { name: "last", physical: 1, pages: [page] },
  ],
  { key: ["tags", "key_value", "key"], value: ["tags", "key_value", "value"] },
);
const footer = file.subarray(file.length - 8 - file.readUInt32LE(file.length - 8), file.length - 8);

describe("a Parquet footer", () => {
  it("names the columns, and not the parts of nested ones", () => {
    expect(columnNames(footer)).toEqual(["a", "tags", "last"]);
  });

  it("is refused where it ends early", () => {
    for (let length = 0; length < footer.length - 1; length++)
      expect(() => columnNames(footer.subarray(0, length))).toThrow("ends early");
  });
});
