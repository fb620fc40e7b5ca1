import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

/**
 * The rooms of the project and what each may import, default-deny: a file that matches no row fails, an import
 * that its row does not name fails. Type-only and dynamic imports count, cycles between files fail.
 */
interface Room {
  /** Path prefix below the project root; `*` is one path segment and makes each match a room of its own. */
  path: string;
  /** Rooms it may import. Its own room is always allowed; siblings under a `*` are not. */
  imports: string[];
  /** Packages it may import, as written in package.json; "node" stands for all `node:` modules. */
  packages: string[];
}

const ANY = ["*"];
const ROOMS: Room[] = [
  { path: "src/core", imports: [], packages: [] },
  { path: "src/ports", imports: ["src/core"], packages: [] },
  { path: "src/contract", imports: ["src/core"], packages: ["zod"] },
  {
    path: "src/importers/registry",
    imports: ["src/importers/*", "src/core", "src/ports"],
    packages: ["node"],
  },
  { path: "src/importers/shared", imports: ["src/core", "src/ports"], packages: ["node", "fzstd"] },
  { path: "src/importers/*", imports: ["src/importers/shared", "src/core", "src/ports"], packages: ["node"] },
  { path: "src/render/registry", imports: ["src/render/*", "src/core", "src/ports"], packages: ["node"] },
  { path: "src/render/shared", imports: ["src/core", "src/ports"], packages: ["node"] },
  { path: "src/render/charts", imports: ["src/render/shared", "src/core", "src/ports"], packages: ["node"] },
  {
    path: "src/render/pdf",
    imports: ["src/render/charts", "src/render/shared", "src/core", "src/ports"],
    packages: ["node", "pdfkit", "fontkit"],
  },
  { path: "src/render/*", imports: ["src/render/shared", "src/core", "src/ports"], packages: ["node"] },
  {
    path: "src/app",
    imports: ["src/app/records", "src/core", "src/ports", "src/importers"],
    packages: ["node"],
  },
  { path: "src/app/records", imports: ["src/contract", "src/core", "src/ports"], packages: ["zod"] },
  {
    path: "src/http",
    imports: ["src/app", "src/core", "src/contract", "src/ports"],
    packages: ["node", "hono", "jose", "zod"],
  },
  {
    path: "src/adapters/embedded",
    imports: ["src/adapters/shared", "src/duckdb", "src/ports", "src/core"],
    packages: ["node", "@duckdb/node-api"],
  },
  { path: "src/duckdb", imports: ["src/ports", "src/core"], packages: ["node", "@duckdb/node-api"] },
  {
    path: "src/loading",
    imports: ["src/duckdb", "src/importers", "src/ports", "src/core"],
    packages: ["node", "@duckdb/node-api"],
  },
  {
    path: "src/adapters/aws",
    imports: ["src/adapters/shared", "src/ports", "src/core"],
    packages: ["node", "@aws-sdk", "@smithy"],
  },
  { path: "src/adapters/connectors", imports: ["src/ports", "src/core"], packages: ["node", "@aws-sdk"] },
  { path: "src/adapters/*", imports: ["src/ports", "src/core"], packages: ["node"] },
  { path: "src/demo", imports: ["src/core", "src/ports"], packages: ["node"] },
  {
    path: "src/runtimes",
    imports: [
      "src/core",
      "src/ports",
      "src/contract",
      "src/importers",
      "src/render",
      "src/app",
      "src/http",
      "src/loading",
      "src/adapters",
      "src/demo",
    ],
    packages: ANY,
  },
  {
    path: "src/cli",
    imports: ["src/contract", "src/core", "src/runtimes", "src/cli/packaging"],
    packages: ["node", "commander", "jose"],
  },
  {
    path: "src/cli/packaging",
    imports: ["src/contract", "src/core", "src/runtimes", "src/cli"],
    packages: ["node", "commander", "esbuild"],
  },
  { path: "test", imports: ["src", "test", "tools"], packages: ANY },
  { path: "bench", imports: ["src", "bench", "test", "tools"], packages: ANY },
];

const root = join(import.meta.dirname, "..");

function sourceFiles(): string[] {
  return ["src", "test", "bench"]
    .filter((dir) => existsSync(join(root, dir)))
    .flatMap((dir) =>
      readdirSync(join(root, dir), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
        .map((entry) => relative(root, join(entry.parentPath, entry.name))),
    )
    .sort();
}

/** The room a file lives in: the row with the longest matching path, and the concrete folder it matched. */
function roomOf(file: string): { room: Room; at: string } | undefined {
  let best: { room: Room; at: string } | undefined;
  for (const room of ROOMS) {
    const pattern = new RegExp(`^${room.path.replaceAll("*", "[^/]+")}(?=/|\\.ts$)`);
    const at = pattern.exec(file)?.[0];
    const wins =
      best === undefined || room.path.replace("*", "").length > best.room.path.replace("*", "").length;
    if (at !== undefined && wins) best = { room, at };
  }
  return best;
}

/** Every module specifier a file names: static, type-only, re-export, dynamic `import()` and `import("x").T`. */
function specifiersOf(file: string): string[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(root, file), "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    let name: ts.Node | undefined;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) name = node.moduleSpecifier;
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      name = node.arguments[0];
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) name = node.argument.literal;
    if (name !== undefined && ts.isStringLiteralLike(name)) found.push(name.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function allows(prefixes: string[], target: string): boolean {
  return prefixes.some((prefix) =>
    new RegExp(`^${prefix.replaceAll("*", "[^/]+")}(/|\\.ts$|$)`).test(target),
  );
}

function checkImport(file: string, specifier: string): string | undefined {
  const home = roomOf(file);
  if (home === undefined)
    return `${file}: matches no room; put it in one of ${ROOMS.map((r) => r.path).join(", ")}`;
  const isTest = file.endsWith(".test.ts");
  if (specifier.startsWith(".")) {
    const target = relative(root, resolve(root, dirname(file), specifier));
    const targetRoom = roomOf(target);
    if (targetRoom !== undefined && targetRoom.at === home.at) return undefined;
    if (isTest && target.startsWith("test/")) return undefined;
    if (allows(home.room.imports, target)) return undefined;
    return `${file}: ${home.room.path} may not import ${target}; it may import ${home.room.imports.join(", ") || "only itself"}. Move the shared code to a room both may use, or pass it in as a parameter.`;
  }
  if (isTest || home.room.packages.includes("*")) return undefined;
  const name = specifier.startsWith("node:") ? "node" : specifier;
  const allowed = home.room.packages.some((p) => name === p || name.startsWith(`${p}/`));
  if (allowed) return undefined;
  return `${file}: ${home.room.path} may not import the package ${specifier}; allowed: ${home.room.packages.join(", ") || "none"}`;
}

function findCycles(graph: Map<string, string[]>): string[] {
  const state = new Map<string, "open" | "done">();
  const cycles: string[] = [];
  const walk = (file: string, path: string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      cycles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
      return;
    }
    state.set(file, "open");
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    state.set(file, "done");
  };
  for (const file of graph.keys()) walk(file, []);
  return cycles;
}

describe("architecture", () => {
  const files = sourceFiles();

  it("knows a room for every file and sees only allowed imports", () => {
    const problems = files.flatMap((file) => {
      if (roomOf(file) === undefined) return [checkImport(file, ".") ?? file];
      return specifiersOf(file).map((specifier) => checkImport(file, specifier));
    });
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });

  it("has no import cycles", () => {
    const graph = new Map(
      files.map((file) => [
        file,
        specifiersOf(file)
          .filter((s) => s.startsWith("."))
          .map((s) => relative(root, resolve(root, dirname(file), s))),
      ]),
    );
    expect(findCycles(graph)).toEqual([]);
  });

  it("refuses what the table does not allow", () => {
    expect(checkImport("src/core/money/x.ts", "node:fs")).toContain("may not import the package node:fs");
    expect(checkImport("src/render/csv/x.ts", "../xlsx/y.ts")).toContain(
      "may not import src/render/xlsx/y.ts",
    );
    expect(checkImport("src/adapters/embedded/x.ts", "../../app/y.ts")).toContain(
      "may not import src/app/y.ts",
    );
    expect(checkImport("src/elsewhere/x.ts", "./y.ts")).toContain("matches no room");
  });
});
