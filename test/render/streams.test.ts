import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { collect, day, dimension, documentOf, money, type Watch } from "../support/documents.ts";
import type { Row } from "../../src/core/query/query.ts";
import type { TableStream } from "../../src/core/reports/document.ts";
import { rendererFor } from "../support/rendering.ts";

const columns = [day, dimension("resource", "Resource"), money("billed_cost", "Billed cost", "USD")];
const row = (i: number): Row => [
  "2024-09-01",
  `resource-${((i * 7919) % 1_000_003).toString(36)}-${i}`,
  `${i}.25`,
];
const rows = Array.from({ length: 60_000 }, (_, i) => row(i));

function watched(options: { failAt?: number } = {}): {
  watch: Watch;
  document: ReturnType<typeof documentOf>;
} {
  const watch: Watch = { pulled: 0, ended: false };
  return { watch, document: documentOf(columns, rows, { batchSize: 500, watch, ...options }) };
}

/** A side table that is never opened by a renderer that needs only the detail table. */
function sideTable(): { watch: Watch; table: TableStream } {
  const watch: Watch = { pulled: 0, ended: false };
  const section = documentOf(columns, [row(1)]).sections[0];
  if (section?.kind !== "table") throw new Error("no table");
  const batches = (): AsyncIterable<readonly Row[]> => ({
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: true as const, value: undefined }),
      return: () => {
        watch.ended = true;
        return Promise.resolve({ done: true as const, value: undefined });
      },
    }),
  });
  return { watch, table: { head: section.table.head, batches } };
}

describe.each(["csv", "json", "xlsx"] as const)("the %s stream", (format) => {
  it("reads nothing before it is asked", async () => {
    const { watch, document } = watched();
    const stream = (await rendererFor(format)).render(document)[Symbol.asyncIterator]();
    await setImmediate();
    expect(watch.pulled).toBe(0);
    await stream.return?.();
  });

  it("stops reading when its reader stops, but for a bounded buffer", async () => {
    const { watch, document } = watched();
    const stream = (await rendererFor(format)).render(document)[Symbol.asyncIterator]();
    let bytes = 0;
    while (watch.pulled === 0 || bytes < 1000) {
      const next = await stream.next();
      bytes += next.done === true ? 0 : next.value.length;
    }
    const pulled = watch.pulled;
    for (let i = 0; i < 50; i++) await setImmediate();
    expect(watch.pulled).toBe(pulled);
    // At most four blocks of 512 KiB are under way; all rows are 120 batches.
    expect(pulled).toBeLessThan(80);
    await stream.return?.();
    expect(watch.ended).toBe(true);
    expect(watch.pulled).toBe(pulled);
  });

  it("ends the row streams when its reader leaves before the first byte", async () => {
    const side = sideTable();
    const { document } = watched();
    const sections = [
      { kind: "table" as const, id: "side", title: "Side", detail: false, table: side.table },
      ...document.sections,
    ];
    const stream = (await rendererFor(format)).render({ ...document, sections })[Symbol.asyncIterator]();
    await stream.return?.();
    expect(side.watch.ended).toBe(true);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("fails when the store fails midway, and never ends as if it were whole", async () => {
    const { watch, document } = watched({ failAt: 7 });
    const render = (await rendererFor(format)).render(document);
    await expect(collect(render)).rejects.toThrow("the store went away");
    expect(watch.ended).toBe(true);
  });

  it("ends when it was read to its end", async () => {
    const { watch, document } = watched();
    expect((await collect((await rendererFor(format)).render(document))).length).toBeGreaterThan(100_000);
    expect(watch).toEqual({ pulled: 120, ended: true });
  });
});

it("ends the streams of tables that a format leaves out", async () => {
  const side = sideTable();
  const document = documentOf(columns, [row(1)]);
  const sections = [
    { kind: "table" as const, id: "side", title: "Side", detail: false, table: side.table },
    ...document.sections,
  ];
  await collect((await rendererFor("csv")).render({ ...document, sections }));
  expect(side.watch.ended).toBe(true);
});
