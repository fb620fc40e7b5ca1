import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshStore } from "../../../test/conformance/lib/embedded.ts";
import { exportStoreCases } from "../../../test/conformance/export-store.case.ts";
import { pathSegment } from "./export-store.ts";
import { openEmbeddedStore } from "./store.ts";

exportStoreCases("embedded", () => freshStore((store) => store.exports));

describe("embedded export files", () => {
  it("sweeps what a crash left half-written, and nothing else", async () => {
    const directory = mkdtempSync(join(tmpdir(), "securebase-test-"));
    const drafts = join(directory, "exports", ".drafts");
    mkdirSync(drafts, { recursive: true });
    mkdirSync(join(directory, "exports", "acme"));
    writeFileSync(join(drafts, "left"), "half");
    writeFileSync(join(directory, "exports", "acme", "whole"), "whole");
    const store = await openEmbeddedStore(directory);
    expect(existsSync(drafts)).toBe(false);
    expect(readdirSync(join(directory, "exports", "acme"))).toEqual(["whole"]);
    store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it("names files so that no two ids share one and none leaves its folder", () => {
    const ids = ["a", "A", "a.b", "a%2eb", "..", ".", "", "/", "%", "ä", "a b", "\u0000"];
    const names = ids.map(pathSegment);
    expect(new Set(names).size).toBe(ids.length);
    expect(names.every((name) => /^[A-Za-z0-9%_-]+$/.test(name))).toBe(true);
  });
});
