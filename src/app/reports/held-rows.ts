import type { Row } from "../../core/query/query.ts";
import type { TableStream } from "../../core/reports/document.ts";

/** How many rows of a document's tables are read into memory: no stream is open then, and what is over is missing. */
export interface HeldRows {
  /** Of each table. */
  each: number;
  /** Of all of them. */
  all: number;
}

/** Reads the first rows of tables into memory and closes them. */
export function holder({ each, all }: HeldRows): (table: TableStream) => Promise<TableStream> {
  let left = all;
  return async (table) => {
    const most = Math.min(each, left, table.head.completeness.rows);
    left -= most;
    const batches: (readonly Row[])[] = [];
    let rows = 0;
    try {
      if (most > 0) {
        for await (const batch of table.batches()) {
          batches.push(batch.length > most - rows ? batch.slice(0, most - rows) : batch);
          rows += batch.length;
          if (rows >= most) break;
        }
      }
    } finally {
      await table.close?.();
    }
    return {
      head: table.head,
      // eslint-disable-next-line @typescript-eslint/require-await -- the rows are here already
      async *batches() {
        yield* batches;
      },
    };
  };
}
