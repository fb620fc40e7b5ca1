import { spawnSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Database } from "../../src/adapters/embedded/database.ts";
import { GROUP_COLUMNS } from "./questions.ts";

/**
 * The facts of a bench store in a SQLite file, made once: the columns the questions are about, clustered by tenant and
 * day, amounts as whole numbers of their last decimal, since SQLite adds decimals as doubles.
 * @returns its path, or why there is none
 */
export async function sqliteFile(folder: string): Promise<string | { missing: string }> {
  const file = `${folder}.sqlite`;
  if (existsSync(file)) return file;
  const version = spawnSync("python3", ["-c", "import sqlite3; print(sqlite3.sqlite_version)"], {
    encoding: "utf8",
  });
  if (version.status !== 0) return { missing: "python3 with its sqlite3 module is not there" };
  process.stderr.write(`copying the facts to SQLite ${version.stdout.trim()} …\n`);
  const csv = `${folder}.csv`;
  const database = await Database.open(folder);
  await database.read((connection) =>
    connection.run(`COPY (SELECT tenant, day - DATE '1970-01-01', (billed_cost * 100000000000)::BIGINT, ${Object.values(GROUP_COLUMNS).join(", ")}
      FROM facts_cost ORDER BY tenant, day) TO '${csv.replaceAll("'", "''")}' (HEADER false, NULLSTR '\\N')`),
  );
  database.close();
  const draft = `${file}.draft`;
  rmSync(draft, { force: true });
  const made = spawnSync("python3", [join(import.meta.dirname, "make_sqlite.py"), csv, draft], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  rmSync(csv, { force: true });
  if (made.status !== 0) return { missing: "the SQLite file could not be made" };
  renameSync(draft, file);
  return file;
}
