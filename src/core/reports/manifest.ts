import type { Cell, Column, OthersRow, ResultRange, Row, TotalRow } from "../query/query.ts";

/** A file's description of itself: enough to check it against the source and against the other formats. */
export interface Manifest {
  title: string;
  tenant: { id: string; name: string };
  range: ResultRange;
  /** The detail table's question. */
  query: unknown;
  rowsWritten: number;
  rowsTotal: number;
  /** Whether all rows of the detail table are there, and all sections could be computed. */
  complete: boolean;
  notes: readonly string[];
  /** Totals of the detail table, one entry a unit; see `manifestTotals`. */
  totals: readonly ManifestTotal[];
  /** `sha256:` and 64 hex digits over the detail table, the same in every format; see `encodeRow`. */
  datasetHash: string;
  /** RFC 3339, UTC. */
  generatedAt: string;
  dataAsOf: string | null;
  /** Generated demo data, not a real bill. */
  demo: boolean;
  generator: string;
  /** Sections and cards that could not be computed and say so in their place; not there when all could. */
  failures?: readonly SectionFailure[];
}

/** A part of a report that is not in it. */
export interface SectionFailure {
  /** Id of the chart, table or card. */
  section: string;
  title: string;
  /** Stable, as of a problem. */
  code: string;
  message: string;
}

/** Totals that share a unit. */
export interface ManifestTotal {
  /** The currency, the unit, or `%`; null for plain counts. */
  unit: string | null;
  /** With `%`, where the table has totals in several currencies or units: the one these belong to. */
  of?: string | null;
  /** Column id -> canonical decimal. */
  values: Readonly<Record<string, string>>;
}

/** An incremental SHA-256, given in by the caller since core has no I/O and no crypto. */
export interface Digest {
  update(text: string): void;
  /** Lower-case hex. Ends it. */
  hex(): string;
}

/**
 * The bytes of one row as they are hashed: netstrings (`3:EC2,`), `-` for null, then a line feed. Unambiguous whatever
 * the cells hold, and independent of any file format.
 */
export function encodeRow(row: Row): string {
  let text = "";
  for (const cell of row) text += encodeCell(cell);
  return `${text}\n`;
}

function encodeCell(cell: Cell): string {
  return cell === null ? "-" : `${cell.length}:${cell},`;
}

/**
 * Hashes a table as it streams by: its column ids, its rows, its others row.
 * @returns a recorder; `finish` gives the dataset hash
 */
export function datasetHasher(digest: Digest, columns: readonly Column[]): DatasetHasher {
  digest.update(encodeRow(columns.map((column) => column.id)));
  return {
    rows(batch) {
      let text = "";
      for (const row of batch) text += encodeRow(row);
      digest.update(text);
    },
    finish(others) {
      if (others !== null) digest.update(encodeRow(["others", String(others.groups), ...others.cells]));
      return `sha256:${digest.hex()}`;
    },
  };
}

export interface DatasetHasher {
  rows(batch: readonly Row[]): void;
  finish(others: OthersRow | null): string;
}

/**
 * Totals of a table as the manifest lists them, each under its own unit: amounts under their currency, quantities under
 * theirs, percentages under `%`, counts under none. Values of different units never stand in one entry.
 */
export function manifestTotals(columns: readonly Column[], totals: readonly TotalRow[]): Manifest["totals"] {
  return totals.flatMap((total) => {
    const byUnit = new Map<string | null, Record<string, string>>();
    columns.forEach((column, i) => {
      const cell = total.cells[i];
      if (column.role !== "measure" || cell === null || cell === undefined) return;
      const unit = unitOf(column, total);
      const values = byUnit.get(unit) ?? {};
      byUnit.set(unit, values);
      values[column.id] = cell;
    });
    return [...byUnit].map(([unit, values]) =>
      // A percentage has no currency of its own; with several currencies it names the one it belongs to.
      unit === PERCENT && totals.length > 1 ? { unit, of: total.unit, values } : { unit, values },
    );
  });
}

const PERCENT = "%";

function unitOf(column: Column, total: TotalRow): string | null {
  if (column.type === "percent") return PERCENT;
  if (column.type === "money" || column.type === "quantity") return column.unit ?? total.unit;
  return column.unit ?? null;
}

/** A total for people to read: `1234.5 USD`, `12.5 %`, `12.5 % of EUR`. The digits are those of the manifest. */
export function totalText(value: string, { unit, of }: Pick<ManifestTotal, "unit" | "of">): string {
  if (unit === null) return value;
  return of === undefined || of === null ? `${value} ${unit}` : `${value} ${unit} of ${of}`;
}
