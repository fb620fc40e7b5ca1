import type { Row } from "../../core/query/query.ts";
import type { ReportDocument, TableStream } from "../../core/reports/document.ts";

/** Opens a table's row stream; each table may be opened once. */
export type OpenRows = (table: TableStream) => AsyncIterable<readonly Row[]>;

/**
 * Turns a generator that pulls rows into a renderer's byte stream. However the byte stream ends (read to its end,
 * failed, or cancelled, even before the first byte), every row stream of the document is closed with it: the generator's
 * loops close those it opened, this function closes the others, so that no store cursor outlives its download.
 */
export function renderStream(
  document: ReportDocument,
  body: (rows: OpenRows) => AsyncGenerator<Uint8Array, void, undefined>,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const unread = new Set(
        document.sections.flatMap((section) => (section.kind === "table" ? [section.table] : [])),
      );
      const open: OpenRows = (table) => {
        unread.delete(table);
        return table.batches();
      };
      const endUnread = async (): Promise<void> => {
        const left = [...unread];
        unread.clear();
        for (const table of left) await table.batches()[Symbol.asyncIterator]().return?.();
      };
      const inner = guarded(body(open), endUnread);
      return {
        next: () => inner.next(),
        async return() {
          // A generator that never ran has no finally to run: its streams are ended here.
          await inner.return();
          await endUnread();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

async function* guarded(
  body: AsyncGenerator<Uint8Array, void, undefined>,
  endUnread: () => Promise<void>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } finally {
    await endUnread();
  }
}
