import { randomBytes } from "node:crypto";
import { DomainError } from "../../../core/errors/errors.ts";
import type { Dataset } from "../../../core/metrics/datasets.ts";
import type { PartitionKey } from "../../../core/metrics/facts.ts";
import type { FactBlock } from "../../../core/query/blocks.ts";
import type { Dynamo } from "../dynamo.ts";
import { BlockSink } from "./block-sink.ts";
import { encodeBlock, type FactRow, openBlock, PARTS } from "./codec.ts";
import { blockKey, MAX_ITEM_BYTES, type Segment } from "./manifest.ts";

/** Rows of a day that make a full block: some 30 to 100 KB, far from the limit of an item. */
const ROWS_PER_BLOCK = 4_000;
/** Rows held in memory over all days; beyond it days are written before they are full. */
const MAX_BUFFERED = 100_000;

/** A partition that is being written. */
export interface OpenPartition extends PartitionKey {
  readonly segmentKey: string;
  readonly days: Map<string, OpenDay>;
  rows: number;
}

interface OpenDay {
  rows: FactRow[];
  /** Rows of each block written. */
  chunks: number[];
}

export interface BlockWriterOptions {
  dynamo: Dynamo;
  table: string;
  dataset: Dataset;
  /** What the keys of all segments of this load begin with; see {@link newLoadKey}. */
  loadKey: string;
  /** Given each block as it can be read from the bytes that are written. */
  onBlock?: (block: FactBlock) => void;
  /** Ends what is being written. */
  signal?: AbortSignal | undefined;
}

/** A new key prefix for a load's blocks: 72 random bits. */
export function newLoadKey(): string {
  return randomBytes(9).toString("base64url");
}

/** Cuts partitions' facts into blocks of one day each and writes them, in bounded memory. */
export class BlockWriter {
  readonly #options: BlockWriterOptions;
  readonly #sink: BlockSink;
  readonly #open: OpenPartition[] = [];
  /** Days that hold rows. */
  readonly #waiting = new Map<OpenDay, { partition: OpenPartition; day: string }>();
  #buffered = 0;

  constructor(options: BlockWriterOptions) {
    this.#options = options;
    this.#sink = new BlockSink(options.dynamo, options.table, options.signal);
  }

  open({ tenant, source, period }: PartitionKey): OpenPartition {
    const segmentKey = `${this.#options.loadKey}.${this.#open.length}`;
    const partition = { tenant, source, period, segmentKey, days: new Map<string, OpenDay>(), rows: 0 };
    this.#open.push(partition);
    return partition;
  }

  /**
   * Takes a fact. Facts of one day that come together need the fewest blocks.
   * @param row its values in the order of the dataset's columns
   * @returns what to wait for before the next one, now and then
   */
  add(partition: OpenPartition, day: string, row: FactRow): Promise<void> | undefined {
    let open = partition.days.get(day);
    if (open === undefined) {
      open = { rows: [], chunks: [] };
      partition.days.set(day, open);
    }
    if (open.rows.push(row) === 1) this.#waiting.set(open, { partition, day });
    partition.rows += 1;
    this.#buffered += 1;
    if (open.rows.length >= ROWS_PER_BLOCK) return this.#write(open);
    return this.#buffered >= MAX_BUFFERED ? this.#relieve() : undefined;
  }

  /** Writes what is held: nothing more is to come of these days. */
  async flush(): Promise<void> {
    for (const open of [...this.#waiting.keys()]) await this.#write(open);
  }

  /** Writes the fullest days until half the memory is free: few days are cut into small blocks that way. */
  async #relieve(): Promise<void> {
    const fullest = [...this.#waiting.keys()].sort((a, b) => b.rows.length - a.rows.length);
    for (const open of fullest) {
      if (this.#buffered <= MAX_BUFFERED / 2) return;
      await this.#write(open);
    }
  }

  async #write(open: OpenDay): Promise<void> {
    const place = this.#waiting.get(open);
    if (place === undefined) return;
    this.#waiting.delete(open);
    const rows = open.rows;
    open.rows = [];
    this.#buffered -= rows.length;
    await this.#writeRows(place.partition, place.day, rows, open.chunks);
  }

  async #writeRows(
    partition: OpenPartition,
    day: string,
    rows: readonly FactRow[],
    chunks: number[],
  ): Promise<void> {
    const { dataset, onBlock } = this.#options;
    const parts = encodeBlock(dataset, rows);
    if (PARTS.some((part) => parts[part].length > MAX_ITEM_BYTES)) {
      if (rows.length === 1) throw tooLarge(partition, day);
      const half = Math.ceil(rows.length / 2);
      await this.#writeRows(partition, day, rows.slice(0, half), chunks);
      await this.#writeRows(partition, day, rows.slice(half), chunks);
      return;
    }
    const { tenant, source, period, segmentKey: segment } = partition;
    const bytes = PARTS.map((part) => parts[part]);
    onBlock?.(openBlock({ day, source, period }, bytes));
    const chunk = chunks.push(rows.length) - 1;
    for (const part of PARTS) {
      const key = blockKey(tenant, dataset.id, { part, segment, day, chunk });
      await this.#sink.put({ ...key, data: { B: parts[part] } });
    }
  }

  /** Writes what is still held. The blocks are there but nothing names them yet. */
  async finish(): Promise<void> {
    await this.flush();
    await this.#sink.flush();
  }

  /** Lets writes under way end, whatever comes of them. */
  async settle(): Promise<void> {
    await this.#sink.flush().catch(() => undefined);
  }
}

/** The segments of a finished partition: one, or none when it has no facts. */
export function segmentsOf({ segmentKey, days }: OpenPartition): Segment[] {
  if (days.size === 0) return [];
  const sorted = [...days].map(([day, { chunks }]): [string, number[]] => [day, chunks]);
  sorted.sort(([a], [b]) => (a < b ? -1 : 1));
  return [{ key: segmentKey, days: sorted }];
}

function tooLarge(partition: PartitionKey, day: string): DomainError {
  return new DomainError(
    "import.fact-too-large",
    "unprocessable",
    `A fact of ${partition.source} on ${day} takes more than ${MAX_ITEM_BYTES} bytes compressed`,
    { fix: "Shorten its texts or tags at the source." },
  );
}
