import { describe, expect, it } from "vitest";
import { currentEtag, matchesNone } from "./etag.ts";

const request = (headers: Record<string, string>): Request => new Request("http://x.test/", { headers });
const stored = (): Promise<string> => Promise.resolve("v2");

describe("If-Match", () => {
  it.each(['"v2"', '"v1", "v2"', "*"])("%s lets the current version be written", async (header) => {
    expect(await currentEtag(request({ "If-Match": header }), "required", stored)).toBe("v2");
  });

  it.each(['"v1"', 'W/"v2"', "v2"])("%s does not", async (header) => {
    await expect(currentEtag(request({ "If-Match": header }), "required", stored)).rejects.toMatchObject({
      code: "report.changed",
      kind: "precondition",
    });
  });

  it("is asked for where a change without it could lose another's", async () => {
    await expect(currentEtag(request({}), "required", stored)).rejects.toMatchObject({
      code: "report.precondition-required",
    });
    expect(await currentEtag(request({}), "optional", stored)).toBeUndefined();
  });
});

describe("If-None-Match", () => {
  it.each([
    [undefined, true],
    ['"v1"', true],
    ['"v2"', false],
    ['W/"v2"', false],
    ["*", false],
  ])("%s", (header, sends) => {
    expect(matchesNone(request(header === undefined ? {} : { "If-None-Match": header }), "v2")).toBe(sends);
  });
});
