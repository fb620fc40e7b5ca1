import { checkLogo } from "../../../core/tenants/logo.ts";
import type { ReportDocument } from "../../../core/reports/document.ts";
import { describeDate, describeRange } from "../../../core/time/ranges.ts";
import type { PdfWriter } from "../pdf-writer.ts";
import { alternative, boundingBox, type Element } from "../tags.ts";
import { MARGIN, TEXT } from "../theme.ts";
import { paragraph } from "./titles.ts";

/** An RFC 3339 instant for people to read: `24 Nov 2025, 14:05 UTC`; "not available" for null. */
export function instantLabel(instant: string | null): string {
  if (instant === null) return "not available";
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return instant;
  const text = date.toISOString();
  return `${describeDate(text.slice(0, 10))}, ${text.slice(11, 16)} UTC`;
}

/**
 * The block at the top of the first page: the tenant's colour and logo, title, description, and what the report covers.
 * @returns notes about what could not be shown, for the manifest
 */
export function drawCover(pdf: PdfWriter, document: ReportDocument, parent: Element): string[] {
  const { page, theme } = pdf;
  const { canvas } = page;
  canvas.artifact(() => canvas.rect(0, 0, page.width, 7, theme.brand));
  page.y = 34;
  const notes = drawIdentity(pdf, document, parent);
  const lines = pdf.shaper.wrap(document.title, pdf.width, TEXT.title, "semibold");
  canvas.tagged("H1", parent, () => {
    lines.forEach((line, i) => {
      canvas.text(line, MARGIN.x, page.y + 24 + i * 29, { size: TEXT.title, bold: true, color: theme.ink });
    });
  });
  page.y += lines.length * 29 + 6;
  if (document.description !== "") {
    paragraph(pdf, parent, document.description, { size: TEXT.body, color: theme.muted, gap: 8 });
  }
  drawFacts(pdf, document, parent);
  return notes;
}

const LOGO = { width: 150, height: 34 };

function drawIdentity(pdf: PdfWriter, document: ReportDocument, parent: Element): string[] {
  const { page, theme } = pdf;
  const { canvas } = page;
  const notes: string[] = [];
  let drawn = false;
  const { logo } = document.branding;
  if (logo !== undefined) {
    try {
      // One that was set before logos were checked may be larger than there is memory for.
      checkLogo(logo);
      const image = pdf.image(logo);
      const scale = Math.min(LOGO.width / image.width, LOGO.height / image.height);
      const [width, height] = [image.width * scale, image.height * scale];
      const extent = boundingBox(
        MARGIN.x,
        page.height - page.y - height,
        MARGIN.x + width,
        page.height - page.y,
      );
      canvas.tagged(
        "Figure",
        parent,
        () => {
          canvas.xobject(image.name, MARGIN.x, page.y, width, height);
        },
        `${alternative(`Logo of ${document.tenant.name}`)}${extent}`,
      );
      drawn = true;
    } catch (error) {
      notes.push(`The logo could not be shown: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const right = MARGIN.x + pdf.width;
  canvas.tagged("P", parent, () => {
    const style = { size: drawn ? TEXT.body : 12, bold: true, color: drawn ? theme.muted : theme.brandText };
    const x = drawn ? right : MARGIN.x;
    const room = pdf.width - (drawn ? LOGO.width + 20 : document.demo ? 80 : 0);
    const name = pdf.shaper.fit(document.tenant.name, room, style.size, "semibold");
    canvas.text(name, x, page.y + (drawn ? 14 : 16), { ...style, align: drawn ? "right" : "left" });
  });
  if (document.demo) drawDemoLabel(pdf, parent, right, page.y + (drawn ? 20 : 2));
  page.y += drawn ? LOGO.height + 16 : 28;
  return notes;
}

function drawDemoLabel(pdf: PdfWriter, parent: Element, right: number, y: number): void {
  const { canvas } = pdf.page;
  const width = canvas.textWidth("Demo data", TEXT.small, true) + 16;
  canvas.artifact(() => canvas.rect(right - width, y, width, 16, "#fef3c7", 4));
  canvas.tagged("P", parent, () => {
    canvas.text("Demo data", right - width / 2, y + 11, {
      size: TEXT.small,
      bold: true,
      color: "#92400e",
      align: "center",
    });
  });
}

function drawFacts(pdf: PdfWriter, document: ReportDocument, parent: Element): void {
  const { page, theme, shaper } = pdf;
  const { canvas } = page;
  const facts: readonly [string, string][] = [
    ["Period", describeRange(document.range)],
    ["Time zone", document.range.zone],
    ["Data as of", instantLabel(document.dataAsOf)],
    ["Generated", instantLabel(document.generatedAt)],
  ];
  const height = 40;
  const shares = [0.34, 0.18, 0.24, 0.24];
  canvas.artifact(() => canvas.rect(MARGIN.x, page.y, pdf.width, height, theme.tint, 5));
  let x = MARGIN.x + 12;
  facts.forEach(([label, value], i) => {
    const width = (pdf.width - 24) * (shares[i] ?? 0.25) - 8;
    canvas.tagged("P", parent, () => {
      canvas.text(label, x, page.y + 16, { size: TEXT.tiny, color: theme.muted });
      let size = 9;
      while (size > 7 && canvas.textWidth(value, size, true) > width) size -= 0.25;
      canvas.text(shaper.fit(value, width, size, "semibold"), x, page.y + 29, {
        size,
        bold: true,
        color: theme.ink,
      });
    });
    x += (pdf.width - 24) * (shares[i] ?? 0.25);
  });
  page.y += height + 18;
}
