import type { DocumentSection } from "../../core/reports/document.ts";
import { CellNotes, type NotesState } from "./cells.ts";
import type { Look } from "./look.ts";
import { SharedStrings } from "./strings.ts";
import { StyleBook, type StyleState } from "./styles.ts";
import type { SheetLimits, TableContext, TableState, WrittenTable } from "./table.ts";
import { Workbook, type WorkbookSheets } from "./workbook.ts";
import type { ZipState } from "./zip.ts";

/** A workbook that ends in the middle of its detail table. */
export interface WorkbookState {
  zip: ZipState;
  workbook: WorkbookSheets;
  styles: StyleState;
  strings: readonly string[];
  notes: NotesState;
  /** The tables begun, in order, their sheets by number; the last one is the one that is not whole. */
  tables: readonly { sheets: readonly number[]; rows: number }[];
  table: TableState;
}

/** What all sheets of a workbook are made with, as it was where the workbook was left. */
export function contextOf(look: Look, limits: SheetLimits, before: WorkbookState | undefined): TableContext {
  const context = {
    ...{ styles: new StyleBook(), strings: new SharedStrings(), notes: new CellNotes() },
    ...{ workbook: new Workbook(), look, limits },
  };
  if (before === undefined) return context;
  context.styles.restore(before.styles);
  context.strings.restore(before.strings);
  context.notes.restore(before.notes);
  context.workbook.restore(before.workbook);
  return context;
}

/** What `contextOf` and the writers of the table and the archive go on from. */
export function workbookState(
  { workbook, styles, strings, notes }: TableContext,
  tables: ReadonlyMap<DocumentSection, WrittenTable>,
  zip: ZipState,
  table: TableState,
): WorkbookState {
  return {
    ...{ zip, table, workbook: workbook.snapshot(), styles: styles.snapshot() },
    ...{ strings: strings.snapshot(), notes: notes.snapshot() },
    tables: [...tables.values()].map(({ sheets, rows }) => ({ sheets: sheets.map((s) => s.number), rows })),
  };
}
