import { rgbOf } from "../../core/charts/palette.ts";
import type { ContentStream } from "./content-stream.ts";
import type { Point, Stroke, Surface, TextStyle } from "../charts/surface.ts";
import { type Element, type ElementType, type TaggedPage, type Tags } from "./tags.ts";
import { type Shaped, showText, type TextShaper, type Weight } from "./text-shaper.ts";

/** A number in a content stream: two decimals are a hundredth of a point. */
export function n(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Red, green and blue from 0 to 1, as colour operators take them. */
export function rgb(hex: string): string {
  return rgbOf(hex)
    .map((channel) => String(Math.round((channel / 255) * 1000) / 1000))
    .join(" ");
}

/** Control points of a quarter circle by Bézier curves lie at this share of the radius. */
const ROUND = 0.5523;

/**
 * Draws on one page. Coordinates are points from the top left; the page's own run upwards, so `y` is turned here. What
 * is drawn must lie in `artifact` or `tagged`: PDF/UA knows no content that is neither decoration nor structure.
 */
export class Canvas implements Surface {
  readonly #height: number;
  readonly #shaper: TextShaper;
  readonly #page: TaggedPage & { content: ContentStream };
  readonly #tags: Tags;

  constructor(page: TaggedPage & { content: ContentStream; height: number }, shaper: TextShaper, tags: Tags) {
    this.#page = page;
    this.#height = page.height;
    this.#shaper = shaper;
    this.#tags = tags;
  }

  /** Decoration: rules, backgrounds, running headers. */
  artifact(draw: () => void, kind: "Layout" | "Pagination" = "Layout"): void {
    this.#page.content.text(`/Artifact<</Type/${kind}>>BDC\n`);
    draw();
    this.#page.content.text("EMC\n");
  }

  /** Content of an open element. */
  marked(element: Element, draw: () => void): void {
    this.#page.content.text(`${this.#tags.mark(element, this.#page)}\n`);
    draw();
    this.#page.content.text("EMC\n");
  }

  /** Content that is an element of its own. */
  tagged(type: ElementType, parent: Element, draw: () => void, attributes = ""): void {
    this.#page.content.text(`${this.#tags.leaf(type, parent, this.#page, attributes)}\n`);
    draw();
    this.#page.content.text("EMC\n");
  }

  rect(x: number, y: number, width: number, height: number, fill: string, radius = 0): void {
    this.#page.content.text(`${rgb(fill)} rg ${this.#rectPath(x, y, width, height, radius)} f\n`);
  }

  /** The outline of a rectangle. */
  frame(x: number, y: number, width: number, height: number, stroke: Stroke, radius = 0): void {
    this.#page.content.text(
      `${rgb(stroke.color)} RG ${n(stroke.width)} w ${this.#rectPath(x, y, width, height, radius)} S\n`,
    );
  }

  #rectPath(x: number, y: number, width: number, height: number, radius: number): string {
    const bottom = this.#height - y - height;
    const r = Math.min(radius, width / 2, height / 2);
    if (r <= 0) return `${n(x)} ${n(bottom)} ${n(width)} ${n(height)} re`;
    const [right, top, k] = [x + width, bottom + height, r * (1 - ROUND)];
    return [
      `${n(x + r)} ${n(bottom)} m ${n(right - r)} ${n(bottom)} l`,
      `${n(right - k)} ${n(bottom)} ${n(right)} ${n(bottom + k)} ${n(right)} ${n(bottom + r)} c`,
      `${n(right)} ${n(top - r)} l ${n(right)} ${n(top - k)} ${n(right - k)} ${n(top)} ${n(right - r)} ${n(top)} c`,
      `${n(x + r)} ${n(top)} l ${n(x + k)} ${n(top)} ${n(x)} ${n(top - k)} ${n(x)} ${n(top - r)} c`,
      `${n(x)} ${n(bottom + r)} l ${n(x)} ${n(bottom + k)} ${n(x + k)} ${n(bottom)} ${n(x + r)} ${n(bottom)} c h`,
    ].join(" ");
  }

  line(x1: number, y1: number, x2: number, y2: number, stroke: Stroke): void {
    this.polyline(
      [
        [x1, y1],
        [x2, y2],
      ],
      stroke,
    );
  }

  polyline(points: readonly Point[], stroke: Stroke): void {
    const dash = stroke.dash === undefined ? "" : `[${n(stroke.dash[0])} ${n(stroke.dash[1])}] 0 d `;
    const undo = stroke.dash === undefined ? "" : " [] 0 d";
    this.#page.content.text(
      `${dash}${rgb(stroke.color)} RG ${n(stroke.width)} w 1 j ${this.#path(points)} S${undo}\n`,
    );
  }

  polygon(points: readonly Point[], fill: string): void {
    this.#page.content.text(`${rgb(fill)} rg ${this.#path(points)} h f\n`);
  }

  #path(points: readonly Point[]): string {
    return points.map(([x, y], i) => `${n(x)} ${n(this.#height - y)} ${i === 0 ? "m" : "l"}`).join(" ");
  }

  ring(centre: Point, inner: number, outer: number, from: number, to: number, fill: string): void {
    const path = `${this.#arc(centre, outer, from, to, "m")} ${inner > 0 ? this.#arc(centre, inner, to, from, "l") : this.#at(centre, "l")}`;
    this.#page.content.text(`${rgb(fill)} rg ${path} h f\n`);
  }

  #at([x, y]: Point, operator: "m" | "l"): string {
    return `${n(x)} ${n(this.#height - y)} ${operator}`;
  }

  /** An arc by Bézier curves of at most 45 degrees each. */
  #arc([cx, cy]: Point, radius: number, from: number, to: number, start: "m" | "l"): string {
    const count = Math.max(1, Math.ceil(Math.abs(to - from) / (Math.PI / 4)));
    const sweep = (to - from) / count;
    const k = (4 / 3) * Math.tan(sweep / 4) * radius;
    const on = (angle: number): Point => [cx + Math.sin(angle) * radius, cy - Math.cos(angle) * radius];
    let path = this.#at(on(from), start);
    for (let i = 0; i < count; i++) {
      const [a, b] = [from + i * sweep, from + (i + 1) * sweep];
      const [x0, y0] = on(a);
      const [x3, y3] = on(b);
      const c1 = [x0 + Math.cos(a) * k, y0 + Math.sin(a) * k] as const;
      const c2 = [x3 - Math.cos(b) * k, y3 - Math.sin(b) * k] as const;
      const flip = ([x, y]: Point): string => `${n(x)} ${n(this.#height - y)}`;
      path += ` ${flip(c1)} ${flip(c2)} ${flip([x3, y3])} c`;
    }
    return path;
  }

  text(text: string, x: number, y: number, style: TextStyle): void {
    const weight: Weight = style.bold === true ? "semibold" : "regular";
    this.shaped(this.#shaper.shape(text, weight), x, y, style);
  }

  /** Draws a line that is already shaped. */
  shaped(line: Shaped, x: number, y: number, style: TextStyle): void {
    const width = (line.width * style.size) / 1000;
    const left = style.align === "right" ? x - width : style.align === "center" ? x - width / 2 : x;
    this.#page.content.text(
      `BT ${rgb(style.color)} rg 1 0 0 1 ${n(left)} ${n(this.#height - y)} Tm ${showText(line, style.size)}ET\n`,
    );
  }

  textWidth(text: string, size: number, bold = false): number {
    return this.#shaper.width(text, size, bold ? "semibold" : "regular");
  }

  /** Draws a form or image XObject of the page's resources, its unit square scaled to the box. */
  xobject(name: string, x: number, y: number, width: number, height: number): void {
    this.#page.content.text(
      `q ${n(width)} 0 0 ${n(height)} ${n(x)} ${n(this.#height - y - height)} cm /${name} Do Q\n`,
    );
  }

  /** Draws a form XObject at its own size with its origin at the point. */
  form(name: string, x: number, y: number): void {
    this.#page.content.text(`q 1 0 0 1 ${n(x)} ${n(this.#height - y)} cm /${name} Do Q\n`);
  }
}
