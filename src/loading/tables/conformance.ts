import type { DuckDBConnection } from "@duckdb/node-api";
import {
  type ConformanceRule,
  conformanceWarning,
  type RuleCondition,
  type TableMapping,
} from "../../ports/load.ts";
import { PERIOD } from "./readings.ts";
import { FILE, type Stage, type StagedFile } from "./stage.ts";
import { identifier, literal } from "../../duckdb/sql.ts";
import { integerList, rowsOf } from "../../duckdb/sql.ts";

/** What the staged rows break of the format's rules, counted by one pass over the stage's columns. */
export async function conformanceWarnings(
  connection: DuckDBConnection,
  stage: Stage,
  mapping: TableMapping,
): Promise<string[]> {
  const rules = mapping.rules ?? [];
  const counted = rules.flatMap((rule) => {
    const condition = brokenCondition(rule, stage.files, mapping);
    return condition === undefined ? [] : [{ rule, condition }];
  });
  const counts = await countBroken(
    connection,
    stage.table,
    counted.map(({ condition }) => condition),
  );
  const byRule = new Map(counted.map(({ rule }, i) => [rule, counts[i]]));
  return rules.flatMap((rule) => {
    const broken =
      rule.check.kind === "present" ? missing(rule.check.columns, stage.files) : byRule.get(rule);
    const none = broken === undefined || broken === 0 || (Array.isArray(broken) && broken.length === 0);
    return none ? [] : [conformanceWarning(mapping.format, rule, broken)];
  });
}

/**
 * Rows that fulfil each condition. As columns of their own first, since the engine looks long lists of words up there;
 * in the filter of a count it goes through them for every row.
 */
async function countBroken(
  connection: DuckDBConnection,
  table: string,
  conditions: readonly string[],
): Promise<number[]> {
  if (conditions.length === 0) return [];
  const columns = conditions.map((condition, i) => `${condition} AS broken${i}`);
  const counts = conditions.map((_, i) => `count(*) FILTER (broken${i})`);
  const rows = await rowsOf(
    connection,
    `SELECT ${counts.join(", ")} FROM (SELECT ${columns.join(", ")} FROM ${table})`,
  );
  return (rows[0] ?? []).map(Number);
}

/** Columns that not all of the files have. */
function missing(columns: readonly string[], files: readonly StagedFile[]): string[] {
  const headers = files.map(({ table }) => {
    const names = table.kind === "csv" ? table.header : table.columns;
    return new Set(names.map((name) => name.toLowerCase()));
  });
  return columns.filter((name) => headers.some((header) => !header.has(name.toLowerCase())));
}

/** The rows that break a rule; undefined when no file has its column. See `failures` for the numbers in `bad`. */
function brokenCondition(
  { check }: ConformanceRule,
  files: readonly StagedFile[],
  { fields }: TableMapping,
): string | undefined {
  if (check.kind === "present") return undefined;
  const { target } = check;
  const at = target === PERIOD ? fields.length : fields.findIndex((field) => field.target === target);
  const having = files.filter(({ readings }) => {
    const reading = readings[at];
    return reading?.source !== undefined || reading?.expression !== undefined;
  });
  if (having.length === 0) return undefined;
  const numbers = having.map(({ number }) => number);
  const within = having.length === files.length ? "true" : `${FILE} IN (${integerList(numbers)})`;
  const column = identifier(target);
  switch (check.kind) {
    case "readable":
      return `${within} AND bad = ${2 * at + 2}`;
    case "not-null":
      return `${within} AND (bad = ${2 * at + 1} OR bad = 0 AND ${column} IS NULL${andWhere(check.where)})`;
    case "values":
      return `${within} AND bad = 0 AND ${column} NOT IN (${literals(check.allowed)})${andWhere(check.where)}`;
    case "never":
      return `${within} AND bad = 0 AND ${column} IN (${literals(check.values)})${andWhere(check.where)}`;
  }
}

function andWhere(conditions: readonly RuleCondition[] = []): string {
  return conditions
    .flatMap(({ target, is, isNot }) => {
      const column = identifier(target);
      return [
        ...(is === undefined ? [] : [`${column} IN (${literals(is)})`]),
        ...(isNot === undefined ? [] : [`(${column} IS NULL OR ${column} NOT IN (${literals(isNot)}))`]),
        ...(is === undefined && isNot === undefined ? [`${column} IS NOT NULL`] : []),
      ];
    })
    .map((condition) => ` AND ${condition}`)
    .join("");
}

function literals(texts: readonly string[]): string {
  return texts.map(literal).join(", ");
}
