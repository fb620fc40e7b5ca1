import type { Logo } from "../../core/tenants/logo.ts";
import { relationship, relationships } from "./workbook.ts";
import { attribute, XML_HEAD } from "./xml.ts";

/** English Metric Units a pixel at 96 dpi. */
const EMU = 9_525;

/** A chart's place: cells from the top left one to, not including, the bottom right one; columns and rows from 0. */
export interface ChartPlace {
  from: { column: number; row: number };
  to: { column: number; row: number };
  title: string;
  description: string;
}

export interface Picture {
  logo: Logo;
  column: number;
  row: number;
  /** Pixels to fit into. */
  width: number;
  height: number;
  description: string;
}

/** The part `xl/drawings/drawing1.xml`: charts `rId1` on, then the picture. */
export function drawingXml(charts: readonly ChartPlace[], picture: Picture | undefined): string {
  const anchors = charts.map((place, i) => chartAnchor(place, i + 1));
  if (picture !== undefined) anchors.push(pictureAnchor(picture, charts.length + 1));
  return (
    `${XML_HEAD}<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"` +
    ` xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"` +
    ` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"` +
    ` xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart">${anchors.join("")}</xdr:wsDr>`
  );
}

export function drawingRelationships(charts: number, picture: Picture | undefined): string {
  const items = Array.from({ length: charts }, (_, i) =>
    relationship(`rId${i + 1}`, "chart", `../charts/chart${i + 1}.xml`),
  );
  if (picture !== undefined) {
    items.push(relationship(`rId${charts + 1}`, "image", `../media/logo.${picture.logo.extension}`));
  }
  return relationships(items);
}

function chartAnchor({ from, to, title, description }: ChartPlace, id: number): string {
  return (
    `<xdr:twoCellAnchor editAs="oneCell">${corner("from", from)}${corner("to", to)}` +
    `<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr>` +
    `<xdr:cNvPr id="${id + 1}" name="${attribute(`Chart ${id}`)}" descr="${attribute(description)}" title="${attribute(title)}"/>` +
    `<xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr>` +
    `<xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/></xdr:xfrm>` +
    `<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:chart r:id="rId${id}"/></a:graphicData></a:graphic>` +
    `</xdr:graphicFrame><xdr:clientData/></xdr:twoCellAnchor>`
  );
}

/** A corner, some pixels inside the cell so that neighbours do not touch. */
function corner(name: "from" | "to", { column, row }: { column: number; row: number }): string {
  const inset = name === "from" ? 4 * EMU : 0;
  return `<xdr:${name}><xdr:col>${column}</xdr:col><xdr:colOff>${inset}</xdr:colOff><xdr:row>${row}</xdr:row><xdr:rowOff>${inset}</xdr:rowOff></xdr:${name}>`;
}

function pictureAnchor({ logo, column, row, width, height, description }: Picture, id: number): string {
  const scale = Math.min(width / logo.width, height / logo.height);
  const size = `cx="${Math.round(logo.width * scale * EMU)}" cy="${Math.round(logo.height * scale * EMU)}"`;
  return (
    `<xdr:oneCellAnchor>${corner("from", { column, row })}<xdr:ext ${size}/>` +
    `<xdr:pic><xdr:nvPicPr><xdr:cNvPr id="${id + 1}" name="Logo" descr="${attribute(description)}"/>` +
    `<xdr:cNvPicPr><a:picLocks noChangeAspect="1"/></xdr:cNvPicPr></xdr:nvPicPr>` +
    `<xdr:blipFill><a:blip r:embed="rId${id}"/><a:stretch><a:fillRect/></a:stretch></xdr:blipFill>` +
    `<xdr:spPr><a:xfrm><a:off x="0" y="0"/><a:ext ${size}/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></xdr:spPr>` +
    `</xdr:pic><xdr:clientData/></xdr:oneCellAnchor>`
  );
}
