import { changeLabel } from "../../core/charts/abbreviate.ts";
import { heatColor, STATUS_TEXT, textOn } from "../../core/charts/palette.ts";
import type { GridChart } from "../../core/charts/series.ts";
import { compareDecimals } from "../../core/money/decimal.ts";
import type { Kpi, ReportDocument } from "../../core/reports/document.ts";
import { describeRange } from "../../core/time/ranges.ts";
import { counted } from "../shared/text.ts";
import { DEMO_TEXT } from "./about.ts";
import { formatOf, numbers, type BoundChart } from "./chart-sheet.ts";
import { chartDescription } from "./charts.ts";
import type { ChartPlace } from "./drawing.ts";
import { columnFormat, shownDigits, tinyFormat } from "./formats.ts";
import { Grid, type GridValue } from "./grid.ts";
import type { Look } from "./look.ts";
import { sheetFoot, sheetHead } from "./sheet.ts";
import type { Style, StyleBook } from "./styles.ts";
import { percentShare, roundsToZero } from "./values.ts";

/** The page: a margin, then twelve columns. */
const LEFT = 1;
const COLUMNS = 12;
const COLUMN_WIDTH = 11.5;
const CARD = 3;
const CONTENTS = 4;
const CHART = 6;
const CHART_ROWS = 17;
const TEXT_CHARACTERS = 150;
/** What fits on a printed page at the width of the sheet, portrait, in points; the smaller of A4 and letter. */
const PAGE_POINTS = 1000;
const ROW_POINTS = 15;

/** A part of the summary, in the order of the report. */
export type SummaryPart =
  | { kind: "heading" | "text"; text: string }
  | { kind: "kpis"; items: readonly Kpi[] }
  | { kind: "chart"; chart: BoundChart }
  | { kind: "heatmap"; title: string; grid: GridChart }
  | { kind: "table"; title: string; rows: number; sheets: readonly string[] }
  | { kind: "failed"; title: string; text: string };

/** The sheet "Summary": what the report says at a glance, with links to the tables. */
export class Summary {
  readonly charts: ChartPlace[] = [];
  readonly #grid: Grid;
  readonly #look: Look;
  readonly #breaks: number[] = [];
  #pageStart = 0;
  #row = 2;
  /** Whether the left half of the current row of charts is taken. */
  #halfTaken = false;
  /** Whether the row above belongs to a chart or a heatmap, which need room below. */
  #chartsAbove = false;

  constructor(styles: StyleBook, look: Look) {
    this.#grid = new Grid(styles);
    this.#look = look;
  }

  /** Title, tenant and period, and the contents. @param sheets of the workbook, but this one, with what is on them */
  head(document: ReportDocument, sheets: readonly { name: string; note: string }[]): void {
    const { title, description, tenant, range, generatedAt, dataAsOf, demo } = document;
    const grid = this.#grid;
    grid.height(1, 9);
    grid.merge(LEFT, this.#row, 9, { text: title }, this.#look.title);
    grid.height(this.#row++, 36);
    const about = [tenant.name, describeRange(range), `days of ${range.zone}`].join("  ·  ");
    this.#wide(about, { ...this.#look.subtitle, size: 12 }, 24);
    const times = [
      `Generated ${minute(generatedAt)}`,
      dataAsOf === null ? "no data loaded" : `data as of ${minute(dataAsOf)}`,
    ];
    this.#wide(times.join("  ·  "), { ...this.#look.note, size: 9 }, 18);
    if (demo) this.#wide(DEMO_TEXT, this.#look.demo, 24);
    if (description !== "") this.#paragraph(description);
    this.#contents(sheets);
  }

  #contents(sheets: readonly { name: string; note: string }[]): void {
    this.#row++;
    const perRow = COLUMNS / CONTENTS;
    sheets.forEach(({ name, note }, i) => {
      const column = LEFT + (i % perRow) * CONTENTS;
      const row = this.#row + Math.floor(i / perRow);
      const text = note === "" ? name : `${name}  (${note})`;
      this.#grid.merge(column, row, CONTENTS, { text }, this.#look.link);
      this.#grid.height(row, 18);
      this.#grid.link(column, row, name);
    });
    this.#row += Math.ceil(sheets.length / perRow) + 1;
  }

  add(part: SummaryPart): void {
    if (part.kind !== "chart") {
      this.#endCharts();
      if (this.#chartsAbove && part.kind !== "heading") this.#row++;
      this.#chartsAbove = false;
    }
    switch (part.kind) {
      case "heading":
        this.#row++;
        this.#wide(part.text, this.#look.heading, 24);
        break;
      case "text":
        this.#paragraph(part.text);
        break;
      case "kpis":
        this.#cards(part.items);
        break;
      case "chart":
        this.#chart(part.chart);
        break;
      case "heatmap":
        this.#heatmap(part.title, part.grid);
        break;
      case "failed":
        this.#row++;
        this.#wide(part.title, { ...this.#look.heading, size: 12 }, 22);
        this.#paragraph(part.text, { ...this.#look.text, color: STATUS_TEXT.bad });
        break;
      case "table":
        for (const sheet of part.sheets.slice(0, 1)) {
          this.#grid.merge(
            LEFT,
            this.#row,
            COLUMNS,
            {
              text: `${part.title}: ${counted(part.rows, "row")} on sheet "${sheet}"${part.sheets.length > 1 ? ` and ${counted(part.sheets.length - 1, "more sheet")}` : ""}`,
            },
            this.#look.link,
          );
          this.#grid.link(LEFT, this.#row, sheet);
          this.#grid.height(this.#row++, 18);
        }
        break;
    }
  }

  notes(notes: readonly string[]): void {
    this.#endCharts();
    if (notes.length === 0) return;
    this.#row++;
    this.#wide("Notes", this.#look.heading, 24);
    for (const note of notes) this.#paragraph(note, this.#look.note);
  }

  xml(drawing: string | undefined, footer: string): string {
    const widths = [2.5, ...Array.from({ length: COLUMNS }, () => COLUMN_WIDTH)];
    const { merges, links } = this.#grid;
    this.#grid.fixHeights(this.#row, ROW_POINTS);
    return (
      sheetHead({ widths, selected: true, tabColor: this.#look.brand }) +
      this.#grid.xml() +
      sheetFoot({
        merges,
        links,
        footer,
        landscape: false,
        breaks: this.#breaks,
        drawing,
      })
    );
  }

  #wide(text: string, style: Style, height: number): void {
    this.#grid.merge(LEFT, this.#row, COLUMNS, { text }, style);
    this.#grid.height(this.#row++, height);
  }

  #paragraph(text: string, style: Style = this.#look.text): void {
    const lines = text
      .split("\n")
      .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / TEXT_CHARACTERS)), 0);
    this.#wide(text, { ...style, wrap: true, vertical: "top" }, Math.min(400, lines * 15 + 4));
  }

  #cards(items: readonly Kpi[]): void {
    const perRow = COLUMNS / CARD;
    this.#row++;
    for (let i = 0; i < items.length; i += perRow) {
      items.slice(i, i + perRow).forEach((item, k) => this.#card(item, LEFT + k * CARD));
      [18, 30, 18].forEach((height, k) => this.#grid.height(this.#row + k, height));
      this.#row += 4;
    }
  }

  #card(item: Kpi, column: number): void {
    const { cardLabel, cardValue, cardNote, brand } = this.#look;
    const edge: Style = { border: "left", borderColor: brand };
    const name = item.name ?? undefined;
    const formatted = cardFormat(item);
    const number: GridValue =
      item.value === null
        ? { text: item.problem === undefined ? "not available" : "not computed" }
        : { number: item.type === "percent" ? percentShare(item.value) : item.value };
    const put = (line: number, value: GridValue, style: Style): void =>
      this.#grid.merge(column, this.#row + line, CARD, value, { ...style, ...edge });
    const change = changeText(item);
    if (name === undefined) {
      put(0, { text: item.label }, cardLabel);
      put(1, number, { ...cardValue, ...formatted });
      put(2, { text: change?.text ?? "" }, { ...cardNote, color: change?.color ?? STATUS_TEXT.neutral });
    } else {
      put(0, { text: change === undefined ? item.label : `${item.label}  ${change.text}` }, cardLabel);
      put(1, { text: name }, { ...cardValue, size: 14, shrink: true });
      put(2, number, { ...cardNote, ...formatted, align: "left", bold: true });
    }
  }

  #chart(chart: BoundChart): void {
    if (!this.#halfTaken) {
      this.#row++;
      this.#keepTogether(CHART_ROWS);
    }
    const column = LEFT + (this.#halfTaken ? CHART : 0);
    const top = this.#row - 1;
    this.charts.push({
      from: { column, row: top },
      to: { column: column + CHART, row: top + CHART_ROWS },
      title: chart.title,
      description: chartDescription(chart),
    });
    if (this.#halfTaken) this.#row += CHART_ROWS;
    this.#halfTaken = !this.#halfTaken;
    this.#chartsAbove = !this.#halfTaken;
  }

  /** Starts a new printed page where the next rows would be cut in two. */
  #keepTogether(rows: number): void {
    const above = this.#grid.pointsAbove(this.#row, ROW_POINTS);
    if (above + rows * ROW_POINTS - this.#pageStart <= PAGE_POINTS) return;
    this.#breaks.push(this.#row - 1);
    this.#pageStart = above;
  }

  #endCharts(): void {
    if (!this.#halfTaken) return;
    // A chart without a neighbour has the whole width.
    const alone = this.charts.at(-1);
    if (alone !== undefined) alone.to.column = LEFT + COLUMNS;
    this.#row += CHART_ROWS;
    this.#halfTaken = false;
    this.#chartsAbove = true;
  }

  /** A grid of coloured cells; the row labels take two columns. */
  #heatmap(title: string, grid: GridChart): void {
    const label: Style = { color: "#64748b", size: 10 };
    this.#row++;
    this.#keepTogether((grid.rows.length * 4) / 3 + 4);
    this.#wide(title, { ...this.#look.heading, size: 12 }, 22);
    this.#grid.merge(LEFT, this.#row, 2, { text: `${grid.rowLabel} / ${grid.columnLabel}` }, label);
    grid.columns.forEach((name, i) =>
      this.#grid.set(LEFT + 2 + i, this.#row, { text: name }, { ...label, align: "center" }),
    );
    this.#row++;
    const greatest = grid.cells.flat().reduce((max, cell) => Math.max(max, Number(cell ?? 0)), 0);
    const format = formatOf(grid.format);
    grid.rows.forEach((name, r) => {
      this.#grid.merge(LEFT, this.#row, 2, { text: name }, { ...label, color: "#1e293b" });
      const shown = numbers(grid.cells[r] ?? [], grid.format);
      grid.columns.forEach((_, c) => {
        const value = grid.cells[r]?.[c] ?? null;
        const cell = shown[c] ?? null;
        this.#grid.set(LEFT + 2 + c, this.#row, cell === null ? null : { number: cell }, {
          ...heat(value, greatest),
          format,
        });
      });
      this.#grid.height(this.#row++, 20);
    });
    for (const note of grid.notes) this.#paragraph(note, this.#look.note);
    this.#chartsAbove = true;
  }
}

function cardFormat({ type, unit, value }: Kpi): Style {
  const currency = unit ?? undefined;
  const digits = shownDigits(type, currency);
  if (value !== null && digits !== undefined && roundsToZero(value, digits)) {
    return { format: tinyFormat(type, currency) };
  }
  const format = columnFormat({ type, id: "", ...(currency !== undefined && { unit: currency }) });
  return format === undefined ? {} : { format };
}

/** A cell's colour, in twenty steps: a style of its own for every value would swell the workbook. */
function heat(value: string | null, greatest: number): Style {
  const base: Style = { align: "center", border: "box", borderColor: "#ffffff" };
  if (value === null) return { ...base, fill: "#f8fafc" };
  const share = greatest === 0 ? 0 : Math.max(0, Number(value)) / greatest;
  const fill = heatColor(Math.ceil(share * 20) / 20);
  return { ...base, fill, color: textOn(fill) };
}

function changeText(item: Kpi): { text: string; color: string } | undefined {
  const { change, upIs } = item;
  if (change === undefined) return undefined;
  const direction = compareDecimals(change.absolute, "0");
  const sign = direction > 0 ? "▲" : direction < 0 ? "▼" : "■";
  const amount = direction === 0 ? "No change" : changeLabel(change, { type: item.type, unit: item.unit });
  const good = direction > 0 === (upIs === "good");
  const color =
    upIs === "neutral" || direction === 0 ? STATUS_TEXT.neutral : good ? STATUS_TEXT.good : STATUS_TEXT.bad;
  return { text: `${sign} ${amount} vs ${change.against}`, color };
}

/** `2024-10-02 06:00 UTC` */
function minute(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}
