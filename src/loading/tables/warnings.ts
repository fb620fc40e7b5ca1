import { listed, type TableMapping } from "../../ports/load.ts";
import { floatColumns, type StagedFile } from "./stage.ts";

/** Remarks on what the files have and lack; files with the same remark share a line. */
export function columnWarnings(files: readonly StagedFile[], mapping: TableMapping): string[] {
  const remarks = new Map<string, string[]>();
  const remark = (text: string, names: readonly string[], staged: StagedFile): void => {
    if (names.length === 0) return;
    const line = `${text}: ${listed(names)}`;
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
    files.length === names.length ? line : `${line} (in ${listed(names)})`,
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
