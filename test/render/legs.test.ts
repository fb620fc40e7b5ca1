import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Column, Row } from "../../src/core/query/query.ts";
import type { DocumentSection, ReportDocument } from "../../src/core/reports/document.ts";
import type { Leg, LegBytes, RenderOptions } from "../../src/ports/renderer.ts";
import { rendererFor } from "../../src/render/registry.ts";
import type { ExportFormat } from "../../src/core/reports/formats.ts";
import { renderWorkbook } from "../../src/render/xlsx/xlsx.ts";
import { seededRandom } from "../cloud/faults.ts";
import { collect, day, dimension, documentOf, money, showcase } from "../support/documents.ts";
import { writeInLegs } from "../support/legs.ts";
import { NASTY } from "../support/nasty.ts";

const instant: Column = { ...dimension("at", "At"), type: "instant" };
const columns = [
  ...[
    day,
    dimension("account", "Account"),
    dimension("service", "Service"),
    dimension("resource", "Resource"),
  ],
  ...[instant, dimension("currency", "Currency"), dimension("note", "Note")],
  ...[money("billed_cost", "Billed cost"), money("list_cost", "List cost", "USD")],
];
const SHORT_NASTY = NASTY.filter((text) => text.length < 100);
const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** Rows of all kinds: few and many distinct texts, sorted and unsorted, tall ones, characters no font has. */
function rowsOf(count: number, seed: number, mayBeOdd: boolean): Row[] {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const odd = mayBeOdd ? random() * 0.1 : 0;
  return Array.from({ length: count }, (_, i): Row => {
    const nasty = random() < odd;
    const digits = String(Math.floor(random() * 1e9));
    return [
      `2024-09-${String(1 + Math.floor((i / count) * 30)).padStart(2, "0")}`,
      String(100_000_000_000 + Math.floor((i / count) * 12)),
      nasty ? pick(SHORT_NASTY) : `Service ${Math.floor(random() * 40)}`,
      `arn:aws:ec2:us-east-1::instance/i-${(i * 7919).toString(36)}${digits}`,
      random() < 0.02
        ? "not an instant"
        : `2024-09-01T0${i % 10}:00:00.${String(i % 1000).padStart(3, "0")}Z`,
      i % 97 === 0 ? "EUR" : "USD",
      nasty ? "word ".repeat(Math.floor(random() * 120)) + pick(["\ud800", "\u{1f4ca}", "שלום", "한"]) : null,
      random() < 0.01 ? "0.0000001234" : `${digits}.${i % 100}5`,
      random() < 0.01 ? "12345678901234567.89" : `-${digits}.25`,
    ];
  });
}

function sideTable(id: string, rows: readonly Row[]): DocumentSection {
  const section = documentOf([dimension("team", "Team \ud800"), money("cost", "Cost", "USD")], rows)
    .sections[0];
  if (section?.kind !== "table") throw new Error("no table");
  return { ...section, id, title: `Table ${id}`, detail: false };
}

interface Shape {
  rows: number;
  seed: number;
  batchSize: number;
  withSides: boolean;
  odd: boolean;
}

/** The same document each time it is made, as a stored report over unchanged facts is. */
function makerOf({ rows, seed, batchSize, withSides, odd }: Shape): () => ReportDocument {
  const all = rowsOf(rows, seed, odd);
  return () => {
    const document = documentOf(columns, all, {
      batchSize,
      sections: withSides ? [...showcase(5).sections.slice(0, -1), sideTable("a", [["x \udc00", "1"]])] : [],
      others: { groups: 3, cells: columns.map((column) => (column.role === "measure" ? "1.5" : null)) },
      branding: withSides ? { color: "#0f766e", logo: PIXEL } : {},
    });
    return withSides
      ? { ...document, sections: [...document.sections, sideTable("b", [["y", "2"]])] }
      : document;
  };
}

/** Without a leg, the file as it is written at a stretch. */
type Write = (document: ReportDocument, leg?: Leg) => AsyncIterable<Uint8Array> | LegBytes;

async function writerOf(format: ExportFormat, options: RenderOptions = {}): Promise<Write> {
  const renderer = await rendererFor(format, options);
  return (document, leg) =>
    leg === undefined ? renderer.render(document, options) : renderer.renderLeg(document, options, leg);
}

interface Size {
  rows: number;
  /** Of the places where the file may be left, how many are taken. */
  shares: readonly number[];
  runs: number;
  /** Whether some cells hold what breaks careless writers. */
  odd: boolean;
}
const LARGE: Size = { rows: 12_000, shares: [0.2, 0.5, 1], runs: 10, odd: true };
/** A PDF may be left on each of its pages, and opens all its fonts anew on each leg. */
const SMALL: Size = { rows: 700, shares: [0.02, 0.1], runs: 5, odd: true };
/** Enough for a PDF to be tagged by row, not by cell. */
const PLAIN: Size = { rows: 5_000, shares: [0.02, 0.1], runs: 3, odd: false };

const cases: [string, () => Promise<Write>, Size][] = [
  ["CSV", () => writerOf("csv", { bom: true, delimiter: ";" }), LARGE],
  ["JSON", () => writerOf("json"), LARGE],
  ["NDJSON", () => writerOf("json", { lines: true }), LARGE],
  ["XLSX", () => writerOf("xlsx"), LARGE],
  [
    "XLSX on many sheets",
    () => Promise.resolve((document, leg) => renderWorkbook(document, { rows: 1500, bytes: 5e6 }, leg)),
    LARGE,
  ],
  ["PDF", () => writerOf("pdf"), SMALL],
  ["PDF of many rows", () => writerOf("pdf", { page: { size: "letter", orientation: "landscape" } }), PLAIN],
];

describe.each(cases)("%s in legs", (_name, writer, { rows: most, shares, runs, odd }) => {
  it("is the same file, wherever it is cut and how often", async () => {
    const write = await writer();
    const shapes = fc.record({
      rows: fc.integer({ min: 1, max: most >> 1 }),
      seed: fc.nat(),
      batchSize: fc.constantFrom(1, 100, 999, 5000),
      withSides: fc.boolean(),
    });
    let cut = 0;
    await fc.assert(
      fc.asyncProperty(shapes, fc.nat(), fc.constantFrom(...shares), async (shape, seed, share) => {
        const make = makerOf({ ...shape, odd });
        const whole = await collect(write(make()));
        const random = seededRandom(seed);
        const { bytes, cuts } = await writeInLegs(make, write, () => random() < share);
        cut += cuts.length;
        expect(bytes.equals(whole)).toBe(true);
      }),
      {
        numRuns: runs,
        examples: [[{ rows: most, seed: 1, batchSize: 999, withSides: true }, 1, shares.at(-1) ?? 1]],
      },
    );
    expect(cut).toBeGreaterThan(3);
  }, 60_000);
});
