import { expect, it } from "vitest";
import { manifestOf, manifestPut } from "./manifest.ts";

const EMPTY = { revision: 4, version: 2, asOf: null, partitions: [], garbage: [] };

it("a manifest of a format that this version does not know is refused, one that tells none is of the first", () => {
  const { Item } = manifestPut("metrics", "acme", "cost", EMPTY);
  expect(manifestOf(Item)).toEqual({ ...EMPTY, revision: 5 });
  const earlier = { ...Item };
  delete earlier.format;
  expect(manifestOf(earlier)).toEqual({ ...EMPTY, revision: 5 });
  for (const format of ["0", "2", "1.5"])
    expect(() => manifestOf({ ...Item, format: { N: format } })).toThrow(/format/);
});
