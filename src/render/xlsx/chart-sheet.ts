import type { ValueFormat } from "../../core/charts/abbreviate.ts";
import type { ChartData, GaugeChart, GridChart, PartsChart, SeriesChart } from "../../core/charts/series.ts";
import { columnFormat, DATE, MONTH, PERCENT } from "./formats.ts";
import { Grid, type GridValue } from "./grid.ts";
import type { Look } from "./look.ts";
import { sheetFoot, sheetHead } from "./sheet.ts";
import type { Style, StyleBook } from "./styles.ts";
import { dateSerial, percentShare } from "./values.ts";
import { columnName, quotedSheet } from "./xml.ts";

/** Cells of the chart data sheet with what they hold, which a chart caches. */
export interface BoundCells {
  ref: string;
  /** Decimal text for numbers, null for empty cells. */
  values: readonly (string | null)[];
  /** Number format; absent for text. */
  format?: string | undefined;
}

export interface BoundSeries {
  name: BoundCells;
  values: BoundCells;
  others: boolean;
}

/** Beside a whole of 1, a quarter of the ring. */
const QUARTER = "0.333333333333";

/** A chart whose data lies in cells. */
export interface BoundChart {
  title: string;
  data: Exclude<ChartData, GridChart>;
  categories: BoundCells;
  series: readonly BoundSeries[];
}

/** The sheet that the native charts draw from: one block a chart, one below the other. */
export class ChartSheet {
  readonly #grid: Grid;
  readonly #look: Look;
  readonly #name: string;
  #row = 1;
  #columns = 1;

  constructor(name: string, styles: StyleBook, look: Look) {
    this.#grid = new Grid(styles);
    this.#look = look;
    this.#name = name;
  }

  add(title: string, data: Exclude<ChartData, GridChart>): BoundChart {
    const top = this.#row;
    this.#grid.set(0, top, { text: title }, this.#look.heading);
    const bound = this.#block(title, data, top + 1);
    const notes = "notes" in data ? data.notes : [];
    notes.forEach((note, i) => this.#grid.set(0, this.#row + i, { text: note }, this.#look.note));
    this.#row += notes.length + 2;
    return bound;
  }

  #block(title: string, data: Exclude<ChartData, GridChart>, top: number): BoundChart {
    switch (data.shape) {
      case "series":
        return this.#series(title, data, top);
      case "parts":
        return this.#parts(title, data, top);
      case "gauge":
        return this.#gauge(title, data, top);
    }
  }

  #series(title: string, data: SeriesChart, top: number): BoundChart {
    const dates = data.grain !== undefined && data.categories.every((c) => dateSerial(c) !== undefined);
    const dateFormat = data.grain === "month" ? MONTH : DATE;
    const names = dates
      ? this.#column(
          0,
          top,
          data.categoryLabel,
          data.categories.map((c) => dateSerial(c) ?? null),
          dateFormat,
        )
      : this.#column(0, top, data.categoryLabel, data.categories);
    const series = data.series.map((one, i) => ({
      name: this.#cells(i + 1, top, [one.name]),
      values: this.#column(i + 1, top, one.name, numbers(one.values, data.format), formatOf(data.format)),
      others: one.others === true,
    }));
    this.#row = top + data.categories.length + 1;
    return { title, data, categories: names, series };
  }

  /** Parts below 0 stand under the others, where the chart does not reach: a ring has no place for them. */
  #parts(title: string, data: PartsChart, top: number): BoundChart {
    const drawn = data.parts.filter((part) => !part.value.startsWith("-"));
    const all = [...drawn, ...data.parts.filter((part) => part.value.startsWith("-"))];
    const format = formatOf(data.format);
    const values = numbers(
      all.map((part) => part.value),
      data.format,
    );
    this.#column(
      0,
      top,
      "",
      all.map((part) => part.name),
    );
    this.#column(1, top, data.valueLabel, values, format);
    this.#row = top + all.length + 1;
    const categories = this.#cells(
      0,
      top + 1,
      drawn.map((part) => part.name),
    );
    const bound = { ...this.#cells(1, top + 1, values.slice(0, drawn.length)), format };
    return {
      title,
      data: { ...data, parts: drawn },
      categories,
      series: [{ name: this.#cells(1, top, [data.valueLabel]), values: bound, others: false }],
    };
  }

  /** Three quarters of a ring: the value, what is missing to 100 %, and the lower quarter, which is not painted. */
  #gauge(title: string, data: GaugeChart, top: number): BoundChart {
    const share = percentShare(data.value ?? "0");
    const rest = String(Math.max(0, 1 - Number(share)));
    const names = [data.label, "To 100 %", "Lower quarter (not painted)"];
    const categories = this.#column(0, top, "", names);
    const values = this.#column(1, top, data.label, [share, rest, QUARTER], PERCENT);
    const score = `${columnName(1)}${top + 1}`;
    this.#grid.set(1, top + 2, { formula: `MAX(0,1-${score})`, value: rest }, { format: PERCENT });
    this.#row = top + 4;
    return {
      title,
      data,
      categories,
      series: [{ name: this.#cells(1, top, [data.label]), values, others: false }],
    };
  }

  /** Writes a heading and the cells below it. */
  #column(
    column: number,
    top: number,
    heading: string,
    values: readonly (string | null)[],
    format?: string,
  ): BoundCells {
    const { header, body } = this.#look;
    this.#columns = Math.max(this.#columns, column + 1);
    this.#grid.set(
      column,
      top,
      { text: heading },
      { ...header, align: format === undefined ? "left" : "right" },
    );
    const style: Style = format === undefined ? body : { ...body, format };
    values.forEach((value, i) => {
      const cell: GridValue =
        value === null ? null : format === undefined ? { text: value } : { number: value };
      this.#grid.set(column, top + 1 + i, cell, style);
    });
    return { ...this.#cells(column, top + 1, values), format };
  }

  #cells(column: number, row: number, values: readonly (string | null)[]): BoundCells {
    const letters = columnName(column);
    const last = row + Math.max(values.length, 1) - 1;
    const end = last === row ? "" : `:$${letters}$${last}`;
    return { ref: `${quotedSheet(this.#name)}!$${letters}$${row}${end}`, values };
  }

  xml(): string {
    const widths = Array.from({ length: this.#columns }, (_, i) => (i === 0 ? 32 : 18));
    return sheetHead({ widths }) + this.#grid.xml() + sheetFoot({});
  }
}

/** The number format of a chart's values. */
export function formatOf(format: ValueFormat): string {
  const { type, unit } = format;
  return columnFormat({ type, id: "", ...(unit !== null && { unit }) }) ?? "General";
}

/** Values as cells hold them: percentages as shares. */
export function numbers(values: readonly (string | null)[], format: ValueFormat): (string | null)[] {
  return format.type === "percent"
    ? values.map((value) => (value === null ? null : percentShare(value)))
    : [...values];
}
