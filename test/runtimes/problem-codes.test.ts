import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { problemSpec, STATUS_OF_KIND } from "../../src/contract/problems.ts";
import type { ErrorKind } from "../../src/core/errors/errors.ts";

const root = join(import.meta.dirname, "../..");
const ROOMS = ["core", "app", "http", "importers", "render", "adapters", "loading", "duckdb"];

/** Codes that never reach a client of the API: the service does not start, or a command reads local files. */
const LOCAL = [
  "auth.not-configured",
  "check.timeout",
  "config.missing",
  "import.file-not-found",
  "import.no-files",
  "import.not-a-file",
  "import.unreadable",
  "data.unusable",
  "store.in-use",
  "store.newer-version",
  "store.unknown-version",
  "store.unreadable",
];

/** Codes whose status HTTP has a better word for than their kind's. */
const OWN_STATUS = ["service.internal"];

interface Thrown {
  code: string;
  kind: ErrorKind;
  file: string;
}

/** Every error the source makes with a literal code. */
function thrownCodes(): Thrown[] {
  const found: Thrown[] = [];
  for (const room of ROOMS) {
    for (const name of readdirSync(join(root, "src", room), { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
      const file = join("src", room, name);
      const text = readFileSync(join(root, file), "utf8");
      for (const [, code = "", kind] of text.matchAll(/new DomainError\(\s*"([a-z.-]+)",\s*"([a-z-]+)"/g))
        found.push({ code, kind: kind as ErrorKind, file });
      for (const [, code = ""] of text.matchAll(/\b(?:invalid|refused)\(\s*"([a-z]+\.[a-z-]+)"/g))
        found.push({ code, kind: code.startsWith("auth.") ? "unauthenticated" : "invalid", file });
      for (const [, code = ""] of text.matchAll(/\bimportError\(\s*"([a-z-]+)"/g))
        found.push({ code: `import.${code}`, kind: "unprocessable", file });
    }
  }
  return found.filter(({ code }) => !LOCAL.includes(code));
}

describe("the codes the source throws", () => {
  const thrown = thrownCodes();

  it("are found", () => {
    expect(thrown.length).toBeGreaterThan(80);
  });

  it("are all in the contract's table, src/contract/problem-codes.ts", () => {
    const unlisted = thrown.filter(({ code }) => problemSpec(code) === undefined);
    expect(unlisted.map(({ code, file }) => `${code} (${file})`)).toEqual([]);
  });

  it("have there the status of their kind, where the table names no other of the same class", () => {
    const wrong = thrown.filter(({ code, kind }) => {
      const listed = problemSpec(code)?.status ?? 0;
      const own = STATUS_OF_KIND[kind];
      const refined =
        Math.floor(listed / 100) === Math.floor(own / 100) &&
        [405, 408, 415, 428, 431, 499, 403].includes(listed);
      return listed !== own && !refined && !OWN_STATUS.includes(code);
    });
    expect(wrong.map(({ code, kind, file }) => `${code} is ${kind} (${file})`)).toEqual([]);
  });
});
