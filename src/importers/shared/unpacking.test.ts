import { describe, expect, it } from "vitest";
import { memoryFile } from "../../../test/support/memory-file.ts";
import { DEFAULT_LIMITS, type ImportLimits } from "../../core/limits/limits.ts";
import { limitedFiles } from "./unpacking.ts";

const GIB = 2 ** 30;
const MIB = 2 ** 20;
/** Files of so many bytes, and what they unpack to. */
function unpack(sizes: readonly number[], unpacked: number, limits: Partial<ImportLimits> = {}): void {
  const files = sizes.map((size, i) => ({ ...memoryFile(`f${i}`, ""), size }));
  for (const file of limitedFiles(files, { ...DEFAULT_LIMITS.imports, ...limits }))
    file.onUnpacked?.(unpacked / sizes.length);
}
const refusal = { code: "import.too-large", kind: "too-large" };

describe("what files unpack to", () => {
  it("may be a gibibyte however small they are", () => {
    expect(() => unpack([1000], GIB)).not.toThrow();
    expect(() => unpack([1000], GIB + 1)).toThrow(expect.objectContaining(refusal) as Error);
  });

  it("may be more than that as far as real files do, all of an import together", () => {
    expect(() => unpack([6.6 * MIB], 1.5 * GIB)).toThrow(expect.objectContaining(refusal) as Error);
    expect(() => unpack([300 * MIB, 100 * MIB], 20 * GIB)).not.toThrow();
    expect(() => unpack([300 * MIB, 100 * MIB], 41 * GIB)).toThrow(
      expect.objectContaining({
        ...refusal,
        message: expect.stringContaining("100 times what they have packed") as string,
      }) as Error,
    );
  });

  it("has a limit of its own, and so have files that are not packed", () => {
    expect(() => unpack([40 * GIB], 201 * GIB)).toThrow(expect.objectContaining(refusal) as Error);
    expect(() => unpack([201 * GIB], 0)).toThrow(expect.objectContaining(refusal) as Error);
  });
});
