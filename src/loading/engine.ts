import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Connect } from "../duckdb/staging.ts";

/** An engine to read, stage and sort with. */
export interface Engine {
  connect: Connect;
  close: () => Promise<void>;
}

export interface ReadingLimits {
  /** Engine memory before it spills to disk, e.g. `500MB`. */
  memory: string;
  threads: number;
}

/** Ten million rows are read and sorted within these. */
export const READING_LIMITS: ReadingLimits = {
  memory: "500MB",
  threads: Math.min(availableParallelism(), 4),
};

/**
 * An engine without tables, opened by whoever first connects to it.
 * @param folder where it spills to
 */
export function readingEngine(folder: string, limits: ReadingLimits = READING_LIMITS): Engine {
  let opened: Promise<DuckDBInstance> | undefined;
  return {
    async connect() {
      opened ??= openInstance(folder, limits);
      return (await opened).connect();
    },
    async close() {
      (await opened?.catch(() => undefined))?.closeSync();
    },
  };
}

async function openInstance(folder: string, { memory, threads }: ReadingLimits): Promise<DuckDBInstance> {
  const spill = join(folder, "spill");
  await mkdir(spill, { recursive: true, mode: 0o700 });
  return DuckDBInstance.create(":memory:", {
    memory_limit: memory,
    threads: String(threads),
    temp_directory: spill,
    // Files are read once or twice, and the operating system keeps them as well.
    enable_external_file_cache: "false",
    autoinstall_known_extensions: "false",
  });
}
