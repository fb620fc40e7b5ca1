import { attribute, XML_HEAD } from "./xml.ts";

/** How a cell looks. Colours are `#rrggbb`. */
export interface Style {
  bold?: boolean;
  italic?: boolean;
  /** Points; default 11. */
  size?: number;
  color?: string;
  underline?: boolean;
  fill?: string;
  /** `hair`: a light line below, between rows. `above`: a line above a total. `strong`: a thick line below, in `borderColor`. */
  border?: "hair" | "above" | "strong" | "left" | "box";
  borderColor?: string | undefined;
  format?: string;
  align?: "left" | "center" | "right";
  vertical?: "top" | "center";
  wrap?: boolean;
  /** Text too long for its cell is shown smaller. */
  shrink?: boolean;
  indent?: number;
  /** The cell's text is text even where it looks like a formula, also after editing. */
  quoted?: boolean;
}

const FONT = "Calibri";
const INK = "#1e293b";
const LINE = "#e2e8f0";
const FIRST_CUSTOM_FORMAT = 164;

/** The workbook's cell styles: each distinct one once, found by its index. */
export class StyleBook {
  readonly #fonts = new Interned(fontXml({}));
  readonly #fills = new Interned(
    '<fill><patternFill patternType="none"/></fill>',
    '<fill><patternFill patternType="gray125"/></fill>',
  );
  readonly #borders = new Interned("<border><left/><right/><top/><bottom/><diagonal/></border>");
  readonly #formats = new Interned();
  readonly #cells = new Interned(this.#cellXml({}));

  /** The index of a style, for a cell's `s`. */
  add(style: Style): number {
    return this.#cells.add(this.#cellXml(style));
  }

  #cellXml(style: Style): string {
    const format = style.format === undefined ? 0 : FIRST_CUSTOM_FORMAT + this.#formats.add(style.format);
    const font = this.#fonts.add(fontXml(style));
    const fill = style.fill === undefined ? 0 : this.#fills.add(fillXml(style.fill));
    const border = style.border === undefined ? 0 : this.#borders.add(borderXml(style));
    const quote = style.quoted === true ? ' quotePrefix="1"' : "";
    const alignment = [
      style.align === undefined ? "" : ` horizontal="${style.align}"`,
      ` vertical="${style.vertical ?? "center"}"`,
      style.wrap === true ? ' wrapText="1"' : "",
      style.shrink === true ? ' shrinkToFit="1"' : "",
      style.indent === undefined ? "" : ` indent="${style.indent}"`,
    ].join("");
    return (
      `<xf numFmtId="${format}" fontId="${font}" fillId="${fill}" borderId="${border}" xfId="0"${quote}` +
      ` applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">` +
      `<alignment${alignment}/></xf>`
    );
  }

  /** The part `xl/styles.xml`; elements in the order of ECMA-376 part 1, 18.8.39. */
  xml(): string {
    const formats = this.#formats.items.map(
      (code, i) => `<numFmt numFmtId="${FIRST_CUSTOM_FORMAT + i}" formatCode="${attribute(code)}"/>`,
    );
    return (
      `${XML_HEAD}<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
      (formats.length === 0 ? "" : list("numFmts", formats)) +
      list("fonts", this.#fonts.items) +
      list("fills", this.#fills.items) +
      list("borders", this.#borders.items) +
      list("cellStyleXfs", ['<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>']) +
      list("cellXfs", this.#cells.items) +
      list("cellStyles", ['<cellStyle name="Normal" xfId="0" builtinId="0"/>']) +
      '<dxfs count="0"/><tableStyles count="0" defaultTableStyle="TableStyleMedium2" defaultPivotStyle="PivotStyleLight16"/>' +
      "</styleSheet>"
    );
  }
}

class Interned {
  readonly items: string[];
  readonly #index = new Map<string, number>();

  constructor(...items: string[]) {
    this.items = items;
    items.forEach((item, i) => this.#index.set(item, i));
  }

  add(item: string): number {
    const known = this.#index.get(item);
    if (known !== undefined) return known;
    this.#index.set(item, this.items.length);
    return this.items.push(item) - 1;
  }
}

function list(name: string, items: readonly string[]): string {
  return `<${name} count="${items.length}">${items.join("")}</${name}>`;
}

/** Opaque ARGB of `#rrggbb`. */
export function argb(color: string): string {
  return `FF${color.slice(1).toUpperCase()}`;
}

function fontXml(style: Style): string {
  const { bold, italic, underline, size = 11, color = INK } = style;
  return (
    `<font>${bold === true ? "<b/>" : ""}${italic === true ? "<i/>" : ""}${underline === true ? "<u/>" : ""}` +
    `<sz val="${size}"/><color rgb="${argb(color)}"/><name val="${FONT}"/><family val="2"/></font>`
  );
}

function fillXml(color: string): string {
  return `<fill><patternFill patternType="solid"><fgColor rgb="${argb(color)}"/><bgColor indexed="64"/></patternFill></fill>`;
}

function borderXml({ border, borderColor = LINE }: Style): string {
  const edge = (side: string, style: string): string =>
    `<${side} style="${style}"><color rgb="${argb(borderColor)}"/></${side}>`;
  const left =
    border === "left" ? edge("left", "thick") : border === "box" ? edge("left", "thin") : "<left/>";
  const right = border === "box" ? edge("right", "thin") : "<right/>";
  const top = border === "above" || border === "box" ? edge("top", "thin") : "<top/>";
  const below = border === "strong" ? "medium" : border === "hair" || border === "box" ? "thin" : undefined;
  const bottom = below === undefined ? "<bottom/>" : edge("bottom", below);
  return `<border>${left}${right}${top}${bottom}<diagonal/></border>`;
}
