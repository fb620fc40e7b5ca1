import { writeFileSync } from "node:fs";
import { join } from "node:path";

const COLUMNS = 31;

/**
 * A statement that is an INTERNAL error of the engine (seen with DuckDB 1.5): a byte that is not UTF-8 in a late column
 * of a CSV file that is padded with nulls. The instance that runs it answers nothing any more.
 * @param folder where the file is written
 */
export function poison(folder: string): string {
  const path = join(folder, "poison.csv");
  const names = Array.from({ length: COLUMNS }, (_, i) => `c${i}`);
  const values = names.map((name, i) => (i === COLUMNS - 3 ? "Z\xfcrich" : name));
  writeFileSync(path, Buffer.from(`${names.join(",")}\n${values.join(",")}\n`, "latin1"));
  const columns = [...names, "beyond"].map((name) => `'${name}': 'VARCHAR'`).join(", ");
  return `SELECT count(c5), count(c${COLUMNS - 3}) FROM read_csv('${path}', auto_detect = false, header = true,
    parallel = true, null_padding = true, columns = {${columns}}, delim = ',', quote = '"', escape = '"')
    WHERE CASE WHEN beyond IS NULL AND c${COLUMNS - 1} IS NOT NULL THEN true ELSE error('malformed row') END`;
}
