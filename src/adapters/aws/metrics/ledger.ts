import type { Dataset } from "../../../core/metrics/datasets.ts";
import { formatDecimal, tryParseDecimal } from "../../../core/money/decimal.ts";
import type { CurrencyTotals } from "../../../ports/load.ts";

interface Sums {
  source: (bigint | null)[];
  /** undefined until a fact of the currency is stored. */
  loaded: (bigint | null)[] | undefined;
}

/** What a load adds up to, by currency: over all it read, and over what it stored. */
export class Ledger {
  readonly #measures: readonly string[];
  readonly #unit: string | undefined;
  readonly #byCurrency = new Map<string | null, Sums>();

  /**
   * @param measures decimal columns to add up
   * @param unit the column that names their currency
   */
  constructor(measures: readonly string[], unit: string | undefined) {
    this.#measures = measures;
    this.#unit = unit;
  }

  /** The money of facts made by an importer; datasets without any have no amounts to reconcile. */
  static forRecords(dataset: Dataset): Ledger {
    const money = dataset.measures.filter(({ format, kind }) => format === "money" && kind === "counter");
    return Ledger.forMeasures(
      dataset,
      money.map(({ id }) => id),
    );
  }

  /** Some measures of a dataset that are in one unit. */
  static forMeasures(dataset: Dataset, ids: readonly string[]): Ledger {
    const measures = dataset.measures.filter(({ id }) => ids.includes(id));
    const [unit] = measures.flatMap((measure) => ("column" in measure.unit ? [measure.unit.column] : []));
    return new Ledger(unit === undefined ? [] : measures.map(({ column }) => column), unit);
  }

  /** A fact that was read and stored. */
  add(values: Readonly<Record<string, string | null>>): void {
    this.read(values);
    this.#count("loaded", values);
  }

  /** A row that was read, whatever became of it. */
  read(values: Readonly<Record<string, string | null>>): void {
    this.#count("source", values);
  }

  /** A fact that was stored. */
  stored(values: Readonly<Record<string, string | null>>): void {
    this.#count("loaded", values);
  }

  #count(side: keyof Sums, values: Readonly<Record<string, string | null>>): void {
    if (this.#measures.length === 0) return;
    const currency = this.#unit === undefined ? null : (values[this.#unit] ?? null);
    let sums = this.#byCurrency.get(currency);
    if (sums === undefined) {
      sums = { source: this.#measures.map(() => null), loaded: undefined };
      this.#byCurrency.set(currency, sums);
    }
    const list = (sums[side] ??= this.#measures.map(() => null));
    this.#measures.forEach((measure, i) => {
      const value = values[measure];
      const amount = value === null || value === undefined ? undefined : tryParseDecimal(value);
      if (amount !== undefined) list[i] = (list[i] ?? 0n) + amount;
    });
  }

  totals(): CurrencyTotals[] {
    const named = (values: (bigint | null)[]): Record<string, string | null> =>
      Object.fromEntries(
        this.#measures.map((measure, i) => {
          const value = values[i] ?? null;
          return [measure, value === null ? null : formatDecimal(value)];
        }),
      );
    return [...this.#byCurrency]
      .sort(([a], [b]) => ((a ?? "~") < (b ?? "~") ? -1 : 1))
      .map(([currency, { source, loaded }]) => ({
        currency,
        source: named(source),
        loaded: loaded === undefined ? {} : named(loaded),
      }));
  }
}

/** Counts the facts of accounts that no tenant claims. */
export class UnassignedAccounts {
  readonly #account: string;
  readonly #noAccount: string;
  readonly #found = new Map<string, { name: string | null; rows: number }>();

  /** @param noAccount shown for facts that name no account */
  constructor(dataset: Dataset, noAccount = "") {
    this.#account = dataset.accountColumn;
    this.#noAccount = noAccount;
  }

  add(values: Readonly<Record<string, string | null>>): void {
    const account = values[this.#account] ?? this.#noAccount;
    const name = values.sub_account_name ?? null;
    const entry = this.#found.get(account);
    if (entry === undefined) this.#found.set(account, { name, rows: 1 });
    else {
      entry.name ??= name;
      entry.rows += 1;
    }
  }

  /** In the order of the account ids. */
  list(): { account: string; name: string | null; rows: number }[] {
    return [...this.#found]
      .map(([account, entry]) => ({ account, ...entry }))
      .sort((a, b) => (a.account < b.account ? -1 : 1));
  }
}
