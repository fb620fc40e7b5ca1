import { describe, expect, it } from "vitest";
import { KnownAnswers } from "./known-answers.ts";

/** A question whose answers come when the test says so. */
function question() {
  const waiting: ((answer: string) => void)[] = [];
  return {
    read: () => new Promise<string>((resolve) => waiting.push(resolve)),
    answer: (text: string) => waiting.shift()?.(text),
    get asked() {
      return waiting.length;
    },
  };
}
const counted = (texts: string[]) => ({
  asked: 0,
  read() {
    this.asked += 1;
    return Promise.resolve(texts.shift() ?? "no more");
  },
});
const size = (text: string): number => text.length;

describe("known answers", () => {
  it("are read once, until their topic is written", async () => {
    const known = new KnownAnswers();
    const source = counted(["a", "b"]);
    const ask = () => known.of("reports", "1", () => source.read(), size);
    expect([await ask(), await ask(), source.asked]).toEqual(["a", "a", 1]);
    known.forget("budgets");
    expect([await ask(), source.asked]).toEqual(["a", 1]);
    known.forget("reports");
    expect([await ask(), await ask(), source.asked]).toEqual(["b", "b", 2]);
  });

  it("are not kept when they were read before a write and came after it", async () => {
    const known = new KnownAnswers();
    const { read, answer } = question();
    const before = known.of("reports", "1", read, size);
    known.forget("reports");
    const after = known.of("reports", "1", read, size);
    answer("old");
    answer("new");
    expect([await before, await after]).toEqual(["old", "new"]);
    expect(await known.of("reports", "1", read, size)).toBe("new");
  });

  it("are asked for again after a failure", async () => {
    const known = new KnownAnswers();
    await expect(known.of("t", "1", () => Promise.reject(new Error("no")), size)).rejects.toThrow("no");
    expect(await known.of("t", "1", () => Promise.resolve("yes"), size)).toBe("yes");
  });

  it("are limited: a topic that grows is forgotten before others are", async () => {
    const known = new KnownAnswers();
    const source = counted(["small", "small again"]);
    const ask = () => known.of("mine", "1", () => source.read(), size);
    await ask();
    for (let i = 0; i < 100; i++)
      await known.of(
        "theirs",
        String(i),
        () => Promise.resolve("x"),
        () => 1_000_000,
      );
    expect([await ask(), source.asked]).toEqual(["small", 1]);
    for (let i = 0; i < 100; i++)
      await known.of(
        `t${i}`,
        "1",
        () => Promise.resolve("x"),
        () => 1_000_000,
      );
    expect([await ask(), source.asked]).toEqual(["small again", 2]);
  });
});
