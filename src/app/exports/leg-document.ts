import type { Row } from "../../core/query/query.ts";
import type { DocumentSection, ReportDocument, TableStream } from "../../core/reports/document.ts";
import { datasetHasher, type Digest } from "../../core/reports/manifest.ts";
import type { BuiltDocument } from "../reports/build-document.ts";

/** What a leg tells the next of the document, so that it notices when the facts have changed in between. */
export interface Seen {
  /** Over everything but the rows. */
  document: string;
  /** Hash of each table that was read whole, by the index of its section. */
  tables: Readonly<Record<number, string>>;
  /** Rows of the detail table that are in the file, and their hash. */
  rows: number;
  rowsHash: string;
}

/** The facts are not those any more that the file begins with. */
export class DocumentChanged extends Error {
  override readonly name = "DocumentChanged";
}

export interface LegDocument {
  /** Its detail table begins behind the rows that are in the file already. */
  document: ReportDocument;
  /** What the next leg must know when this one ends after so many rows. */
  seen(rows: number): Seen;
}

/**
 * A document made anew, to go on with a file that another process began: checks that it says the same so far.
 * @param onBatch called with the rows so far before each batch that is written; what it throws ends the table
 * @throws DocumentChanged here, or while the detail table is read
 */
export async function documentOfLeg(
  built: BuiltDocument,
  digest: () => Digest,
  before: Seen | undefined,
  onBatch: (rows: number) => Promise<void> | void,
): Promise<LegDocument> {
  // Functions are no JSON: of the tables, this is all but their rows.
  const whole = digest();
  whole.update(JSON.stringify(built));
  const hash = whole.hex();
  if (before !== undefined && before.document !== hash) throw new DocumentChanged("the answers are others");
  const tables: Record<number, string> = { ...before?.tables };
  const sections: DocumentSection[] = [];
  for (const [i, section] of built.sections.entries()) {
    if (section.kind !== "table") sections.push(section);
    else if (section.detail) {
      sections.push({ ...section, table: behind(section.table, built, before, onBatch) });
    } else {
      const table = hashed(section.table, digest(), (found) => (tables[i] = found));
      const known = before?.tables[i];
      if (known !== undefined) await check(table, () => tables[i] === known);
      sections.push(known === undefined ? { ...section, table } : section);
    }
  }
  return {
    document: { ...built, sections },
    seen: (rows) => ({ document: hash, tables, rows, rowsHash: built.hashAfter(rows) }),
  };
}

async function check(table: TableStream, same: () => boolean): Promise<void> {
  const rows = table.batches()[Symbol.asyncIterator]();
  while ((await rows.next()).done !== true) continue;
  if (!same()) throw new DocumentChanged("a table has other rows");
}

function hashed(table: TableStream, digest: Digest, onEnd: (hash: string) => void): TableStream {
  return {
    ...table,
    async *batches() {
      const hasher = datasetHasher(digest, table.head.columns);
      for await (const batch of table.batches()) {
        hasher.rows(batch);
        yield batch;
      }
      onEnd(hasher.finish(null));
    },
  };
}

/** The table behind the rows that are in the file; they are read all the same, for the dataset hash. */
function behind(
  table: TableStream,
  built: BuiltDocument,
  before: Seen | undefined,
  onBatch: (rows: number) => Promise<void> | void,
): TableStream {
  const skipped = before?.rows ?? 0;
  return {
    ...table,
    async *batches() {
      let rows = 0;
      for await (const batch of table.batches()) {
        const start = rows;
        rows += batch.length;
        await onBatch(Math.max(start, skipped));
        if (rows < skipped) continue;
        if (before !== undefined && start < skipped && built.hashAfter(skipped) !== before.rowsHash)
          throw new DocumentChanged("the first rows are others");
        const rest: readonly Row[] = start < skipped ? batch.slice(skipped - start) : batch;
        if (rest.length > 0) yield rest;
      }
      if (rows < skipped) throw new DocumentChanged("there are fewer rows");
    },
  };
}
