import type { DuckDBConnection } from "@duckdb/node-api";
import { DATASETS } from "../../core/metrics/datasets.ts";
import type { TableMapping } from "../../ports/load.ts";
import { floatColumns, type StagedFile } from "./load-stage.ts";
import type { Assignment } from "./load-summary.ts";
import { factTable, identifier } from "./schema.ts";
import { integerList, rowsOf } from "./sql.ts";

const LISTED = 20;

/** Some of a list, and how many more there are. */
function some(names: readonly string[]): string {
  const shown = names.slice(0, LISTED).join(", ");
  return names.length > LISTED ? `${shown} and ${names.length - LISTED} more` : shown;
}

/** Remarks on what the files have and lack; files with the same remark share a line. */
export function columnWarnings(files: readonly StagedFile[], mapping: TableMapping): string[] {
  const remarks = new Map<string, string[]>();
  const remark = (text: string, names: readonly string[], staged: StagedFile): void => {
    if (names.length === 0) return;
    const line = `${text}: ${some(names)}`;
    remarks.set(line, [...(remarks.get(line) ?? []), staged.file.name]);
  };
  for (const staged of files) {
    remark("columns that are missing, their values unknown", missingColumns(staged, mapping), staged);
    remark("columns that are not used", unusedColumns(staged, mapping), staged);
    remark(
      "amounts held as binary floating point, read as their shortest decimal and rounded to 18 places",
      floatColumns(staged),
      staged,
    );
  }
  return [...remarks].map(([line, names]) =>
    files.length === names.length ? line : `${line} (in ${some(names)})`,
  );
}

function missingColumns({ readings }: StagedFile, mapping: TableMapping): string[] {
  return mapping.fields.flatMap(({ from, tagColumns }, i) =>
    readings[i]?.source === undefined && tagColumns === undefined ? from.slice(0, 1) : [],
  );
}

function unusedColumns({ table, readings }: StagedFile, mapping: TableMapping): string[] {
  const known = new Set(mapping.ignored.map((name) => name.toLowerCase()));
  const families = [...known].flatMap((name) => (name.endsWith("*") ? [name.slice(0, -1)] : []));
  for (const { source, tags } of readings)
    for (const { name } of source === undefined ? tags : [source]) known.add(name.toLowerCase());
  const names = table.kind === "csv" ? table.header : table.columns;
  return names.filter((name) => {
    const lower = name.toLowerCase();
    return !known.has(lower) && !families.some((family) => lower.startsWith(family));
  });
}

/**
 * What the partitions being replaced hold and this delivery does not, and who else has facts of the same source and
 * period: both may be meant, and both are how money is lost or counted twice.
 */
export async function replacementWarnings(
  connection: DuckDBConnection,
  mapping: TableMapping,
  assignment: Assignment,
): Promise<string[]> {
  const rows = await rowsOf(
    connection,
    `SELECT k.id, l.source, l.period, l.load_id, l.rows FROM loads l JOIN tenant_keys k ON k.key = l.tenant
      WHERE l.dataset = $1 ORDER BY ALL`,
    [mapping.dataset],
  );
  const mine = new Set(assignment.partitions.map((p) => JSON.stringify([p.tenant, p.source, p.period])));
  const delivered = new Set(assignment.partitions.map((p) => JSON.stringify([p.source, p.period])));
  const replaced: number[] = [];
  const warnings: string[] = [];
  for (const [tenant, source, period, loadId, count] of rows) {
    if (!delivered.has(JSON.stringify([source, period]))) continue;
    if (mine.has(JSON.stringify([tenant, source, period]))) replaced.push(Number(loadId));
    else if (Number(count) > 0) {
      warnings.push(
        `${String(tenant)} keeps ${String(count)} rows of ${String(source)} ${String(period)} from an earlier load, none of which this delivery holds for it`,
      );
    }
  }
  const gone = await accountsGone(connection, mapping, assignment, replaced);
  if (gone.length > 0) {
    warnings.push(`accounts that the replaced load had and this delivery lacks: ${some(gone)}`);
  }
  return warnings;
}

async function accountsGone(
  connection: DuckDBConnection,
  mapping: TableMapping,
  assignment: Assignment,
  replaced: readonly number[],
): Promise<string[]> {
  if (replaced.length === 0) return [];
  const column = identifier(DATASETS[mapping.dataset].accountColumn);
  const rows = await rowsOf(
    connection,
    `SELECT DISTINCT ${column} FROM ${factTable(mapping.dataset)}
      WHERE load_id IN (${integerList(replaced)}) AND ${column} IS NOT NULL ORDER BY 1`,
  );
  const present = new Set(assignment.groups.map(({ group }) => group.account));
  return rows.map(([account]) => String(account)).filter((account) => !present.has(account));
}
