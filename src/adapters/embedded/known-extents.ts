import type { Extent } from "../../core/query/coverage.ts";

/**
 * First and last days by tenant and dataset, each with the version it was read of: reading them again takes a pass over
 * the days of all the tenant's facts, which every answer would wait for.
 */
export class KnownExtents {
  readonly #known = new Map<string, { version: string; extent: Extent | null }>();

  /** @param read asked where the version is another than the one known */
  async of(name: string, version: string, read: () => Promise<Extent | null>): Promise<Extent | null> {
    const known = this.#known.get(name);
    if (known?.version === version) return known.extent;
    const extent = await read();
    this.#known.set(name, { version, extent });
    return extent;
  }
}
