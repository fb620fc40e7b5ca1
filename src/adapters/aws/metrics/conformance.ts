import {
  type ConformanceRule,
  conformanceWarning,
  type RuleCondition,
  type TableMapping,
} from "../../../ports/load.ts";
import type { ReadRow, RowReader } from "./table-rows.ts";

/** What the rows of a load break of their format's rules. */
export class Conformance {
  readonly #mapping: TableMapping;
  readonly #counts = new Map<ConformanceRule, number>();
  readonly #missing = new Map<ConformanceRule, Set<string>>();

  constructor(mapping: TableMapping) {
    this.#mapping = mapping;
  }

  /** Looks at a file's columns. @returns what checks its rows */
  open(reader: RowReader, header: readonly string[]): (row: ReadRow) => void {
    const names = new Set(header.map((name) => name.toLowerCase()));
    const checked: ConformanceRule[] = [];
    for (const rule of this.#mapping.rules ?? []) {
      const { check } = rule;
      if (check.kind !== "present") {
        if (reader.reads(check.target)) checked.push(rule);
        continue;
      }
      const lacking = check.columns.filter((name) => !names.has(name.toLowerCase()));
      this.#missing.set(rule, new Set([...(this.#missing.get(rule) ?? []), ...lacking]));
    }
    return (row) => {
      for (const rule of checked)
        if (breaks(rule, row)) this.#counts.set(rule, (this.#counts.get(rule) ?? 0) + 1);
    };
  }

  warnings(): string[] {
    const { format, rules = [] } = this.#mapping;
    return rules.flatMap((rule) => {
      if (rule.check.kind !== "present") {
        const count = this.#counts.get(rule) ?? 0;
        return count === 0 ? [] : [conformanceWarning(format, rule, count)];
      }
      const missing = rule.check.columns.filter((name) => this.#missing.get(rule)?.has(name) === true);
      return missing.length === 0 ? [] : [conformanceWarning(format, rule, missing)];
    });
  }
}

function breaks({ check }: ConformanceRule, { values, failed }: ReadRow): boolean {
  switch (check.kind) {
    case "present":
      return false;
    case "readable":
      return failed?.target === check.target && !failed.missing;
    case "not-null": {
      if (failed !== undefined) return failed.target === check.target && failed.missing;
      if ((values[check.target] ?? null) !== null || check.target === "period") return false;
      return holds(check.where, values);
    }
    case "values": {
      const value = values[check.target] ?? null;
      if (failed !== undefined || value === null || check.allowed.includes(value)) return false;
      return holds(check.where, values);
    }
    case "never": {
      const value = values[check.target] ?? null;
      if (failed !== undefined || value === null || !check.values.includes(value)) return false;
      return holds(check.where, values);
    }
  }
}

function holds(conditions: readonly RuleCondition[] = [], values: ReadRow["values"]): boolean {
  return conditions.every(({ target, is, isNot }) => {
    const value = values[target] ?? null;
    if (is === undefined && isNot === undefined) return value !== null;
    if (is !== undefined && (value === null || !is.includes(value))) return false;
    return isNot === undefined || value === null || !isNot.includes(value);
  });
}
