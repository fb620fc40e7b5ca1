import type { Column, ResultHead, Row } from "../../../core/query/query.ts";
import { MARGIN } from "../theme.ts";
import type { TextShaper } from "../text-shaper.ts";
import { cellTexts, headingOf, isNumeric, UNKNOWN } from "./cells.ts";

/** White between a cell's text and its edges, left and right, in points. */
export const PAD_X = 4.5;

export interface ColumnPlan {
  /** From the left edge of the table, in points. */
  x: number;
  width: number;
  numeric: boolean;
  /** Digits after the point that room is kept for, so that points line up. */
  fraction: number;
}

export interface TablePlan {
  size: number;
  landscape: boolean;
  columns: ColumnPlan[];
  heading: string[][];
  headingSize: number;
}

/** Lines of a heading: one that filled the page would leave no room for rows. */
const MOST_HEADING = 8;

/** What a table may choose from. */
export interface Format {
  /** Width and height of the paper, upright. */
  paper: { width: number; height: number };
  landscape: boolean;
  /** Whether a table too wide for upright paper may turn it. */
  mayTurn: boolean;
}

/** A column's needs in em/1000, from its heading, totals and a sample of its rows. */
interface Needs {
  column: Column;
  natural: number;
  least: number;
  /** Natural widths of the sample's cells, to estimate how many lines they take. */
  cells: number[];
  heading: number;
  word: number;
  fraction: number;
}

/**
 * Decides a table's text size, orientation and column widths from a sample. Numbers are never broken; text may wrap, but
 * where wrapping would make a row a line and a third on average, the text gets smaller or the page turns first.
 */
export function planTable(
  shaper: TextShaper,
  head: ResultHead,
  sample: readonly Row[],
  format: Format,
): TablePlan {
  const needs = measure(shaper, head, sample);
  const width = (landscape: boolean): number =>
    (landscape ? format.paper.height : format.paper.width) - 2 * MARGIN.x;
  const tries: { size: number; landscape: boolean; lines: number }[] = [
    ...[8, 7.5, 7].map((size) => ({ size, landscape: format.landscape, lines: 1.34 })),
    ...(format.mayTurn && !format.landscape
      ? [8, 7.5, 7].map((size) => ({ size, landscape: true, lines: 1.6 }))
      : []),
    ...[6.5, 6].map((size) => ({ size, landscape: format.landscape || format.mayTurn, lines: 3 })),
  ];
  for (const { size, landscape, lines } of tries) {
    const widths = distribute(needs, size, width(landscape));
    if (widths !== undefined && linesOf(needs, widths, size) <= lines)
      return plan(shaper, needs, widths, size, landscape);
  }
  const landscape = format.landscape || format.mayTurn;
  return plan(shaper, needs, squeeze(needs, 6, width(landscape)), 6, landscape);
}

function measure(shaper: TextShaper, head: ResultHead, sample: readonly Row[]): Needs[] {
  const texts = cellTexts(head.columns);
  const rows = head.others === null ? sample : [...sample, head.others.cells];
  return head.columns.map((column, c) => {
    const text = texts[c];
    const shown = rows.map((row) => text?.(row[c] ?? null, row) ?? "");
    const bold = head.totals.map((total) => text?.(total.cells[c] ?? null, total.cells, total.unit) ?? "");
    const heading = headingOf(column);
    const word =
      Math.max(...heading.split(" ").map((part) => shaper.shape(part, "semibold").width), 0) * 0.92;
    const shared = { column, word, heading: shaper.shape(heading, "semibold").width };
    return isNumeric(column)
      ? { ...shared, ...numericNeeds(shaper, shown, bold, word) }
      : { ...shared, ...textNeeds(shaper, shown, word, column.type === "instant") };
  });
}

type CellNeeds = Pick<Needs, "natural" | "least" | "cells" | "fraction">;

/** Numbers are never broken, and those with fewer decimals are as wide as if they had all of them. */
function numericNeeds(
  shaper: TextShaper,
  shown: readonly string[],
  bold: readonly string[],
  word: number,
): CellNeeds {
  const fraction = usualFraction([...shown, ...bold]);
  const digit = shaper.shape("0").width;
  const hang = (text: string): number => {
    const digits = fractionDigits(text);
    return text === UNKNOWN || digits >= fraction
      ? 0
      : (fraction - digits + (digits === 0 ? 0.5 : 0)) * digit;
  };
  const cells = shown.map((text) => shaper.shape(text).width + hang(text));
  const natural = Math.max(
    ...cells,
    ...bold.map((text) => shaper.shape(text, "semibold").width + hang(text)),
    word,
    1500,
  );
  return { natural, least: natural, cells, fraction };
}

/** @param whole for instants, which would all break at the same place and make every row two lines */
function textNeeds(shaper: TextShaper, shown: readonly string[], word: number, whole: boolean): CellNeeds {
  const distinct = [...new Set(shown)];
  const widths = new Map(distinct.map((text) => [text, shaper.shape(text).width]));
  const cells = shown.map((text) => widths.get(text) ?? 0);
  const natural = Math.max(...cells, word, 1500);
  if (whole) return { natural, least: natural, cells, fraction: 0 };
  const token =
    natural <= WORD ? natural : Math.max(...distinct.map((text) => longestToken(shaper, text)), 0);
  return {
    natural,
    least: Math.min(natural, Math.max(word, Math.min(token, 9000), 3000)),
    cells,
    fraction: 0,
  };
}

/** Words up to this width stay whole, longer ones may break after punctuation; em/1000. */
const WORD = 8500;

/**
 * Digits after the point that room is kept for: the most that a tenth of the cells has. A single price of 0.0000008
 * must not push all other amounts to the middle of the column.
 */
function usualFraction(texts: readonly string[]): number {
  const counts = texts
    .filter((text) => text !== UNKNOWN && text !== "")
    .map(fractionDigits)
    .sort((a, b) => b - a);
  return counts[Math.floor(counts.length / 10)] ?? 0;
}

function longestToken(shaper: TextShaper, text: string): number {
  if (text.length > 400) return WORD;
  const width = (token: string): number => shaper.shape(token).width;
  return Math.max(
    ...text.split(/[ \n]/).map((token) => {
      const whole = width(token);
      return whole <= WORD ? whole : Math.max(...token.split(/(?<=[/\-_:.,])/).map(width), WORD);
    }),
    0,
  );
}

/** Digits after the last point of a formatted number; at most 6, beyond which the column would be all white. */
export function fractionDigits(text: string): number {
  const point = text.lastIndexOf(".");
  if (point < 0) return 0;
  let digits = 0;
  while (text.charCodeAt(point + 1 + digits) >= 48 && text.charCodeAt(point + 1 + digits) <= 57) digits++;
  return Math.min(6, digits);
}

/** Outer widths at a size, or undefined when not even the least ones fit. */
function distribute(needs: readonly Needs[], size: number, width: number): number[] | undefined {
  const points = (em: number): number => (em * size) / 1000 + 2 * PAD_X + 0.5;
  const least = needs.map((need) => points(need.least));
  const natural = needs.map((need) => points(need.natural));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  if (sum(least) > width) return undefined;
  const spare = width - sum(natural);
  if (spare >= 0) {
    // Room for headings on one line first, then evenly by what the columns hold.
    const wish = needs.map((need, i) => Math.max(0, points(need.heading * 0.92) - (natural[i] ?? 0)));
    const share = Math.min(1, spare / Math.max(1, sum(wish)));
    const widened = natural.map((value, i) => value + (wish[i] ?? 0) * share);
    const rest = Math.max(0, width - sum(widened));
    const weights = needs.map((need) => (isNumeric(need.column) ? need.natural * 0.5 : need.natural));
    return widened.map((value, i) => value + (rest * (weights[i] ?? 0)) / sum(weights));
  }
  const even = towards(least, natural, width);
  // Room for what most rows hold first: a few long cells must not make all the others break.
  const usual = needs.map((need, i) => Math.max(least[i] ?? 0, points(upperCell(need))));
  const first = sum(usual) < width ? towards(usual, natural, width) : towards(least, usual, width);
  const between = BLENDS.map((part) => even.map((value, i) => value + ((first[i] ?? 0) - value) * part));
  const lines = (widths: readonly number[]): number => linesOf(needs, widths, size);
  return between.reduce((best, widths) => (lines(widths) < lines(best) ? widths : best), even);
}

/** Places tried between widths that suit the widest cells and widths that suit the usual ones. */
const BLENDS = [0.25, 0.5, 0.75, 1];

/** Widths from `from` on the way to `to`, everybody the same part of it, that fill `width`. */
function towards(from: readonly number[], to: readonly number[], width: number): number[] {
  const wants = from.map((value, i) => Math.max(0, (to[i] ?? 0) - value));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const part = (width - sum(from)) / Math.max(1, sum(wants));
  return from.map((value, i) => value + (wants[i] ?? 0) * part);
}

/** The width that two thirds of a column's cells fit in, em/1000. */
function upperCell({ cells }: Needs): number {
  const sorted = [...cells].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length * 2) / 3)] ?? 0;
}

const FEW = 8;

/** Lines a row of the sample takes on average. */
function linesOf(needs: readonly Needs[], widths: readonly number[], size: number): number {
  const rows = needs[0]?.cells.length ?? 0;
  // A handful of rows may be as tall as they like: they fit on the page anyway.
  if (rows < FEW) return 1;
  let lines = 0;
  for (let r = 0; r < rows; r++) {
    let most = 1;
    needs.forEach((need, c) => {
      const inner = (widths[c] ?? 0) - 2 * PAD_X;
      most = Math.max(most, Math.ceil(((need.cells[r] ?? 0) * size) / 1000 / inner - 0.001));
    });
    lines += Math.min(most, 12);
  }
  return lines / rows;
}

/** Widths for a table that fits nowhere: everybody gives up the same share; cells shrink and break to fit. */
function squeeze(needs: readonly Needs[], size: number, width: number): number[] {
  const least = needs.map((need) => (need.least * size) / 1000 + 2 * PAD_X);
  const total = least.reduce((a, b) => a + b, 0);
  return least.map((value) => (value * width) / total);
}

function plan(
  shaper: TextShaper,
  needs: readonly Needs[],
  widths: readonly number[],
  size: number,
  landscape: boolean,
): TablePlan {
  const headingSize = Math.round(size * 0.92 * 10) / 10;
  let x = 0;
  const columns = needs.map((need, i) => {
    const width = widths[i] ?? 0;
    const column = { x, width, numeric: isNumeric(need.column), fraction: need.fraction };
    x += width;
    return column;
  });
  const heading = needs.map((need, i) => {
    const inner = Math.max(4, (widths[i] ?? 0) - 2 * PAD_X);
    const lines = shaper.wrap(headingOf(need.column), inner, headingSize, "semibold");
    if (lines.length <= MOST_HEADING) return lines;
    const rest = lines.slice(MOST_HEADING - 1).join("");
    return [...lines.slice(0, MOST_HEADING - 1), shaper.fit(`${rest}…`, inner, headingSize, "semibold")];
  });
  return { size, landscape, columns, heading, headingSize };
}
