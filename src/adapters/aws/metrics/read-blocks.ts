import { DomainError } from "../../../core/errors/errors.ts";
import type { Dataset } from "../../../core/metrics/datasets.ts";
import type { FactBlock, LoadedDay } from "../../../core/query/blocks.ts";
import type { Dynamo, Item } from "../dynamo.ts";
import { isExpired, textOf } from "../items.ts";
import { openBlock, type Part } from "./codec.ts";
import { blockKey, type Partition } from "./manifest.ts";

/** A block named by a manifest. */
export interface BlockRef extends LoadedDay {
  period: string;
  segment: string;
  chunk: number;
}

export interface BlockReader {
  dynamo: Dynamo;
  table: string;
  now: () => Date;
}

/** Which blocks, and which parts of them. */
export interface BlockRequest {
  blocks: readonly BlockRef[];
  parts: readonly Part[];
  /** Ends the reading. */
  signal?: AbortSignal | undefined;
}

/** Items asked for at once. A block is some 10 to 50 KB and an answer at most 16 MB, so none is cut. */
const KEYS_PER_CALL = 20;
const CALLS_AT_ONCE = 8;

/** The manifest is newer than the blocks that were asked for, or blocks are lost. */
export class BlocksGone extends Error {
  override readonly name = "BlocksGone";
}

/** The blocks of partitions whose source and day are wanted. */
export function blocksOf(partitions: readonly Partition[], wants: (entry: LoadedDay) => boolean): BlockRef[] {
  const found: BlockRef[] = [];
  for (const { source, period, segments } of partitions)
    for (const { key, days } of segments)
      for (const [day, chunks] of days) {
        if (!wants({ source, period, day })) continue;
        chunks.forEach((_, chunk) => found.push({ source, period, day, segment: key, chunk }));
      }
  return found;
}

/**
 * Fetches blocks in parallel and hands each to `use` as its last part arrives, so that few are in memory at once.
 * Blocks never change once written, so the cheaper eventually consistent read is right when it finds them, and what
 * it does not find is asked for again consistently.
 * @throws BlocksGone; the signal's reason when aborted
 */
export async function readBlocks(
  reader: BlockReader,
  tenant: string,
  dataset: Dataset,
  request: BlockRequest,
  use: (block: FactBlock, ref: BlockRef) => void | Promise<void>,
): Promise<void> {
  const { blocks, parts } = request;
  const perCall = Math.floor(KEYS_PER_CALL / parts.length);
  const calls = Array.from({ length: Math.ceil(blocks.length / perCall) }, (_, i) =>
    blocks.slice(i * perCall, (i + 1) * perCall),
  );
  let next = 0;
  let failed = false;
  const work = async (): Promise<void> => {
    while (next < calls.length && !failed) {
      const refs = calls[next++] ?? [];
      try {
        const items = await fetchItems(reader, tenant, dataset, { ...request, blocks: refs });
        for (const ref of refs) await use(assemble(tenant, dataset, ref, parts, items), ref);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(CALLS_AT_ONCE, calls.length) }, work));
}

async function fetchItems(
  reader: BlockReader,
  tenant: string,
  dataset: Dataset,
  { blocks, parts, signal }: BlockRequest,
): Promise<Map<string, Item>> {
  const keys = blocks.flatMap((ref) => parts.map((part) => blockKey(tenant, dataset.id, { ...ref, part })));
  const found = new Map<string, Item>();
  const keep = (items: Item[]): void => {
    for (const item of items) if (!isExpired(item, reader.now())) found.set(textOf(item, "sk") ?? "", item);
  };
  keep(await reader.dynamo.batchGet(reader.table, keys, { eventual: true, signal }));
  const absent = keys.filter((key) => !found.has(textOf(key, "sk") ?? ""));
  if (absent.length > 0) keep(await reader.dynamo.batchGet(reader.table, absent, { signal }));
  return found;
}

function assemble(
  tenant: string,
  dataset: Dataset,
  ref: BlockRef,
  parts: readonly Part[],
  items: ReadonlyMap<string, Item>,
): FactBlock {
  const bytes = parts.map((part) => {
    const name = textOf(blockKey(tenant, dataset.id, { ...ref, part }), "sk") ?? "";
    const data = items.get(name)?.data?.B;
    if (data === undefined) throw new BlocksGone(`block ${name} of ${tenant} is not there`);
    return data;
  });
  return openBlock(ref, bytes);
}

/** Blocks that the current manifest names are missing: a failure, never an answer without them. */
export function damaged(tenant: string, dataset: Dataset, cause: unknown): DomainError {
  return new DomainError(
    "store.damaged",
    "unavailable",
    `Facts of ${tenant} (${dataset.id}) that the manifest names are not in the store`,
    { fix: "Import the affected period again, or restore the metrics table from its backup.", cause },
  );
}
