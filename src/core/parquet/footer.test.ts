import { describe, expect, it } from "vitest";
import { int32, parquetBytes, thrift } from "../../../test/support/parquet-writer.ts";
import { readFooter } from "./footer.ts";

const page = { count: 1, values: int32(1) };
const file = parquetBytes(
  1,
  [
    { name: "a", physical: 1, converted: 6, pages: [page] },
    { group: "tags", children: 1, repetition: 1, converted: 1 },
    { group: "key_value", children: 2, repetition: 2 },
    { name: "key", physical: 6, converted: 0, pages: [page] },
    { name: "value", physical: 2, repetition: 1, logical: { 8: { 1: true, 2: { 3: {} } } }, pages: [page] },
  ],
  { key: ["tags", "key_value", "key"], value: ["tags", "key_value", "value"] },
);
const footer = file.subarray(file.length - 8 - file.readUInt32LE(file.length - 8), file.length - 8);

describe("a Parquet footer", () => {
  it("tells columns, their types and levels, and where their values are", () => {
    const { rows, columns, rowGroups } = readFooter(footer);
    expect(rows).toBe(1);
    expect(columns).toMatchObject([
      { name: "a", physical: "INT32", logical: { kind: "date" }, maxDefinition: 0, maxRepetition: 0 },
      { name: "tags", physical: undefined, logical: { kind: "map" }, maxDefinition: 1 },
    ]);
    expect(columns[1]?.children[0]?.children).toMatchObject([
      { name: "key", logical: { kind: "text" }, maxDefinition: 2, maxRepetition: 1 },
      { name: "value", logical: { kind: "timestamp", unit: "nanos", utc: true }, maxDefinition: 3 },
    ]);
    expect(rowGroups).toMatchObject([
      {
        rows: 1,
        columns: [
          { path: ["a"], codec: "UNCOMPRESSED", values: 1, offset: 4, encrypted: false, elsewhere: false },
          { path: ["tags", "key_value", "key"] },
          { path: ["tags", "key_value", "value"] },
        ],
      },
    ]);
  });

  it("says that columns are encrypted or lie elsewhere", () => {
    const group = (chunk: object): Buffer =>
      thrift({ 2: [{ 4: "root", 5: 0 }], 3: 0n, 4: [{ 1: [{ ...chunk }] }] });
    expect(readFooter(group({ 1: "other.parquet" })).rowGroups[0]?.columns[0]).toMatchObject({
      elsewhere: true,
    });
    expect(readFooter(group({ 8: {} })).rowGroups[0]?.columns[0]).toMatchObject({
      encrypted: true,
      codec: undefined,
    });
  });

  it("is refused where it ends early", () => {
    for (let length = 0; length < footer.length - 1; length++)
      expect(() => readFooter(footer.subarray(0, length))).toThrow("ends early");
  });
});
