import fc from "fast-check";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";
import { beforeAll, describe, expect, it } from "vitest";
import { DomainError } from "../../core/errors/errors.ts";
import type { Cell, Column, Row } from "../../core/query/query.ts";
import type { ReportDocument } from "../../core/reports/document.ts";
import type { RenderOptions } from "../../ports/renderer.ts";
import {
  bytesOf,
  dimension,
  documentOf,
  headOf,
  kpi,
  money,
  resultOf,
  streamOf,
  table,
} from "../../../test/fixtures/report-document.ts";
import { FONT_FOLDER } from "../../../test/support/rendering.ts";
import { createPdfRenderer } from "./pdf.ts";

const pdfRenderer = createPdfRenderer(FONT_FOLDER);
interface Placed {
  text: string;
  x: number;
  y: number;
  width: number;
}
interface ReadPage {
  width: number;
  height: number;
  items: Placed[];
  /** All text of the page, in the order it was drawn. */
  text: string;
}

/** The file as a reader sees it: nothing of our own code takes part. */
async function open(document: ReportDocument, options?: RenderOptions): ReturnType<typeof load> {
  return load(await bytesOf(pdfRenderer.render(document, options)));
}

async function load(data: Uint8Array) {
  const pdf = await getDocument({ data: new Uint8Array(data), verbosity: 0 }).promise;
  const pages: ReadPage[] = [];
  for (let i = 1; i <= pdf.numPages; i++) {
    const page = await pdf.getPage(i);
    const [, , width = 0, height = 0] = page.view;
    const items: Placed[] = [];
    for (const item of (await page.getTextContent()).items) {
      if (!("str" in item)) continue;
      const [, , , , x, y] = item.transform as number[];
      items.push({ text: item.str, x: x ?? 0, y: y ?? 0, width: item.width });
    }
    pages.push({ width, height, items, text: items.map((item) => item.text).join("\n") });
  }
  return { pdf, pages, text: pages.map((page) => page.text).join("\n") };
}

const COLUMNS: Column[] = [
  dimension("id", "Row"),
  dimension("service", "Service"),
  money("billed_cost", "Billed cost"),
  { ...money("quantity", "Quantity", "GB"), type: "quantity" },
];
const rowOf = (i: number): Row => [
  `R${String(i).padStart(6, "0")}`,
  `Service ${i % 7}`,
  `${i}.25`,
  `${i % 13}.5`,
];
const rows = (count: number): Row[] => Array.from({ length: count }, (_, i) => rowOf(i));
const detail = (list: Row[], columns = COLUMNS, extra = {}): ReportDocument =>
  documentOf([table("Detail rows", streamOf(headOf(columns, list.length, extra), list))]);

/** Everything in the structure tree, as [role, alternative text or content ids]. */
interface Node {
  type?: string;
  role?: string;
  children?: Node[];
  alt?: string;
}
/** The roles that have content on the page, with those they are in. */
function rolesOn(node: Node | null): string[] {
  const own = node?.children?.some((child) => child.type === "content") === true;
  const below = (node?.children ?? []).flatMap(rolesOn);
  return own || below.length > 0 ? [node?.role ?? "", ...below] : [];
}
const walk = (node: Node | null): Node[] =>
  node === null ? [] : [node, ...(node.children ?? []).flatMap(walk)];

describe("a long table in a PDF", () => {
  const COUNT = 2500;
  const totals = [
    { unit: "USD", cells: [null, null, "3124375", null] },
    { unit: "GB", cells: [null, null, null, "16250.5"] },
  ];
  let read: Awaited<ReturnType<typeof load>>;
  beforeAll(async () => {
    read = await open(detail(rows(COUNT), COLUMNS, { totals }));
  });

  it("has every row once, in order", () => {
    const ids = read.text.match(/R\d{6}/g) ?? [];
    expect(ids).toHaveLength(COUNT);
    expect(ids).toEqual(rows(COUNT).map((row) => row[0]));
  });

  it("repeats its header on each page and numbers the pages", () => {
    const withRows = read.pages.filter((page) => /R\d{6}/.test(page.text));
    expect(withRows.length).toBeGreaterThan(20);
    for (const page of withRows) {
      for (const heading of ["Row", "Service", "Billed cost", "Quantity (GB)"]) {
        expect(page.items.filter((item) => item.text === heading)).toHaveLength(1);
      }
    }
    read.pages.forEach((page, i) => {
      expect(page.text.replace(/\s+/g, " ")).toContain(`Page ${i + 1} of ${read.pages.length}`);
    });
  });

  it("formats amounts, lines their points up and ends with a total a unit", () => {
    expect(read.text).toContain("$1,234.25");
    const total = read.pages.at(-1)?.text ?? "";
    const last = `${read.pages.at(-2)?.text ?? ""}\n${total}`;
    for (const shown of ["Total USD", "$3,124,375.00", "Total GB", "16,250.5"]) expect(last).toContain(shown);
    const page = read.pages[3];
    const ends =
      page?.items.filter((item) => item.text.startsWith("$")).map((item) => item.x + item.width) ?? [];
    expect(Math.max(...ends) - Math.min(...ends)).toBeLessThan(0.1);
  });

  it("ends with the manifest, totals to the last digit", () => {
    const last = read.pages.at(-1)?.text ?? "";
    for (const shown of [
      "About this report",
      "2,500 of 2,500, complete",
      "3124375 USD",
      "16250.5 GB",
      "Europe/Berlin",
      `sha256:${"0123456789abcdef".repeat(4)}`,
    ]) {
      expect(last).toContain(shown);
    }
  });

  it("draws nothing outside the page's margins", () => {
    for (const page of read.pages) {
      for (const item of page.items.filter((one) => one.text.trim() !== "")) {
        expect(item.x).toBeGreaterThanOrEqual(39);
        expect(item.x + item.width).toBeLessThanOrEqual(page.width - 39);
        expect(item.y).toBeGreaterThan(15);
        expect(item.y).toBeLessThan(page.height - 15);
      }
    }
  });

  it("is tagged row by row, as a table with header cells on each page", async () => {
    const first = rolesOn(await (await read.pdf.getPage(1)).getStructTree());
    expect(first).toContain("H1");
    const second = rolesOn(await (await read.pdf.getPage(2)).getStructTree());
    expect(second.filter((role) => role === "Table")).toHaveLength(1);
    expect(second.filter((role) => role === "TH")).toHaveLength(4);
    expect(second.filter((role) => role === "TD").length).toBe(
      second.filter((role) => role === "TR").length - 1,
    );
  });

  it("says its title, language and conformance", async () => {
    const { info, metadata } = await read.pdf.getMetadata();
    expect(info).toMatchObject({
      Title: "Cost analysis",
      Author: "Acme Health",
      Language: "en",
      PDFFormatVersion: "1.7",
    });
    const xmp = (metadata as { getRaw(): string } | null)?.getRaw() ?? "";
    expect(xmp).toMatch(/<pdfaid:part>2<[\s\S]*<pdfaid:conformance>A</);
    expect(xmp).toContain("<pdfuaid:part>1</pdfuaid:part>");
    expect(await read.pdf.getMarkInfo()).toMatchObject({ Marked: true });
  });
});

describe("a report in a PDF", () => {
  const day = dimension("day", "Day", { type: "date", grain: "day" });
  const chart = resultOf(
    [day, money("cost", "Cost")],
    [
      ["2024-09-01", "10"],
      ["2024-09-02", "30"],
    ],
  );
  const sections = [
    {
      kind: "kpis" as const,
      items: [
        kpi("Billed", "1234.5", { change: { absolute: "10", percent: "0.8", against: "August 2024" } }),
        kpi("Credits", null),
        kpi("Largest", "99", { name: "Amazon EC2" }),
      ],
    },
    { kind: "heading" as const, text: "Trend" },
    { kind: "text" as const, text: "Words about it." },
    {
      kind: "chart" as const,
      id: "c",
      title: "Cost by day",
      chart: { kind: "line" as const, x: "day", y: ["cost"] },
      data: chart,
    },
    table("Detail rows", streamOf(headOf(COLUMNS, 300), rows(300))),
  ];

  it("links its contents to the pages and bookmarks them", async () => {
    const { pdf, pages } = await open(documentOf(sections));
    const outline = await pdf.getOutline();
    expect(
      outline.map((item) => [item.title, (item.items as { title: string }[]).map((child) => child.title)]),
    ).toEqual([
      ["Trend", ["Cost by day", "Detail rows"]],
      ["About this report", []],
    ]);
    expect(pages[0]?.text).toContain("Contents");
    const links = await (await pdf.getPage(1)).getAnnotations();
    const about = links.find((link: { contentsObj?: { str: string } }) =>
      link.contentsObj?.str.startsWith("About"),
    ) as {
      dest: [Parameters<typeof pdf.getPageIndex>[0]];
    };
    expect(links).toHaveLength(4);
    expect(await pdf.getPageIndex(about.dest[0])).toBe(pages.length - 1);
    expect(pages[0]?.text.replace(/\s+/g, " ")).toContain(`About this report ${pages.length}`);
  });

  it("describes charts to those who cannot see them, and never shows unknown as 0", async () => {
    const { pdf, text } = await open(
      documentOf(sections.slice(0, 4).concat(table("D", streamOf(headOf(COLUMNS, 1), rows(1))))),
    );
    const nodes = walk(await (await pdf.getPage(1)).getStructTree());
    const figure = nodes.find((node) => node.role === "Figure");
    expect(figure?.alt).toBe(
      "Cost by day. Line chart of Cost by Day, 1 Sep to 2 Sep. Cost: 1 Sep $10.00, 2 Sep $30.00.",
    );
    for (const shown of ["$1,234.50", "+0.8%", "vs August 2024", "not available", "Amazon EC2"])
      expect(text).toContain(shown);
    expect(text).not.toContain("$0.00");
  });

  it("labels demo data on every page", async () => {
    const { pages } = await open(
      documentOf([table("D", streamOf(headOf(COLUMNS, 90), rows(90)))], { demo: true }),
    );
    for (const page of pages) expect(page.text).toContain("DEMO DATA");
    expect(pages[0]?.text).toContain("Demo data");
  });

  it("carries the tenant's logo, and says when it cannot", async () => {
    const png =
      "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const small = (logo: string): ReportDocument =>
      documentOf([table("D", streamOf(headOf(COLUMNS, 1), rows(1)))], {
        branding: { color: "#b91c1c", logo },
      });
    const good = await open(small(png));
    const nodes = walk(await (await good.pdf.getPage(1)).getStructTree());
    expect(nodes.find((node) => node.role === "Figure")?.alt).toBe("Logo of Acme Health");
    const bad = await open(small("data:image/png;base64,AAAA"));
    expect(bad.text).toContain("The logo could not be shown");
  });

  it("keeps to the paper that was asked for, and turns only when none was", async () => {
    const wide = Array.from({ length: 14 }, (_, i) => dimension(`c${i}`, `Column number ${i}`));
    const list = [wide.map((_, i) => `value ${i} of some length`)];
    const sizes = async (options?: RenderOptions): Promise<string[]> => {
      const { pages } = await open(detail(list, wide), options);
      return pages.map((page) => `${Math.round(page.width)}x${Math.round(page.height)}`);
    };
    expect(await sizes()).toContain("842x595");
    expect(new Set(await sizes({ page: { size: "letter", orientation: "portrait" } }))).toEqual(
      new Set(["612x792"]),
    );
    expect(new Set(await sizes({ page: { size: "A4", orientation: "landscape" } }))).toEqual(
      new Set(["842x595"]),
    );
  });

  it("shares a page that a wide table turned with the table behind it, unless that is a long one", async () => {
    const wide = Array.from({ length: 18 }, (_, i) => dimension(`c${i}`, `Column number ${i}`));
    const few = [wide.map((_, i) => `value ${i} of some length`)];
    const pageOf = async (count: number): Promise<ReadPage | undefined> => {
      const { pages } = await open(
        documentOf([
          table("First", streamOf(headOf(COLUMNS, 1), [["first", "s", "1", "1"]]), false),
          table("Wide one", streamOf(headOf(wide, 1), few), false),
          table("D", streamOf(headOf(COLUMNS, count), rows(count))),
        ]),
      );
      return pages.find(({ text }) => text.includes("R000000"));
    };
    expect((await pageOf(60))?.text).toContain("Wide one");
    const long = await pageOf(600);
    expect(long?.text).not.toContain("Wide one");
    expect(long?.height).toBeGreaterThan(long?.width ?? 0);
  });

  it("shows how ids begin that repeat, and says so", async () => {
    const load: Column = { ...dimension("load", "Load"), repeatedIds: true };
    const id = "ca20b854-bf2c-4e73-8211-147575fde84b";
    const { text } = await open(detail([[id], [id], ["short-id"]], [load]));
    expect(text).toContain("ca20b854…");
    expect(text).not.toContain("147575fde84b");
    expect(text).toContain("short-id");
    expect(text).toContain("Load shows how its ids begin");
  });

  it("does not break an instant", async () => {
    const at: Column = { ...dimension("at", "At"), type: "instant" };
    const cols = [at, ...Array.from({ length: 7 }, (_, i) => dimension(`c${i}`, `C${i}`))];
    const list = Array.from({ length: 30 }, (_, i): Row => [
      "2026-11-23T06:00:00Z",
      ...Array.from({ length: 7 }, (_, c) => `words ${i} that are ${c} long enough to be broken`),
    ]);
    expect((await open(detail(list, cols))).text).toContain("2026-11-23 06:00:00 UTC");
  });

  it("adds up groups of a sorted table, and only of a sorted one", async () => {
    const two = [dimension("region", "Region"), dimension("service", "Service"), money("cost", "Cost")];
    const list: Row[] = ["a", "a", "b", "b", "b", "c"].map((region, i) => [region, `s${i}`, `${i}.1`]);
    const sorted = await open(detail(list, two));
    expect(sorted.text).toContain("Subtotal a");
    expect(sorted.text).toContain("$9.30");
    expect(sorted.text).not.toContain("Subtotal c");
    expect((await open(detail(list.toReversed().concat(list), two))).text).not.toContain("Subtotal");
  });

  it("says that a table is empty", async () => {
    const { text } = await open(detail([]));
    expect(text).toContain("No rows in this range");
    expect(text).toContain("0 rows");
  });
});

describe("nasty cells in a PDF", () => {
  it("come out right, or as a stated replacement", async () => {
    const cells = [
      "=1+1",
      "-5",
      "+49 30",
      "@x",
      "tab\there",
      "line\nbreak",
      "R&D <b>",
      "(paren\\s)",
      "Ω Ж é ß",
      null,
      "",
    ];
    const list: Row[] = cells.map((cell, i) => [`R${String(i).padStart(6, "0")}`, cell, "1", "1"]);
    const { text } = await open(detail(list));
    for (const shown of [
      "=1+1",
      "-5",
      "+49 30",
      "@x",
      "tab here",
      "line\nbreak",
      "R&D <b>",
      "(paren\\s)",
      "Ω Ж é ß",
    ]) {
      expect(text).toContain(shown);
    }
    expect(text.match(/—/g)).toHaveLength(2);
  });

  it("are replaced visibly and counted where no font has them", async () => {
    const { text } = await open(detail([["R000000", "漢字 🙂 \u0000 \ud800", "1", "1"]]));
    expect(text.replace(/\s+/g, " ")).toContain("□□ □ □ □");
    expect(text).toContain("5 different characters could not be shown");
  });

  it("of 32,767 characters are whole, over as many pages as it takes", async () => {
    const long = Array.from({ length: 32_767 }, (_, i) => (i % 9 === 8 ? " " : String(i % 10))).join("");
    const { pages, text } = await open(
      detail([
        ["R000000", long, null, null],
        ["R000001", "after", "2", "2"],
      ]),
    );
    const solid = (value: string): string => value.replace(/\s/g, "");
    const digits = solid(
      pages
        .map((page) =>
          page.items
            .filter((item) => /^[\d ]{7,}$/.test(item.text))
            .map((i) => i.text)
            .join(""),
        )
        .join(""),
    );
    expect(digits.length).toBeGreaterThanOrEqual(solid(long).length);
    expect(digits).toContain(solid(long).slice(0, 20_000));
    expect(text).toContain("R000001");
    for (const page of pages) for (const item of page.items) expect(item.y).toBeGreaterThan(15);
  });

  it("lose no row and leave no page, whatever they hold", async () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 80 }),
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.stringMatching(/^[A-Za-z0-9/:_-]{0,200}$/),
      fc.constantFrom<Cell>(null, "=SUM(A1)", "خدمة 12", "a\nb\nc\nd"),
    );
    const number = fc.option(fc.bigInt(-(10n ** 24n), 10n ** 24n).map(String), { nil: null });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(text, text, number), { minLength: 1, maxLength: 60 }),
        async (list) => {
          const columns = [
            dimension("id", "Row"),
            dimension("a", "A"),
            dimension("b", "B"),
            money("cost", "Cost"),
          ];
          const { pages, text: all } = await open(
            detail(
              list.map(([a, b, cost], i) => [`Q${1000 + i}Q`, a, b, cost]),
              columns,
            ),
          );
          const ids = all.match(/Q\d{4}Q/g) ?? [];
          for (let i = 0; i < list.length; i++) expect(ids).toContain(`Q${1000 + i}Q`);
          for (const page of pages) {
            for (const item of page.items) {
              expect(item.x).toBeGreaterThanOrEqual(0);
              expect(item.x + item.width).toBeLessThanOrEqual(page.width);
              expect(item.y).toBeGreaterThan(0);
              expect(item.y).toBeLessThan(page.height);
            }
          }
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);
});

describe("the stream of a PDF", () => {
  it("reads nothing before it is asked, and stops when nobody reads on", async () => {
    const stream = streamOf(headOf(COLUMNS, 100_000), endless());
    const chunks = pdfRenderer.render(documentOf([table("D", stream)]))[Symbol.asyncIterator]();
    expect(stream.pulled).toBe(0);
    await chunks.next();
    const pulled = stream.pulled;
    expect(pulled).toBeGreaterThan(0);
    expect(pulled).toBeLessThan(20_000);
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(stream.pulled).toBe(pulled);
    await chunks.return?.();
    expect(stream.ended).toBe(true);
  });

  it("lets a failing row stream through", async () => {
    const failing = {
      head: headOf(COLUMNS, 2000),
      // eslint-disable-next-line @typescript-eslint/require-await -- rows are at hand
      async *batches() {
        yield rows(1000);
        throw new DomainError("store.down", "unavailable", "The store went away");
      },
    };
    await expect(bytesOf(pdfRenderer.render(documentOf([table("D", failing)])))).rejects.toThrow(
      "The store went away",
    );
  });

  it("is the same for the same document", async () => {
    const once = await bytesOf(pdfRenderer.render(detail(rows(400))));
    const again = await bytesOf(pdfRenderer.render(detail(rows(400))));
    expect(Buffer.compare(once, again)).toBe(0);
  });

  it("tags every cell of a table to be read, and its header once", async () => {
    const { pdf } = await open(detail(rows(90)));
    const first = rolesOn(await (await pdf.getPage(1)).getStructTree());
    const second = rolesOn(await (await pdf.getPage(2)).getStructTree());
    const count = (roles: string[], role: string): number => roles.filter((one) => one === role).length;
    expect(count(first, "TH")).toBe(4);
    expect(count(second, "TH")).toBe(0);
    expect(count(first, "TD") + count(second, "TD")).toBeGreaterThan(250);
  });
});

function* endless(): Generator<Row> {
  for (let i = 0; ; i++) yield rowOf(i);
}
