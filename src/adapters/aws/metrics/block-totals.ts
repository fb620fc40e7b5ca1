import type { Dataset } from "../../../core/metrics/datasets.ts";
import { formatDecimal } from "../../../core/money/decimal.ts";
import { Sums } from "../../../core/query/accumulate.ts";
import type { FactBlock } from "../../../core/query/blocks.ts";
import type { CurrencySums } from "../../../ports/staged.ts";

/** Exact sums of blocks' amounts, by currency. */
export class BlockTotals {
  /** The column that names the amounts' currency; undefined when there is nothing to add up. */
  readonly unit: string | undefined;
  readonly #sums: readonly { measure: string; column: string; sums: Sums }[];
  readonly #groups = new Map<string | null, number>();
  rows = 0;

  /** @param measures ids; a dataset that has none of them, or not in a currency, has no sums */
  constructor(dataset: Dataset, measures: readonly string[]) {
    const summed = dataset.measures.filter(({ id }) => measures.includes(id));
    const [unit] = summed.flatMap((measure) => ("column" in measure.unit ? [measure.unit.column] : []));
    this.unit = unit;
    this.#sums = summed.map(({ id, column }) => ({ measure: id, column, sums: new Sums() }));
  }

  /** The columns of a block that are read. */
  get columns(): string[] {
    return this.unit === undefined ? [] : [this.unit, ...this.#sums.map(({ column }) => column)];
  }

  add(block: FactBlock): void {
    this.rows += block.rows;
    if (this.unit === undefined) return;
    const { values, codes } = block.text(this.unit);
    const groupOf = values.map((currency) => this.#groupOf(currency));
    const rows = Uint32Array.from({ length: block.rows }, (_, row) => row);
    const groups = rows.map((row) => groupOf[codes[row] ?? 0] ?? 0);
    for (const { column, sums } of this.#sums)
      sums.add(block.decimals(column), rows, groups, this.#groups.size);
  }

  #groupOf(currency: string | null): number {
    const known = this.#groups.get(currency) ?? this.#groups.size;
    this.#groups.set(currency, known);
    return known;
  }

  /** In the order of the currencies, null last. */
  list(): CurrencySums[] {
    const byCurrency = [...this.#groups].sort(([a], [b]) =>
      a === null ? 1 : b === null ? -1 : a < b ? -1 : 1,
    );
    return byCurrency.map(([currency, group]) => {
      const amounts = this.#sums.map(({ measure, sums }): [string, string | null] => {
        const sum = sums.sum(group);
        return [measure, sum === null ? null : formatDecimal(sum)];
      });
      return { currency, values: Object.fromEntries(amounts) };
    });
  }
}
