import type { FactType } from "../../../core/metrics/datasets.ts";
import { formatDecimal, tryParseDecimal } from "../../../core/money/decimal.ts";
import type { FieldCase, FieldValue, SourceName } from "../../../ports/load.ts";
import { type Column, type Fields, type FindColumn, textOf } from "./table-columns.ts";
import { readAmount } from "./table-amounts.ts";

/** A column that some field's cases look at. */
export interface CaseInput {
  source: Column;
  type: FactType;
}

/** What the inputs hold in one row: texts, and for decimals the numbers; undefined where they cannot be read. */
export interface InputValues {
  texts: readonly (string | null)[];
  decimals: readonly (bigint | undefined)[];
}

/** The columns that the cases of all fields look at, each read once a row. */
export class CaseInputs {
  readonly #find: FindColumn;
  readonly list: CaseInput[] = [];
  readonly #positions = new Map<string, number>();

  constructor(find: FindColumn) {
    this.#find = find;
  }

  /** @returns its index; undefined when the file has none of the names */
  add(names: readonly SourceName[], type: FactType): number | undefined {
    const source = this.#find(names);
    if (source === undefined) return undefined;
    const key = JSON.stringify([source.at, source.key, type]);
    const at = this.#positions.get(key) ?? this.list.push({ source, type }) - 1;
    this.#positions.set(key, at);
    return at;
  }

  read(fields: Fields, nulls: ReadonlySet<string>): InputValues {
    const texts = this.list.map(({ source }) => textOf(source, fields, nulls));
    const decimals = this.list.map(({ type, source }, i) => {
      const text = texts[i] ?? null;
      return type === "decimal" && text !== null ? readAmount(text, source) : undefined;
    });
    return { texts, decimals };
  }
}

type ValueOf = (inputs: InputValues) => string | null;

/** The cases of one field; see `FieldCase`. */
export class CaseReader {
  readonly #cases: { holds: (inputs: InputValues) => boolean; value: ValueOf }[];

  constructor(cases: readonly FieldCase[], type: FactType, inputs: CaseInputs) {
    this.#cases = cases.flatMap(({ when, then }) => {
      const conditions = when.map(({ column, is }) => ({ at: inputs.add(column, "string"), is }));
      // What no row can fulfil needs no columns read.
      if (conditions.some(({ at }) => at === undefined)) return [];
      const holds = ({ texts }: InputValues): boolean =>
        conditions.every(({ at, is }) => {
          const text = at === undefined ? null : (texts[at] ?? null);
          return text !== null && (is === undefined || is.includes(text));
        });
      return [{ holds, value: valueReader(then, type, inputs) }];
    });
  }

  /** @returns undefined when no case holds */
  read(inputs: InputValues): string | null | undefined {
    return this.#cases.find(({ holds }) => holds(inputs))?.value(inputs);
  }
}

function valueReader(value: FieldValue, type: FactType, inputs: CaseInputs): ValueOf {
  if ("text" in value) return () => value.text;
  if ("column" in value && type !== "decimal") {
    const at = inputs.add(value.column, type);
    return ({ texts }) => (at === undefined ? null : (texts[at] ?? null));
  }
  const columns = "sum" in value ? value.sum : [{ column: value.column, sign: 1 }];
  const terms = columns.map(({ column, sign }) => ({ at: inputs.add(column, type), sign: BigInt(sign) }));
  return ({ decimals }) => {
    const known = terms.flatMap(({ at, sign }) => {
      const term = at === undefined ? undefined : decimals[at];
      return term === undefined ? [] : [term * sign];
    });
    if (known.length === 0) return null;
    const sum = formatDecimal(known.reduce((total, term) => total + term, 0n));
    return tryParseDecimal(sum) === undefined ? null : sum;
  };
}
