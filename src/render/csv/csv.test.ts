import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collect, day, dimension, documentOf, money } from "../../../test/support/documents.ts";
import { decimalText, NASTY, nastyText } from "../../../test/support/nasty.ts";
import type { Row } from "../../core/query/query.ts";
import type { RenderOptions } from "../../ports/renderer.ts";
import { csvRenderer } from "./csv.ts";

const columns = [dimension("service", "Service"), money("billed_cost", "Billed cost", "USD")];

async function csv(rows: readonly Row[], options: RenderOptions = {}, others = null): Promise<string> {
  return (await collect(csvRenderer.render(documentOf(columns, rows, { others }), options))).toString();
}

function read(text: string, delimiter = ","): string[][] {
  return parse(text, { delimiter, relax_column_count: false });
}

/** What a text cell becomes: lone surrogates replaced, formulas behind an apostrophe. */
function shown(text: string): string {
  const well = text.replace(/\p{Surrogate}/gu, "\ufffd");
  return /^[=+\-@\t\r\n＝＋－＠]/.test(well) ? `'${well}` : well;
}

describe("CSV", () => {
  it("has one header of titles with units and CRLF after every record", async () => {
    expect(
      await csv([
        ["Amazon EC2", "12.5"],
        [null, null],
      ]),
    ).toBe("Service,Billed cost (USD)\r\nAmazon EC2,12.5\r\n,\r\n");
  });

  it("neutralises text that would run as a formula, and no number", async () => {
    const records = read(
      await csv([
        ["=1+1", "-5"],
        ["-5", "-0.00001"],
        ["@x", "7"],
        ["\t=1", "1"],
        ["＝1", "1"],
      ]),
    );
    expect(records.slice(1)).toEqual([
      ["'=1+1", "-5"],
      ["'-5", "-0.00001"],
      ["'@x", "7"],
      ["'\t=1", "1"],
      ["'＝1", "1"],
    ]);
  });

  it("neutralises headings too", async () => {
    const document = documentOf([dimension("tag:=x", "=cmd()")], [["a"]]);
    expect((await collect(csvRenderer.render(document))).toString()).toBe('"\'=cmd()"\r\na\r\n');
  });

  it("tells an unknown from an empty text", async () => {
    expect(
      await csv([
        ["", null],
        [null, "0"],
      ]),
    ).toContain('\r\n"",\r\n,0\r\n');
  });

  it("keeps a record of one null, which would be an empty line", async () => {
    const document = documentOf([dimension("service", "Service")], [[null], ["a"]]);
    expect((await collect(csvRenderer.render(document))).toString()).toBe('Service\r\n""\r\na\r\n');
  });

  it("ends with the others row, labelled in its first text column", async () => {
    const document = documentOf([day, ...columns], [["2024-09-01", "a", "1"]], {
      others: { groups: 1200, cells: [null, null, "9"] },
    });
    const text = (await collect(csvRenderer.render(document))).toString();
    expect(text.split("\r\n").at(-2)).toBe('"Others (1,200)",,9');
  });

  it("starts with a byte-order mark only when asked", async () => {
    expect((await csv([])).startsWith("Service")).toBe(true);
    expect((await csv([], { bom: true })).startsWith("\ufeffService")).toBe(true);
  });

  it.each([";", "\t", "|"])("separates by %j and quotes cells that hold it", async (delimiter) => {
    const rows: Row[] = [
      [`a${delimiter}b`, "1.5"],
      ["a,b", "2"],
    ];
    expect(read(await csv(rows, { delimiter }), delimiter).slice(1)).toEqual(rows);
  });

  it.each(["", "ab", '"', "\n", "-", ".", "a", "1", "="])("refuses %j as a delimiter", (delimiter) => {
    expect(() => csvRenderer.render(documentOf(columns, []), { delimiter })).toThrow(
      expect.objectContaining({ code: "export.invalid-delimiter" }) as Error,
    );
  });

  it("reads back as written, whatever the cells hold", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(nastyText(true), decimalText)),
        fc.constantFrom(",", ";", "\t", "|"),
        async (rows, delimiter) => {
          const records = read(await csv(rows, { delimiter }), delimiter);
          expect(records.slice(1)).toEqual(rows.map(([text, amount]) => [shown(text), amount]));
        },
      ),
      { numRuns: 100, examples: [[NASTY.map((text): [string, string] => [text, "-1"]), ","]] },
    );
  });
});
