import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { freshStore } from "../../../test/conformance/lib/embedded.ts";
import { exportFilesCases } from "../../../test/conformance/export-files.case.ts";
import { exportsIn } from "../../../test/support/stored.ts";
import type { ExportJob } from "../../core/exports/export-job.ts";
import { pathSegment } from "./export-files.ts";
import { openEmbeddedStore } from "./store.ts";

exportFilesCases("embedded", () => freshStore((store) => store.exportFiles));

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

  it("removes expired exports with their files when the folder is opened, and daily while it is open", async () => {
    const directory = mkdtempSync(join(tmpdir(), "securebase-test-"));
    let now = "2024-10-01T00:00:00Z";
    const open = () => openEmbeddedStore(directory, { clock: { now: () => new Date(now) } });
    const first = await open();
    for (const [id, expiresAt] of [
      ["short", "2024-10-02T00:00:00.000Z"],
      ["longer", "2024-10-03T00:00:00.000Z"],
      ["long", "2024-12-30T00:00:00.000Z"],
    ] as const) {
      await exportsIn(first, "acme").create(exportJob(id, expiresAt));
      await first.exportFiles.forTenant("acme").write(id, Readable.from([Buffer.from("x")]));
    }
    first.close();
    now = "2024-10-02T00:00:00Z";
    const second = await open();
    const files = (): string[] => readdirSync(join(directory, "exports", "acme")).sort();
    expect(files()).toEqual(["long", "longer"]);
    now = "2024-10-03T00:00:00Z";
    await second.housekeep();
    expect(files()).toEqual(["long"]);
    expect((await exportsIn(second, "acme").all()).map(({ record }) => record.id)).toEqual(["long"]);
    second.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it("names files so that no two ids share one and none leaves its folder", () => {
    const ids = ["a", "A", "a.b", "a%2eb", "..", ".", "", "/", "%", "ä", "a b", "\u0000"];
    const names = ids.map(pathSegment);
    expect(new Set(names).size).toBe(ids.length);
    expect(names.every((name) => /^[A-Za-z0-9%_-]+$/.test(name))).toBe(true);
  });
});

function exportJob(id: string, expiresAt: string): ExportJob {
  return {
    id,
    title: "T",
    format: "csv",
    fileName: "t.csv",
    status: "done",
    rowsWritten: 0,
    rowsTotal: 0,
    bytes: 0,
    manifest: null,
    error: null,
    requestedBy: "x",
    createdAt: "2024-10-01T00:00:00.000Z",
    finishedAt: null,
    expiresAt,
  };
}
