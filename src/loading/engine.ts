import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** An engine without tables, to read and sort files with. */
export interface ReadingEngine {
  connect(): Promise<DuckDBConnection>;
  close(): void;
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

/** @param folder where it spills to */
export async function openReadingEngine(
  folder: string,
  { memory, threads }: ReadingLimits = READING_LIMITS,
): Promise<ReadingEngine> {
  const spill = join(folder, "spill");
  await mkdir(spill, { recursive: true });
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: memory,
    threads: String(threads),
    temp_directory: spill,
    // Files are read once or twice, and the operating system keeps them as well.
    enable_external_file_cache: "false",
    autoinstall_known_extensions: "false",
  });
  return {
    connect: () => instance.connect(),
    close: () => instance.closeSync(),
  };
}
