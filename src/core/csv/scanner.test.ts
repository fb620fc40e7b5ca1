import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CsvRecord, CsvScanner, splitRecord } from "./scanner.ts";

type Found = Omit<CsvRecord, "bytes"> & { text: string };

function scan(text: string, options: { chunk?: number; delimiter?: string; max?: number } = {}): Found[] {
  const found: Found[] = [];
  const scanner = new CsvScanner(options.delimiter ?? ",", options.max ?? 1000, ({ bytes, ...record }) => {
    found.push({ ...record, text: new TextDecoder().decode(bytes) });
  });
  const all = new TextEncoder().encode(text);
  const size = options.chunk ?? all.length + 1;
  for (let at = 0; at < all.length; at += size) scanner.push(all.subarray(at, at + size));
  scanner.finish();
  return found;
}

describe("CsvScanner", () => {
  it("numbers records by the line they start on, line breaks in quotes counted", () => {
    const text = 'a,b\r\n1,"x\r\ny\nz"\r\n\r\n2,3\r\n4,"5"';
    expect(scan(text)).toEqual([
      { line: 1, fields: 2, text: "a,b" },
      { line: 2, fields: 2, text: '1,"x\r\ny\nz"' },
      { line: 6, fields: 2, text: "2,3" },
      { line: 7, fields: 2, text: '4,"5"' },
    ]);
  });

  it("takes LF, CR and CR LF in one file, and drops a byte-order mark", () => {
    expect(scan("\ufeffa\n1\r2\r\n3\n\r4").map(({ line, text }) => [line, text])).toEqual([
      [1, "a"],
      [2, "1"],
      [3, "2"],
      [4, "3"],
      [6, "4"],
    ]);
  });

  it("names what is wrong with a record and goes on with the next", () => {
    expect(scan('1,"2"x,3\n1,"2" ,3\n1,2"x,3\n1, "a,b",3\n1,"2').map((r) => [r.fields, r.problem])).toEqual([
      [3, "text-after-quote"],
      [3, undefined],
      [3, undefined],
      [3, undefined],
      [2, "unclosed"],
    ]);
    expect(scan(`1,${"x".repeat(50)}\n2,3\n`, { max: 40 })).toEqual([
      { line: 1, fields: 2, text: "", problem: "too-long" },
      { line: 2, fields: 2, text: "2,3" },
    ]);
  });

  it("finds the same whatever the chunks", () => {
    const piece = fc.constantFrom("a", ",", '"', "\n", "\r", "\r\n", " ", "\ufeff", "é", '""');
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: 1, max: 7 }), (pieces, chunk) => {
        const text = pieces.join("");
        expect(scan(text, { chunk })).toEqual(scan(text));
        expect(scan(text, { chunk, max: 5 })).toEqual(scan(text, { max: 5 }));
      }),
    );
  });

  it("reads back what was written", () => {
    const field = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", "ü", ";") });
    fc.assert(
      fc.property(fc.array(fc.array(field, { minLength: 2, maxLength: 4 })), (rows) => {
        const lines = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(","));
        const records = scan(lines.join("\n"), { chunk: 3, max: 100_000 });
        expect(records.map((record) => splitRecord(record.text, ","))).toEqual(rows);
        expect(records.map((record) => record.fields)).toEqual(rows.map((row) => row.length));
      }),
    );
  });

  it("ends at a record that has no end, with the line it starts on", () => {
    const scanner = new CsvScanner(",", 1000, () => undefined, "bill.csv");
    scanner.push(Buffer.from('a,b\n1,2\n3,"'));
    const chunk = Buffer.alloc(1 << 24, "\n");
    const pushAll = (): void => {
      for (let i = 0; i < 20; i++) scanner.push(chunk);
    };
    expect(pushAll).toThrow("bill.csv, line 3: the row is longer than 128 MB");
  });
});
