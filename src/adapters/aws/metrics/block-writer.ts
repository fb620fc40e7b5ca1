import { randomBytes } from "node:crypto";
import { DomainError } from "../../../core/errors/errors.ts";
import type { Dataset } from "../../../core/metrics/datasets.ts";
import type { PartitionKey } from "../../../core/metrics/facts.ts";
import type { Dynamo } from "../dynamo.ts";
import { BlockSink } from "./block-sink.ts";
import { encodeBlock, type FactRow, type Part, PARTS } from "./codec.ts";
import { blockKey, MAX_ITEM_BYTES, type Segment, UNDATED } from "./manifest.ts";

/** Rows of a day that make a full block: some 30 to 100 KB, far from the limit of an item. */
const ROWS_PER_BLOCK = 4_000;
/** Rows held in memory over all days; beyond it days are written before they are full. */
const MAX_BUFFERED = 100_000;

interface Open extends PartitionKey {
  segment: Segment;
  days: Map<string, { rows: FactRow[]; chunks: number[] }>;
  rows: number;
  undated: boolean;
}

/** What was written of a partition. */
export interface WrittenPartition extends PartitionKey {
  /** Of an undated partition its one day is {@link UNDATED} still. */
  segment: Segment;
  rows: number;
  /** Its facts came without a day, so its period is only a name. */
  undated: boolean;
}

export interface BlockWriterOptions {
  dynamo: Dynamo;
  table: string;
  dataset: Dataset;
  /** What the keys of all segments of this load begin with; see `newLoadKey`. */
  loadKey: string;
  /** Encodes and counts, but writes nothing. */
  dryRun: boolean;
  /** Called, and waited for, before the first fact of a tenant is taken. */
  onTenant: (tenant: string) => Promise<void>;
}

/** A new key prefix for a load's blocks: 72 random bits. */
export function newLoadKey(): string {
  return randomBytes(9).toString("base64url");
}

/** Sorts facts into partitions and days and writes each full day block, in bounded memory. */
export class BlockWriter {
  readonly #options: BlockWriterOptions;
  readonly #sink: BlockSink;
  readonly #open = new Map<string, Open>();
  readonly #tenants = new Map<string, Promise<void>>();
  #buffered = 0;

  constructor(options: BlockWriterOptions) {
    this.#options = options;
    this.#sink = new BlockSink(options.dynamo, options.table);
  }

  /** Opens a partition, so that it is replaced even when no fact comes. */
  async open(key: PartitionKey): Promise<void> {
    await this.#begin(key);
    this.#partition(key, false);
  }

  async #begin(key: PartitionKey): Promise<void> {
    let begun = this.#tenants.get(key.tenant);
    if (begun === undefined) {
      begun = this.#options.onTenant(key.tenant);
      this.#tenants.set(key.tenant, begun);
    }
    await begun;
  }

  /**
   * Takes a fact.
   * @param day null while it is not known; the key's period is then only a name
   * @param row its values in the order of the dataset's columns
   */
  async add(key: PartitionKey, day: string | null, row: FactRow): Promise<void> {
    const undated = day === null;
    // Only the first fact of a partition has to wait for its tenant.
    if (!this.#open.has(partitionName(key, undated))) await this.#begin(key);
    const partition = this.#partition(key, undated);
    const label = day ?? UNDATED;
    let open = partition.days.get(label);
    if (open === undefined) {
      open = { rows: [], chunks: [] };
      partition.days.set(label, open);
    }
    open.rows.push(row);
    partition.rows += 1;
    this.#buffered += 1;
    if (open.rows.length >= ROWS_PER_BLOCK) await this.#write(partition, label);
    else if (this.#buffered >= MAX_BUFFERED) await this.#relieve();
  }

  #partition(key: PartitionKey, undated: boolean): Open {
    const { tenant, source, period } = key;
    const name = partitionName(key, undated);
    let partition = this.#open.get(name);
    if (partition === undefined) {
      const segment = { key: `${this.#options.loadKey}.${this.#open.size}`, days: [] };
      partition = { tenant, source, period, segment, days: new Map(), rows: 0, undated };
      this.#open.set(name, partition);
    }
    return partition;
  }

  /** Writes the fullest days until half the memory is free: few days are cut into small blocks that way. */
  async #relieve(): Promise<void> {
    const days = [...this.#open.values()].flatMap((partition) =>
      [...partition.days].map(([day, { rows }]) => ({ partition, day, count: rows.length })),
    );
    days.sort((a, b) => b.count - a.count);
    for (const { partition, day } of days) {
      if (this.#buffered <= MAX_BUFFERED / 2) return;
      await this.#write(partition, day);
    }
  }

  async #write(partition: Open, day: string): Promise<void> {
    const open = partition.days.get(day);
    if (open === undefined || open.rows.length === 0) return;
    const rows = open.rows;
    open.rows = [];
    this.#buffered -= rows.length;
    await this.#writeRows(partition, day, rows, open.chunks);
  }

  async #writeRows(partition: Open, day: string, rows: FactRow[], chunks: number[]): Promise<void> {
    const { dataset, dryRun } = this.#options;
    if (dryRun) return;
    const parts = encodeBlock(dataset, rows);
    if (PARTS.some((part) => parts[part].length > MAX_ITEM_BYTES)) {
      if (rows.length === 1) throw tooLarge(partition, day);
      const half = Math.ceil(rows.length / 2);
      await this.#writeRows(partition, day, rows.slice(0, half), chunks);
      await this.#writeRows(partition, day, rows.slice(half), chunks);
      return;
    }
    const chunk = chunks.push(rows.length) - 1;
    for (const part of PARTS) await this.#put(partition, day, { part, chunk, data: parts[part] });
  }

  async #put(
    partition: Open,
    day: string,
    block: { part: Part; chunk: number; data: Uint8Array },
  ): Promise<void> {
    const { dataset } = this.#options;
    const { part, chunk, data } = block;
    const key = blockKey(partition.tenant, dataset.id, { part, segment: partition.segment.key, day, chunk });
    await this.#sink.put({ ...key, data: { B: data } });
  }

  /** Writes what is still held. The blocks are there but nothing names them yet. */
  async finish(): Promise<WrittenPartition[]> {
    for (const partition of this.#open.values())
      for (const day of partition.days.keys()) await this.#write(partition, day);
    await this.#sink.flush();
    return [...this.#open.values()].map(({ tenant, source, period, segment, days, rows, undated }) => {
      const sorted = [...days].map(([day, { chunks }]): [string, number[]] => [day, chunks]);
      sorted.sort(([a], [b]) => (a < b ? -1 : 1));
      return { tenant, source, period, rows, undated, segment: { key: segment.key, days: sorted } };
    });
  }

  /** The tenants that facts may have been written of, for cleaning up after a failure. */
  tenants(): string[] {
    return [...this.#tenants.keys()];
  }

  /** The partitions opened so far. */
  partitions(): PartitionKey[] {
    return [...this.#open.values()].map(({ tenant, source, period }) => ({ tenant, source, period }));
  }

  /** Lets writes under way end, whatever comes of them. */
  async settle(): Promise<void> {
    await this.#sink.flush().catch(() => undefined);
  }
}

function partitionName({ tenant, source, period }: PartitionKey, undated: boolean): string {
  return `${undated ? UNDATED : ""}\n${tenant}\n${source}\n${period}`;
}

function tooLarge(partition: PartitionKey, day: string): DomainError {
  return new DomainError(
    "import.fact-too-large",
    "unprocessable",
    `A fact of ${partition.source} on ${day} takes more than ${MAX_ITEM_BYTES} bytes compressed`,
    { fix: "Shorten its texts or tags at the source." },
  );
}
