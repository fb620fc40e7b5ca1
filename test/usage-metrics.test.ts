import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { USAGE_METRICS } from "../src/adapters/connectors/usage-metrics.ts";
import { KNOWN_METRICS, usageMetric } from "../src/core/usage/metrics.ts";

const root = join(import.meta.dirname, "..");
/** The rooms that write usage facts. */
const WRITERS = ["src/adapters/connectors", "src/importers", "src/demo"];
const known = KNOWN_METRICS.map(({ id }) => id);

interface Written {
  at: string;
  metric: string;
  /** As the same object names it. */
  unit: string | undefined;
}

/** Every object in the source that names a metric in so many words, whether it spreads others or not. */
function writtenIn(file: string): Written[] {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const found: Written[] = [];
  const textOf = (object: ts.ObjectLiteralExpression, name: string): string | undefined => {
    const property = object.properties.find(
      (each): each is ts.PropertyAssignment =>
        ts.isPropertyAssignment(each) && each.name.getText(source) === name,
    );
    return property !== undefined && ts.isStringLiteralLike(property.initializer)
      ? property.initializer.text
      : undefined;
  };
  const visit = (node: ts.Node): void => {
    const metric = ts.isObjectLiteralExpression(node) ? textOf(node, "metric") : undefined;
    if (ts.isObjectLiteralExpression(node) && metric !== undefined) {
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
      found.push({ at: `${file.slice(root.length + 1)}:${line}`, metric, unit: textOf(node, "unit") });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const written = WRITERS.flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .flatMap((name) => writtenIn(join(root, room, name))),
);

describe("usage metrics", () => {
  it("are known to the dashboard under every name that is written", () => {
    expect(written.length).toBeGreaterThanOrEqual(USAGE_METRICS.length + 1);
    expect(written.filter(({ metric }) => !known.includes(metric))).toEqual([]);
  });

  it("come in one unit each, whoever writes them, since units are never added", () => {
    const units = new Map<string, Set<string>>();
    for (const { metric, unit } of written)
      if (unit !== undefined) units.set(metric, (units.get(metric) ?? new Set()).add(unit));
    expect([...units].filter(([, names]) => names.size > 1)).toEqual([]);
    expect([...units.keys()].sort()).toEqual([...known].sort());
  });

  it.each(USAGE_METRICS.map((each) => [`${each.namespace} ${each.name}`, each] as const))(
    "of %s are read as what they are",
    (_, { metric, gauge, unit }) => {
      expect(known).toContain(metric);
      expect(usageMetric(metric).kind).toBe(gauge ? "gauge" : "counter");
      expect(unit).not.toBe("");
    },
  );
});
