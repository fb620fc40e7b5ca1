import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answerOf, answersOf, openFolder, unpackFolder } from "../support/sample-folder.ts";
import type { HttpTarget } from "./target.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures");
const folders = readdirSync(FIXTURES).filter((name) => name.startsWith("folder-"));

describe.each(folders)("a data folder of an earlier version, %s", (name) => {
  const fixture = join(FIXTURES, name);
  let directory: string;
  beforeEach(() => {
    directory = unpackFolder(fixture);
    // Its exports are kept for 90 days.
    vi.useFakeTimers({ now: new Date("2026-12-01T12:00:00Z"), toFake: ["Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
    rmSync(directory, { recursive: true, force: true });
  });

  it("is opened, and answers as it did, also when it is opened again", async () => {
    const answered = answersOf(fixture);
    expect(answered.length).toBeGreaterThan(15);
    for (let opened = 0; opened < 2; opened++) {
      const target: HttpTarget = await openFolder(directory);
      for (const { answer, ...question } of answered) {
        // A later version may say more, as the contract allows; what was said stays the same.
        expect([question.line, await answerOf(target, question)]).toMatchObject([question.line, answer]);
      }
      await target.close();
    }
  });
});
