/** What charts draw on, a PDF page for example: coordinates in points, x to the right, y downwards. */
export interface Surface {
  rect(x: number, y: number, width: number, height: number, fill: string, radius?: number): void;
  line(x1: number, y1: number, x2: number, y2: number, stroke: Stroke): void;
  polyline(points: readonly Point[], stroke: Stroke): void;
  polygon(points: readonly Point[], fill: string): void;
  /** A ring segment between two radii; angles in radians, 0 upwards, clockwise. `inner` 0 makes a slice or a disc. */
  ring(centre: Point, inner: number, outer: number, from: number, to: number, fill: string): void;
  /** One line of text; `y` is its baseline. */
  text(text: string, x: number, y: number, style: TextStyle): void;
  textWidth(text: string, size: number, bold?: boolean): number;
}

export type Point = readonly [x: number, y: number];

export interface Stroke {
  color: string;
  width: number;
  dash?: readonly [on: number, off: number];
}

export interface TextStyle {
  size: number;
  color: string;
  bold?: boolean;
  align?: "left" | "center" | "right";
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The colours a chart does not choose itself. */
export interface ChartTheme {
  /** The tenant's colour: the first series. */
  brand: string;
  ink: string;
  muted: string;
  grid: string;
}

/** The text, shortened with an ellipsis so that it fits. */
export function fitText(surface: Surface, text: string, width: number, size: number, bold = false): string {
  if (surface.textWidth(text, size, bold) <= width) return text;
  const letters = Array.from(text);
  let low = 0;
  let high = letters.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (surface.textWidth(`${letters.slice(0, middle).join("").trimEnd()}…`, size, bold) <= width)
      low = middle;
    else high = middle - 1;
  }
  return `${letters.slice(0, low).join("").trimEnd()}…`;
}
