import { deserialize, serialize } from "node:v8";
import type { Row } from "../../src/core/query/query.ts";
import type { ReportDocument } from "../../src/core/reports/document.ts";
import type { Leg, LegBytes, RenderState } from "../../src/ports/renderer.ts";

export interface WrittenInLegs {
  bytes: Buffer;
  /** Rows of the detail table at each cut. */
  cuts: number[];
}

/**
 * Writes a file in legs as processes would that know nothing of each other: each with a document made anew, and with
 * nothing of the leg before but its state as bytes.
 * @param pause decides at each place where the file may be left, counted over the whole file from 0
 */
export async function writeInLegs(
  make: () => ReportDocument,
  render: (document: ReportDocument, leg: Leg) => AsyncIterable<Uint8Array> | LegBytes,
  pause: (place: number) => boolean,
): Promise<WrittenInLegs> {
  const chunks: Uint8Array[] = [];
  const cuts: number[] = [];
  let place = 0;
  let from: RenderState | undefined;
  do {
    const leg: Leg = { ...(from !== undefined && { from }), pause: () => pause(place++) };
    const bytes = render(behind(make(), from?.rows ?? 0), leg)[Symbol.asyncIterator]();
    let step: IteratorResult<Uint8Array, RenderState | undefined> = await bytes.next();
    for (; step.done !== true; step = await bytes.next()) chunks.push(Uint8Array.from(step.value));
    from = step.value === undefined ? undefined : (deserialize(serialize(step.value)) as RenderState);
    if (from !== undefined) cuts.push(from.rows);
  } while (from !== undefined);
  return { bytes: Buffer.concat(chunks), cuts };
}

/** The document with a detail table that begins behind its first rows, which are read all the same. */
function behind(document: ReportDocument, rows: number): ReportDocument {
  const sections = document.sections.map((section) => {
    if (section.kind !== "table" || !section.detail) return section;
    const { table } = section;
    async function* batches(): AsyncGenerator<readonly Row[]> {
      let left = rows;
      for await (const batch of table.batches()) {
        if (left < batch.length) yield left === 0 ? batch : batch.slice(left);
        left = Math.max(0, left - batch.length);
      }
    }
    return { ...section, table: { ...table, batches } };
  });
  return { ...document, sections };
}
