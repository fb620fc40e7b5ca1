import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Claimant, type TurnLimits, Turns } from "./turns.ts";

/** Work that is done when it is told to, in the order in which it began. */
function scene(limits: TurnLimits) {
  const turns = new Turns(limits);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string, claimant: Claimant, signal?: AbortSignal): Promise<void> =>
    turns.run(
      claimant,
      () => {
        begun.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      },
      signal,
    );
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await settle();
  };
  return { begun, run, end, settle };
}

describe("turns", () => {
  it("go round the owners, whoever asked for more and first", async () => {
    const { begun, run, end, settle } = scene({ atOnce: 1, ofOne: 1 });
    for (const name of ["a1", "a2", "a3", "b1", "b2", "c1"]) void run(name, { owner: name.charAt(0) });
    await settle();
    for (let i = 0; i < 6; i++) await end(begun.at(-1) ?? "");
    expect(begun).toEqual(["a1", "a2", "b1", "c1", "a3", "b2"]);
  });

  it("leave room for another owner, and for people beside jobs", async () => {
    const { begun, run, settle } = scene({ atOnce: 4, ofOne: 3, background: 2 });
    for (const name of ["j1", "j2", "j3"]) void run(name, { owner: "a", background: true });
    void run("p1", { owner: "a" });
    void run("p2", { owner: "a" });
    void run("b1", { owner: "b" });
    await settle();
    expect(begun).toEqual(["j1", "j2", "p1", "b1"]);
  });

  it("of an owner are never all its jobs'", async () => {
    const { begun, run, settle } = scene({ atOnce: 4, ofOne: 2, background: 2 });
    for (const name of ["j1", "j2"]) void run(name, { owner: "a", background: true });
    void run("p1", { owner: "a" });
    void run("k1", { owner: "b", background: true });
    await settle();
    expect(begun).toEqual(["j1", "p1", "k1"]);
  });

  it("are not waited for by who has left, and are ended by what fails", async () => {
    const { begun, run, end, settle } = scene({ atOnce: 1, ofOne: 1 });
    void run("a1", { owner: "a" });
    const leaving = new AbortController();
    const left = run("a2", { owner: "a" }, leaving.signal);
    void run("a3", { owner: "a" });
    await settle();
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    await end("a1");
    expect(begun).toEqual(["a1", "a3"]);
    const turns = new Turns({ atOnce: 1, ofOne: 1 });
    await expect(turns.run({ owner: "a" }, () => Promise.reject(new Error("broken")))).rejects.toThrow(
      "broken",
    );
    await expect(turns.run({ owner: "a" }, () => Promise.resolve(1))).resolves.toBe(1);
  });

  it("are refused to who has too many waiting, and not to others", async () => {
    const { run, settle } = scene({ atOnce: 1, ofOne: 1, waiting: 40 });
    const refused: unknown[] = [];
    const ask = (owner: string): void =>
      void run(owner, { owner }).catch((error: unknown) => refused.push(error));
    for (let i = 0; i < 42; i++) ask("a");
    await settle();
    expect(refused).toMatchObject([{ code: "store.busy", kind: "unavailable", retryAfter: 2 }]);
    for (let i = 0; i < 20; i++) ask("b");
    await settle();
    expect(refused).toHaveLength(1);
    ask("b");
    await settle();
    expect(refused).toHaveLength(2);
  });

  it("never go to more at once than there may be, and to everybody in the end", async () => {
    const claimants = fc.array(
      fc.record({ owner: fc.constantFrom("a", "b", "c"), background: fc.boolean(), steps: fc.nat(3) }),
      { maxLength: 40 },
    );
    const limits = { atOnce: 3, ofOne: 2, background: 1 };
    await fc.assert(
      fc.asyncProperty(claimants, async (list) => {
        const turns = new Turns(limits);
        const now: Claimant[] = [];
        const work = list.map(({ steps, ...claimant }) =>
          turns.run(claimant, async () => {
            now.push(claimant);
            expect(now.length).toBeLessThanOrEqual(limits.atOnce);
            expect(now.filter(({ owner }) => owner === claimant.owner).length).toBeLessThanOrEqual(
              limits.ofOne,
            );
            expect(now.filter(({ background }) => background).length).toBeLessThanOrEqual(limits.background);
            for (let i = 0; i < steps; i++) await Promise.resolve();
            now.splice(now.indexOf(claimant), 1);
          }),
        );
        await Promise.all(work);
      }),
    );
  });
});
