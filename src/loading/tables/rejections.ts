import type { DuckDBConnection } from "@duckdb/node-api";
import { shorten } from "../../core/errors/bounded.ts";
import { MAX_LISTED_REJECTIONS, type Rejection } from "../../ports/load.ts";
import { walkRows } from "./files.ts";
import { ROW, type Stage, type StagedFile, usedColumns } from "./stage.ts";
import { rowsOf, textOf } from "../../duckdb/sql.ts";

/** A row whose structure is fine and one of whose values is not. */
interface BadRow {
  /** 0-based among the file's staged rows. */
  row: number;
  bad: number;
  text: string | null;
}

/** The first rejections in the order of files and lines, at most {@link MAX_LISTED_REJECTIONS}. */
export async function listRejections(connection: DuckDBConnection, stage: Stage): Promise<Rejection[]> {
  const listed: Rejection[] = [];
  for (const staged of stage.files) {
    const left = MAX_LISTED_REJECTIONS - listed.length;
    if (left <= 0) break;
    const bad = await badRows(connection, stage, staged, left);
    const found =
      staged.table.kind === "csv" ? await inCsv(staged, bad, stage.check) : inParquet(staged, bad);
    listed.push(...found.slice(0, left));
  }
  return listed;
}

async function badRows(
  connection: DuckDBConnection,
  stage: Stage,
  staged: StagedFile,
  limit: number,
): Promise<BadRow[]> {
  const from = await stage.badRows(staged);
  if (from === undefined) return [];
  const found = await rowsOf(
    connection,
    `SELECT ${ROW}, bad, bad_text FROM ${from} ORDER BY ${ROW} LIMIT ${limit}`,
  );
  return found.map(([row, bad, text]) => ({ row: Number(row), bad: Number(bad), text: textOf(text) }));
}

function inParquet(staged: StagedFile, bad: readonly BadRow[]): Rejection[] {
  return bad.map((row) => describe(staged, row, { line: null, row: row.row + 1 }));
}

/** A second pass over the file, up to the last row listed: the engine does not know its lines. */
async function inCsv(staged: StagedFile, bad: readonly BadRow[], check: () => void): Promise<Rejection[]> {
  const { file, path, table, broken } = staged;
  if (table.kind !== "csv" || bad.length + broken.count === 0) return [];
  const wanted = new Map(bad.map((row) => [row.row, row]));
  const found: Rejection[] = [];
  let left = wanted.size + broken.kept.length;
  let fitting = 0;
  let row = 0;
  await walkRows(file, path, table, usedColumns(staged.readings), check, (record, problem) => {
    row++;
    const { line } = record;
    if (problem === undefined) {
      const match = wanted.get(fitting++);
      if (match === undefined) return false;
      found.push(describe(staged, match, { line, row }));
    } else found.push({ file: file.name, line, row, ...problem });
    return --left <= 0;
  });
  return found;
}

function describe(
  staged: StagedFile,
  { bad, text }: BadRow,
  place: { line: number | null; row: number },
): Rejection {
  const implausible = staged.implausible[bad - 2 * staged.readings.length - 1];
  const reading = staged.readings[implausible?.reading ?? Math.floor((bad - 1) / 2)];
  const field = reading?.source?.name ?? null;
  const file = staged.file.name;
  if (implausible !== undefined)
    return { file, ...place, field, reason: `${shown(text ?? "")} ${implausible.reason}` };
  const reason = bad % 2 === 1 ? "the value is missing" : reasonOf(reading?.type === "decimal", text ?? "");
  return { file, ...place, field, reason };
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function reasonOf(decimal: boolean, text: string): string {
  if (!decimal) return `${shown(text)} is not an instant such as 2024-09-01T00:00:00Z`;
  if (!NUMBER.test(text.trim())) return `${shown(text)} is not a number`;
  return `${shown(text)} does not fit 20 digits before and 18 after the decimal point`;
}

function shown(text: string): string {
  return `"${shorten(text, 61)}"`;
}
