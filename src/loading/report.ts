import { must } from "../core/errors/must.ts";
import { DomainError } from "../core/errors/errors.ts";
import { type CurrencyTotals, listed, type LoadReport } from "../ports/load.ts";
import type { CurrencySums, ReplacedFacts, StagedDataset, StoredFacts } from "../ports/staged.ts";

/**
 * Refuses a load whose store would hold anything else than what was staged.
 * @throws DomainError `import.not-reconciled`
 */
export function reconcile({ sums, report }: StagedDataset, stored: StoredFacts): void {
  if (stored.rows === report.rowsAccepted && JSON.stringify(stored.sums) === JSON.stringify(sums)) return;
  throw new DomainError(
    "import.not-reconciled",
    "unavailable",
    `The store would hold other totals than the ${report.rowsAccepted} rows accepted (${stored.rows} stored); nothing was changed`,
    { fix: "Try again; if it stays, report it with the file." },
  );
}

/** The report of a dataset that is stored, or in a dry run would be. */
export function reportOf(staged: StagedDataset, replaced: ReplacedFacts, dryRun: boolean): LoadReport {
  const { dataset, partitions, source, sums, report } = staged;
  return {
    ...report,
    dataset,
    // What is stored adds up to what was staged: it was reconciled.
    totals: joinTotals(source, sums),
    partitions: partitions.map((partition, i) => ({
      ...partition,
      replacedRows: must(replaced.replacedRows[i], "what a partition took the place of"),
    })),
    warnings: [...report.warnings, ...replacementWarnings(staged, replaced)],
    dryRun,
  };
}

/** The source's sums beside the loaded ones. */
function joinTotals(source: readonly CurrencySums[], loaded: readonly CurrencySums[]): CurrencyTotals[] {
  return source.map(({ currency, values }) => ({
    currency,
    source: values,
    loaded: loaded.find((sums) => sums.currency === currency)?.values ?? {},
  }));
}

/**
 * What the partitions being replaced hold and this delivery does not, and who else has facts of the same source and
 * period: both may be meant, and both are how money is lost or counted twice. Snapshots are not warned of.
 */
function replacementWarnings({ accounts }: StagedDataset, replaced: ReplacedFacts): string[] {
  if (accounts === null) return [];
  const present = new Set(accounts);
  const gone = [...new Set(replaced.accounts)].filter((account) => !present.has(account)).sort();
  const warnings = replaced.kept.map(
    ({ tenant, source, period, rows }) =>
      `${tenant} keeps ${rows} rows of ${source} ${period} from an earlier load, none of which this delivery holds for it`,
  );
  if (gone.length > 0)
    warnings.push(`accounts that the replaced load had and this delivery lacks: ${listed(gone)}`);
  return warnings;
}
