import ExcelJS from "exceljs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chartSection,
  collect,
  day,
  dimension,
  documentOf,
  type DocumentOptions,
  money,
  showcase,
} from "../../../test/support/documents.ts";
import { decimalText, nastyText } from "../../../test/support/nasty.ts";
import { type ReadSheet, type ReadWorkbook, readWorkbook } from "../../../test/support/workbook.ts";
import { elements } from "../../../test/support/xml.ts";
import type { Column, Row } from "../../core/query/query.ts";
import type { ReportDocument } from "../../core/reports/document.ts";
import { MAX_CELL } from "./cells.ts";
import { renderWorkbook, xlsxRenderer } from "./xlsx.ts";

const usd = money("billed_cost", "Billed cost", "USD");
const columns = [dimension("service", "Service"), usd];

async function workbook(
  document: ReportDocument,
  limits?: { rows: number; bytes: number },
): Promise<ReadWorkbook> {
  return readWorkbook(await collect(renderWorkbook(document, limits)));
}

async function table(
  rows: readonly Row[],
  cols = columns,
  options: DocumentOptions = {},
): Promise<ReadSheet> {
  return sheetNamed(await workbook(documentOf(cols, rows, { title: "Costs", ...options })), "Costs");
}

function sheetNamed(book: ReadWorkbook, name: string): ReadSheet {
  const found = book.sheets.find((sheet) => sheet.name === name);
  if (found === undefined)
    throw new Error(`no sheet ${name} among ${book.sheets.map((s) => s.name).join(", ")}`);
  return found;
}

function textOfSheet(book: ReadWorkbook, name: string): string {
  return sheetNamed(book, name).rows.flat().join("\n");
}

async function withExcelJs(document: ReportDocument): Promise<ExcelJS.Workbook> {
  const book = new ExcelJS.Workbook();
  const bytes = await collect(xlsxRenderer.render(document));
  await book.xlsx.load(bytes as unknown as ArrayBuffer);
  return book;
}

describe("table sheets", () => {
  it("hold text as text and numbers, dates and shares as numbers, as another reader sees them", async () => {
    const percent: Column = {
      id: "share",
      label: "Share",
      role: "measure",
      type: "percent",
      additive: false,
    };
    const integer: Column = {
      id: "findings",
      label: "Findings",
      role: "measure",
      type: "integer",
      additive: true,
    };
    const instant: Column = { id: "at", label: "At", role: "dimension", type: "instant", additive: false };
    const document = documentOf(
      [day, dimension("account", "Account"), usd, percent, integer, instant],
      [["2024-02-29", "000123456789", "-1234.5678", "12.5", "42", "2024-09-01T12:00:00Z"]],
      { title: "Costs" },
    );
    const sheet = (await withExcelJs(document)).getWorksheet("Costs");
    const values = sheet?.getRow(2).values as unknown[];
    expect(values.slice(1)).toEqual([
      new Date("2024-02-29T00:00:00Z"),
      "000123456789",
      -1234.5678,
      0.125,
      42,
      new Date("2024-09-01T12:00:00Z"),
    ]);
    const formats = [1, 2, 3, 4, 5, 6].map((i) => sheet?.getRow(2).getCell(i).numFmt);
    expect(formats[0]).toBe("yyyy-mm-dd");
    expect(formats[2]).toContain('"$"#,##0.00');
    expect(formats.slice(3)).toEqual(["0.0%", "#,##0", 'yyyy-mm-dd hh:mm:ss" UTC"']);
  });

  it("start with a bold, filled header that stays in view, filter buttons and fitting columns", async () => {
    const sheet = (
      await withExcelJs(documentOf(columns, [["A service with a rather long name", "1"]], { title: "Costs" }))
    ).getWorksheet("Costs");
    const header = sheet?.getRow(1).getCell(1);
    expect(header?.font.bold).toBe(true);
    expect(header?.fill).toMatchObject({ type: "pattern", fgColor: { argb: "FF0F766E" } });
    expect(sheet?.views[0]).toMatchObject({ state: "frozen", ySplit: 1 });
    expect(sheet?.autoFilter).toBe("A1:B2");
    expect(sheet?.getColumn(1).width).toBeGreaterThan(33);
  });

  it("show each currency in its own format, and total each by itself", async () => {
    const mixed = [dimension("currency", "Currency"), money("billed_cost", "Billed cost")];
    const rows: Row[] = [
      ["EUR", "1.5"],
      ["JPY", "300"],
      ["EUR", "2.5"],
    ];
    const totals = [
      { unit: "EUR", cells: [null, "4"] },
      { unit: "JPY", cells: [null, "300"] },
    ];
    const book = await withExcelJs(documentOf(mixed, rows, { title: "Costs", totals }));
    const sheet = book.getWorksheet("Costs");
    expect(sheet?.getCell("B2").numFmt).toContain("€");
    expect(sheet?.getCell("B3").numFmt).toBe('"¥"#,##0');
    expect(sheet?.getCell("A5").value).toBe("Total EUR");
    expect(sheet?.getCell("B5").value).toEqual({ formula: 'SUMIFS(B2:B4,A2:A4,"EUR")', result: 4 });
    expect(sheet?.getCell("B6").value).toEqual({ formula: 'SUMIFS(B2:B4,A2:A4,"JPY")', result: 300 });
    expect(sheet?.getCell("B6").numFmt).toBe('"¥"#,##0');
  });

  it("show an amount that would round to 0 with its digits, and its sign", async () => {
    const rows: Row[] = [
      ["a", "0.0000008"],
      ["b", "-0.002"],
      ["c", "0"],
      ["d", "0.01"],
    ];
    const sheet = (await withExcelJs(documentOf(columns, rows, { title: "Costs" }))).getWorksheet("Costs");
    const usual = '"$"#,##0.00';
    const tiny = '"$"0.00########';
    expect([2, 3, 4, 5].map((row) => sheet?.getCell(row, 2).numFmt)).toEqual([tiny, tiny, usual, usual]);
  });

  it("end with the others row and totals that are formulas with their values", async () => {
    const sheet = await table(
      [
        ["a", "1"],
        ["b", "2"],
      ],
      columns,
      { others: { groups: 5, cells: [null, "10"] } },
    );
    expect(sheet.rows.slice(-2)).toEqual([
      ["Others (5)", "10"],
      ["Total", "13"],
    ]);
    expect(sheet.cells.get("B5")?.formula).toBe("SUBTOTAL(109,B2:B4)");
  });

  it("give a total that is no sum of the rows as a value", async () => {
    const level: Column = { id: "level", label: "Level", role: "measure", type: "quantity", additive: true };
    const sheet = await table(
      [
        ["2024-09-01", "5"],
        ["2024-09-02", "7"],
      ],
      [day, level],
      {
        dataset: "usage",
        totals: [{ unit: null, cells: [null, "7"] }],
      },
    );
    expect(sheet.cells.get("B4")).toMatchObject({ value: "7", formula: undefined });
  });

  it("hold a total without a formula when there is no row", async () => {
    const sheet = await table([]);
    expect(sheet.rows).toEqual([["Service", "Billed cost (USD)"], ["No rows in this range"], ["Total", "0"]]);
    expect(sheet.cells.get("B3")?.formula).toBeUndefined();
  });

  it("keep unknown values empty, never 0", async () => {
    const sheet = await table([
      [null, null],
      ["", "0"],
    ]);
    expect(sheet.cells.get("B2")).toMatchObject({ type: "empty", value: null });
    expect(sheet.cells.get("A3")).toMatchObject({ type: "text", value: "" });
    expect(sheet.cells.get("B3")).toMatchObject({ type: "number", value: "0" });
  });

  it("mark text that looks like a formula as text, also for later edits", async () => {
    const book = await workbook(
      documentOf(
        columns,
        [
          ["=1+1", "1"],
          ["plain", "2"],
        ],
        { title: "Costs" },
      ),
    );
    const styles = elements(book.parts.get("xl/styles.xml")!, "cellXfs")[0]?.children ?? [];
    const sheet = sheetNamed(book, "Costs");
    const quoted = (ref: string): string | undefined =>
      styles[sheet.cells.get(ref)?.style ?? -1]?.attributes["quotePrefix"];
    expect(sheet.cells.get("A2")).toMatchObject({ type: "text", value: "=1+1", formula: undefined });
    expect([quoted("A2"), quoted("A3")]).toEqual(["1", undefined]);
  });

  it("read back as written, whatever the cells hold", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(nastyText(true), decimalText)), async (rows) => {
        const sheet = await table(rows);
        const want = rows.map(([text, amount]) => [text.replace(/\p{Surrogate}/gu, "\ufffd"), amount]);
        expect(sheet.rows.slice(1, -1)).toEqual(want.length === 0 ? [["No rows in this range"]] : want);
      }),
      { numRuns: 100 },
    );
  });

  it("share what repeats and write what does not into its cell", async () => {
    const rows: Row[] = Array.from({ length: 20_000 }, (_, i) => [`resource-${i}`, "1"]);
    const book = await workbook(documentOf(columns, [...rows, ["resource-1", "1"]], { title: "Costs" }));
    expect(elements(book.parts.get("xl/sharedStrings.xml")!, "si").length).toBeLessThan(10_000);
    const sheet = sheetNamed(book, "Costs");
    expect(sheet.rows.at(1)?.[0]).toBe("resource-0");
    expect(sheet.rows.at(20_000)?.[0]).toBe("resource-19999");
    expect(sheet.rows.at(20_001)?.[0]).toBe("resource-1");
  });
});

describe("limits", () => {
  it("cut a text that is longer than a cell, at a character, and say so", async () => {
    const text = `${"x".repeat(MAX_CELL - 43)}${"👍".repeat(100)}`;
    const book = await workbook(
      documentOf(
        columns,
        [
          [text, "1"],
          ["y".repeat(MAX_CELL), "2"],
        ],
        { title: "Costs" },
      ),
    );
    const [cut, whole] = sheetNamed(book, "Costs")
      .rows.slice(1)
      .map((row) => row[0] ?? "");
    expect(cut?.length).toBeLessThanOrEqual(MAX_CELL);
    expect(cut).toMatch(/^x+(👍)*… \[truncated, 32,924 characters in all\]$/u);
    expect(whole).toBe("y".repeat(MAX_CELL));
    expect(textOfSheet(book, "About this export")).toContain("1 text longer than the 32,767 characters");
    expect(textOfSheet(book, "Summary")).toContain("1 text longer than the 32,767 characters");
  });

  it("say which values have more digits than a spreadsheet keeps, and give the exact total as text", async () => {
    const exact = "123456789012.123456789";
    const book = await workbook(
      documentOf(
        columns,
        [
          ["a", exact],
          ["b", "1"],
        ],
        { title: "Costs" },
      ),
    );
    const about = textOfSheet(book, "About this export");
    expect(about).toContain('of "Billed cost" with more than 15 significant digits');
    expect(about).toContain("123456789013.123456789");
    expect(sheetNamed(book, "Costs").cells.get("B2")?.value).toBe(exact);
  });

  it("say that lone surrogates were replaced", async () => {
    const book = await workbook(
      documentOf(columns, [
        ["a\udc00", "1"],
        ["a\udc00", "1"],
      ]),
    );
    expect(textOfSheet(book, "About this export")).toContain("2 cells held half of a surrogate pair");
  });

  it("split a table that is longer than a sheet, with a note on each sheet and totals over all", async () => {
    const rows: Row[] = Array.from({ length: 25 }, (_, i) => [`s${i}`, "1"]);
    const book = await workbook(documentOf(columns, rows, { title: "Costs", batchSize: 7 }), {
      rows: 12,
      bytes: 1e9,
    });
    expect(book.sheets.map((sheet) => sheet.name)).toEqual([
      "Summary",
      "Costs",
      "Costs (2)",
      "Costs (3)",
      "About this export",
    ]);
    const parts = ["Costs", "Costs (2)", "Costs (3)"].map((name) => sheetNamed(book, name));
    expect(parts.every((sheet) => sheet.rows.length <= 12)).toBe(true);
    expect(parts.every((sheet) => sheet.rows[0]?.[0] === "Service")).toBe(true);
    const isData = (row: (string | null)[]): boolean => /^s\d+$/.test(row[0] ?? "");
    expect(parts.flatMap((sheet) => sheet.rows.filter(isData).map((row) => row[0]))).toEqual(
      rows.map((row) => row[0]),
    );
    expect(parts[0]?.rows.at(-1)?.[0]).toContain('Continues on sheet "Costs (2)"');
    expect(elements(parts[0]!.root, "hyperlink")[0]?.attributes["location"]).toBe("'Costs (2)'!A1");
    expect(parts[2]?.cells.get("B7")).toMatchObject({
      value: "25",
      formula: "SUBTOTAL(109,'Costs'!B2:B11,'Costs (2)'!B2:B11,B2:B6)",
    });
  });

  it("keeps room for the others row and the totals on the last sheet", async () => {
    const totals = [
      { unit: "EUR", cells: [null, "9"] },
      { unit: "USD", cells: [null, "1"] },
    ];
    for (let count = 5; count < 15; count++) {
      const rows: Row[] = Array.from({ length: count }, (_, i) => [`s${i}`, "1"]);
      const document = documentOf(columns, rows, {
        title: "Costs",
        totals,
        others: { groups: 2, cells: [null, "0"] },
      });
      const book = await workbook(document, { rows: 10, bytes: 1e9 });
      const tables = book.sheets.filter((sheet) => sheet.name.startsWith("Costs"));
      expect(Math.max(...tables.map((sheet) => sheet.rows.length))).toBeLessThanOrEqual(10);
      expect(
        tables
          .at(-1)
          ?.rows.slice(-3)
          .map((row) => row[0]),
      ).toEqual(["Others (2)", "Total EUR", "Total USD"]);
    }
  });

  it("does not open a second sheet when the rows just fit", async () => {
    const rows: Row[] = Array.from({ length: 10 }, (_, i) => [`s${i}`, "1"]);
    const book = await workbook(documentOf(columns, rows, { title: "Costs", batchSize: 5 }), {
      rows: 12,
      bytes: 1e9,
    });
    expect(book.sheets).toHaveLength(3);
  });

  it("splits by size too, so that no part reaches 4 GiB", async () => {
    const rows: Row[] = Array.from({ length: 20_000 }, (_, i) => [`service ${i} ${"x".repeat(100)}`, "1"]);
    const book = await workbook(documentOf(columns, rows, { title: "Costs" }), {
      rows: 1e6,
      bytes: 1_000_000,
    });
    expect(book.sheets.length).toBeGreaterThan(4);
    const data = book.sheets.flatMap((sheet) => sheet.rows.filter((row) => row[0]?.startsWith("service ")));
    expect(data).toHaveLength(20_000);
  });
});

describe("the workbook", () => {
  it("has sheet names that Excel takes, each its own", async () => {
    const long = "A very long title with [brackets] / slashes: and * more";
    const titles = [
      "summary",
      long,
      long,
      "'quoted'",
      "History",
      "",
      "Chart data",
      "a?\u0000b",
      "👍".repeat(20),
    ];
    const base = documentOf(columns, [["a", "1"]]);
    const sections = titles.map((title, i) => {
      const section = documentOf(columns, [["a", "1"]], { title }).sections[0];
      if (section?.kind !== "table") throw new Error("no table");
      return { ...section, id: `t${i}`, detail: false };
    });
    const book = await workbook({ ...base, sections: [...sections, ...base.sections] });
    const names = book.sheets.map((sheet) => sheet.name);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(titles.length + 3);
    for (const name of names) {
      expect(name.length).toBeLessThanOrEqual(31);
      expect(name).toMatch(/^[^[\]:*?/\\']+$/);
      expect(name.toLowerCase()).not.toBe("history");
    }
  });

  it("is well-formed whatever titles, names and notes hold", async () => {
    await fc.assert(
      fc.asyncProperty(nastyText(true), nastyText(true), async (a, b) => {
        const section = chartSection(a, { kind: "bar", x: "service", y: ["billed_cost"] }, columns, [
          [b, "1"],
        ]);
        const document = documentOf([dimension(a, b), usd], [["x", "1"]], {
          title: a,
          sections: [{ kind: "heading", text: b }, { kind: "text", text: a }, section],
        });
        const named = { ...document, description: b, tenant: { id: "acme", name: b } };
        expect((await workbook(named)).sheets.length).toBeGreaterThanOrEqual(4);
      }),
      { numRuns: 60 },
    );
  });

  it("keeps texts of any length within the limits of footers and cells", async () => {
    const title = "R&D & more ".repeat(100);
    const sections = [{ kind: "text" as const, text: "word ".repeat(10_000) }];
    const book = await workbook(documentOf(columns, [["a", "1"]], { title, sections }));
    for (const { root, cells } of book.sheets) {
      for (const footer of elements(root, "oddFooter")) {
        expect(footer.text.length).toBeLessThanOrEqual(255);
        expect(footer.text).toMatch(/^&LR&&D && more .*…&RPage &P of &N$/);
      }
      for (const cell of cells.values()) expect(cell.value?.length ?? 0).toBeLessThanOrEqual(MAX_CELL);
    }
    expect(textOfSheet(book, "Summary")).toContain("[truncated, 50,000 characters in all]");
  });

  it("keeps the order of elements that ECMA-376 asks for in a worksheet", async () => {
    const order = [
      "sheetPr",
      "dimension",
      "sheetViews",
      "sheetFormatPr",
      "cols",
      "sheetData",
      "sheetProtection",
      "autoFilter",
      "mergeCells",
      "conditionalFormatting",
      "dataValidations",
      "hyperlinks",
      "printOptions",
      "pageMargins",
      "pageSetup",
      "headerFooter",
      "rowBreaks",
      "colBreaks",
      "ignoredErrors",
      "drawing",
      "tableParts",
    ];
    const book = await workbook(showcase());
    for (const { root } of book.sheets) {
      const places = root.children.map((child) => order.indexOf(child.name));
      expect(places).not.toContain(-1);
      expect(places).toEqual([...places].sort((x, y) => x - y));
      expect(new Set(places).size).toBe(places.length);
    }
  });

  it("links from the summary to every other sheet, in document properties says what it is", async () => {
    const book = await workbook(showcase());
    const summary = sheetNamed(book, "Summary");
    const links = elements(summary.root, "hyperlink").map((link) => link.attributes["location"]);
    for (const { name } of book.sheets.slice(1)) expect(links).toContain(`'${name}'!A1`);
    const core = book.parts.get("docProps/core.xml");
    expect(core?.children.find((child) => child.name === "dc:title")?.text).toBe("Cost analysis");
    expect(textOfSheet(book, "Summary")).toContain("DEMO DATA");
    expect(textOfSheet(book, "About this export")).toContain("DEMO DATA");
  });

  it("shows cards with values as numbers, changes with arrows, and what is not known as such", async () => {
    const summary = sheetNamed(await workbook(showcase()), "Summary");
    const values = [...summary.cells.values()];
    expect(values).toContainEqual(expect.objectContaining({ type: "number", value: "123456.789" }));
    expect(values).toContainEqual(expect.objectContaining({ type: "number", value: "0.925" }));
    const text = summary.rows.flat().join("\n");
    expect(text).toContain("▲ +9.8% vs 1 Aug 2024 – 31 Aug 2024");
    expect(text).toContain("not available");
  });

  it("embeds the tenant's logo", async () => {
    const png =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const document = documentOf(columns, [["a", "1"]], {
      branding: { color: "#123456", logo: `data:image/png;base64,${png}` },
    });
    const book = await workbook(document);
    expect(book.files.get("xl/media/logo.png")?.toString("base64")).toBe(png);
    expect(
      (
        await withExcelJs(
          documentOf(columns, [["a", "1"]], { branding: { logo: `data:image/png;base64,${png}` } }),
        )
      )
        .getWorksheet("Summary")
        ?.getImages(),
    ).toHaveLength(1);
  });
});

describe("native charts", () => {
  it("are bound to cells, and their caches say what the cells say", async () => {
    const book = await workbook(showcase());
    const charts = [...book.parts].filter(([name]) => name.startsWith("xl/charts/"));
    expect(charts).toHaveLength(6);
    const cells = sheetNamed(book, "Chart data").cells;
    for (const [, chart] of charts) {
      const references = [...elements(chart, "c:numRef"), ...elements(chart, "c:strRef")];
      expect(references.length).toBeGreaterThan(2);
      for (const reference of references) {
        const [, column = "", first = "", last = first] =
          /^'Chart data'!\$([A-Z]+)\$(\d+)(?::\$[A-Z]+\$(\d+))?$/.exec(reference.children[0]?.text ?? "") ??
          [];
        const cached = new Map(
          elements(reference, "c:pt").map((point) => [
            Number(point.attributes["idx"]),
            elements(point, "c:v")[0]?.text,
          ]),
        );
        for (let row = Number(first); row <= Number(last); row++) {
          expect(cells.get(`${column}${row}`)?.value ?? undefined).toBe(cached.get(row - Number(first)));
        }
      }
    }
  });

  it("draw each kind as the kind it is", async () => {
    const book = await workbook(showcase());
    const kinds = [...book.parts]
      .filter(([name]) => name.startsWith("xl/charts/"))
      .map(([, chart]) =>
        ["c:lineChart", "c:areaChart", "c:barChart", "c:doughnutChart"].filter(
          (kind) => elements(chart, kind).length > 0,
        ),
      );
    expect(kinds).toEqual([
      ["c:lineChart"],
      ["c:areaChart"],
      ["c:barChart"],
      ["c:doughnutChart"],
      ["c:lineChart", "c:barChart"],
      ["c:doughnutChart"],
    ]);
  });

  it("describe themselves to those who cannot see them", async () => {
    const drawing = (await workbook(showcase())).parts.get("xl/drawings/drawing1.xml");
    const texts = elements(drawing!, "xdr:cNvPr").map((item) => item.attributes["descr"]);
    expect(texts).toHaveLength(6);
    expect(texts.at(-1)).toBe("HIPAA score. Compliance score: 92.5%.");
  });

  it("stand beside a heatmap of coloured cells", async () => {
    const summary = sheetNamed(await workbook(showcase()), "Summary");
    const at = summary.rows.findIndex((row) => row[0] === "Service / Severity");
    expect(summary.rows[at]?.slice(2)).toEqual(["critical", "high", "medium", "low"]);
    const styles = new Set(
      [...summary.cells].filter(([ref]) => /^[D-G]\d+$/.test(ref)).map(([, cell]) => cell.style),
    );
    expect(styles.size).toBeGreaterThan(8);
  });
});
