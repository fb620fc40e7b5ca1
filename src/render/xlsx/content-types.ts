import { XML_HEAD } from "./xml.ts";

const SHEET_ML = "application/vnd.openxmlformats-officedocument.spreadsheetml";
const PACKAGE = "application/vnd.openxmlformats-package";
const OFFICE = "application/vnd.openxmlformats-officedocument";

/** The part `[Content_Types].xml` for a workbook of these sheets, charts and pictures. */
export function contentTypes(sheets: readonly number[], charts: number, drawing: boolean): string {
  const part = (name: string, type: string): string =>
    `<Override PartName="/${name}" ContentType="${type}+xml"/>`;
  const parts = [
    part("xl/workbook.xml", `${SHEET_ML}.sheet.main`),
    ...sheets.map((n) => part(`xl/worksheets/sheet${n}.xml`, `${SHEET_ML}.worksheet`)),
    part("xl/styles.xml", `${SHEET_ML}.styles`),
    part("xl/sharedStrings.xml", `${SHEET_ML}.sharedStrings`),
    part("xl/theme/theme1.xml", `${OFFICE}.theme`),
    ...(drawing ? [part("xl/drawings/drawing1.xml", `${OFFICE}.drawing`)] : []),
    ...Array.from({ length: charts }, (_, i) =>
      part(`xl/charts/chart${i + 1}.xml`, `${OFFICE}.drawingml.chart`),
    ),
    part("docProps/core.xml", `${PACKAGE}.core-properties`),
    part("docProps/app.xml", `${OFFICE}.extended-properties`),
  ];
  return (
    `${XML_HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
    `<Default Extension="rels" ContentType="${PACKAGE}.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
    `<Default Extension="png" ContentType="image/png"/><Default Extension="jpeg" ContentType="image/jpeg"/>` +
    `${parts.join("")}</Types>`
  );
}
