import { afterEach, describe, expect, it } from "vitest";
import type { FileLoad } from "../ports/loader.ts";
import type { ReadFiles } from "./read-files.ts";
import { type ReaderOptions, Readers } from "./readers.ts";

const program = new URL("../../test/support/odd-reader.ts", import.meta.url);
let readers: Readers | undefined;
afterEach(async () => {
  await readers?.close();
  readers = undefined;
});

const start = (options: Partial<ReaderOptions> = {}): Readers =>
  (readers = new Readers({ program, ...options }));

function read(from: Readers, what: string, signal?: AbortSignal): Promise<ReadFiles> {
  const load: FileLoad = {
    files: [],
    format: what,
    owners: { kind: "accounts", claims: [], seen: 0 },
    zones: {},
    snapshot: undefined,
    loadedAt: "2024-10-02T00:00:00Z",
    dryRun: false,
  };
  return from.read(load, "/nowhere", signal === undefined ? {} : { signal });
}

describe("processes that read files", () => {
  it("fail the load that makes them die, and read the next one all the same", async () => {
    const some = start();
    for (const what of ["abort", "exit"]) {
      await expect(read(some, what)).rejects.toMatchObject({
        code: "import.reader-failed",
        kind: "unprocessable",
        fix: expect.stringContaining("Nothing was loaded") as string,
      });
      await expect(read(some, "empty")).resolves.toMatchObject({ empty: [] });
    }
  });

  it("are ended when they take more memory than they may", async () => {
    const some = start({ limits: { processMb: 250 } });
    await expect(read(some, "grow")).rejects.toMatchObject({ code: "import.out-of-memory" });
    await expect(read(some, "empty")).resolves.toMatchObject({ empty: [] });
  });

  it("hand on why they refuse a file", async () => {
    await expect(read(start(), "refuse")).rejects.toMatchObject({
      name: "DomainError",
      code: "import.damaged",
      kind: "unprocessable",
      message: "x is damaged",
      fix: "Mend it.",
    });
  });

  it("are killed when they do not stop at once", async () => {
    const some = start({ limits: { graceMs: 10 } });
    const controller = new AbortController();
    const hanging = read(some, "hang", controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(hanging).rejects.toBe(reason);
    await expect(read(some, "empty")).resolves.toMatchObject({ empty: [] });
  });

  it("are used again, and at most as many run as may; the others wait for their turn, or leave", async () => {
    const some = start({ most: 1, limits: { graceMs: 10 } });
    const first = await read(some, "empty");
    expect((await read(some, "empty")).format).toBe(first.format);
    const [running, waiting] = [new AbortController(), new AbortController()];
    const hanging = read(some, "hang", running.signal);
    const leaving = read(some, "empty", waiting.signal);
    const staying = read(some, "empty");
    waiting.abort(new Error("left"));
    await expect(leaving).rejects.toThrow("left");
    running.abort(new Error("stopped"));
    await expect(hanging).rejects.toThrow("stopped");
    expect((await staying).format).not.toBe(first.format);
  });

  it("do not outlive those who started them", async () => {
    const some = start();
    const pid = Number((await read(some, "empty")).format);
    await some.close();
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });
});
