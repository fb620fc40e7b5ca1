import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { readingEngine } from "../../loading/engine.ts";

export interface EngineCheck {
  /** Of DuckDB, e.g. `v1.5.6`. */
  version: string;
  /** What the engine answers to `SELECT 42`. */
  answer: number;
}

/**
 * Opens the reading engine and asks it something, to see that the layer it comes from fits the machine.
 * @param folder where it may write
 */
export async function checkEngine(folder: string): Promise<EngineCheck> {
  const place = await mkdtemp(join(folder, "engine-check-"));
  try {
    const engine = readingEngine(place);
    try {
      const connection = await engine.connect();
      const reader = await connection.runAndReadAll("SELECT version(), 42");
      const [version, answer] = reader.getRowsJS()[0] ?? [];
      if (typeof version !== "string" || typeof answer !== "number")
        throw new Error("the engine does not answer what it was asked");
      return { version, answer };
    } finally {
      await engine.close();
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
