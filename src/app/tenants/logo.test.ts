import { describe, expect, it } from "vitest";
import { pngOf } from "../../../test/support/png.ts";
import { checkNewLogo } from "./logo.ts";

const jpeg = (width: number, height: number): string => {
  const frame = Buffer.from([0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 0, 0, 0, 1, 1, 0x11, 0, 0xff, 0xd9]);
  frame.writeUInt16BE(height, 7);
  frame.writeUInt16BE(width, 9);
  return `data:image/jpeg;base64,${frame.toString("base64")}`;
};
const url = (type: string, content: string): string =>
  `data:${type};base64,${Buffer.from(content).toString("base64")}`;

describe("a logo", () => {
  it.each([
    ["a small PNG", pngOf(1, 1)],
    ["a PNG of the largest size", pngOf(2000, 2000)],
    ["a JPEG", jpeg(300, 200)],
    ["none", undefined],
  ])("may be %s", async (_, logo) => {
    await expect(checkNewLogo(logo)).resolves.toBeUndefined();
  });

  it.each([
    ["an address", "https://logos.test/acme.png", "no data: URL"],
    ["HTML", url("text/html", "<script>alert(1)</script>"), "no data: URL"],
    ["SVG", url("image/svg+xml", "<svg/>"), "no data: URL"],
    ["HTML that says it is a PNG", url("image/png", "<script>alert(1)</script>".repeat(9)), "no PNG"],
    ["a JPEG that says it is a PNG", jpeg(9, 9).replace("jpeg", "png"), "no PNG"],
    ["base64 that is none", "data:image/png;base64,AAAAA", "base64"],
    ["no pixels", pngOf(0, 5), "no pixels"],
    ["more bytes than allowed", url("image/png", "x".repeat(256 * 1024 + 9)), "256 KiB"],
    ["a PNG of gigabytes of pixels", pngOf(50_000, 50_000, Buffer.alloc(1000)), "50000 × 50000"],
    ["a long and thin PNG", pngOf(4_097, 1), "4097 × 1"],
    ["a JPEG of gigabytes of pixels", jpeg(65_000, 65_000), "65000 × 65000"],
    ["a PNG that unpacks to more than its size", pngOf(10, 10, Buffer.alloc(100_000_000)), "unpack to more"],
    ["a PNG that ends early", pngOf(10, 10).slice(0, -40), "ends early|no PNG"],
  ])("may not be %s", async (_, logo, message) => {
    await expect(checkNewLogo(logo)).rejects.toMatchObject({
      code: "tenant.invalid-logo",
      kind: "invalid",
      field: "branding.logo",
      message: expect.stringMatching(message) as string,
    });
  });
});
