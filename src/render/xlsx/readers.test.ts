import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect, day, dimension, documentOf, money, showcase } from "../../../test/support/documents.ts";
import { NASTY } from "../../../test/support/nasty.ts";
import type { Row } from "../../core/query/query.ts";
import { xlsxRenderer } from "./xlsx.ts";

const run = promisify(execFile);

/** The first command that runs, or undefined: these readers are on some machines and not on others. */
function present(commands: readonly (readonly string[])[]): string | undefined {
  return commands.find(([command = "", ...args]) => {
    try {
      execFileSync(command, args, { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  })?.[0];
}

const python = present(["python3", "/usr/bin/python3"].map((name) => [name, "-c", "import openpyxl"]));
const office = present([
  ["soffice", "--version"],
  ["libreoffice", "--version"],
]);

const columns = [day, dimension("text", "Text"), money("billed_cost", "Billed cost", "USD")];
/** What these readers give back as it is; how each shows control characters is its own affair. */
const plain = NASTY.filter((text) => !/[^\n\t -\ud7ff\u{10000}-\u{10ffff}]|_x/u.test(text) && text !== "");
const rows: Row[] = plain.map((text, i) => ["2024-09-01", text, `-${i}.25`]);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "xlsx-"));
  await writeFile(
    join(folder, "nasty.xlsx"),
    await collect(xlsxRenderer.render(documentOf(columns, rows, { title: "Costs" }))),
  );
  await writeFile(join(folder, "report.xlsx"), await collect(xlsxRenderer.render(showcase())));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const SCRIPT = `
import json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
sheet = book[sys.argv[2]]
print(json.dumps({
  "sheets": [[s.title, len(s._charts)] for s in book],
  "frozen": sheet.freeze_panes, "filter": sheet.auto_filter.ref,
  "rows": [[str(c) if c is not None else None for c in row] for row in sheet.iter_rows(values_only=True)],
  "types": [c.data_type for c in sheet[2]],
}))`;

describe.skipIf(python === undefined)("openpyxl (skipped where Python has no openpyxl)", () => {
  async function open(file: string, sheet: string): Promise<Record<string, unknown>> {
    const { stdout } = await run(python ?? "", ["-c", SCRIPT, join(folder, file), sheet], {
      maxBuffer: 1 << 26,
    });
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  it("reads dates, texts and numbers as what they are", async () => {
    const book = await open("nasty.xlsx", "Costs");
    expect(book["types"]).toEqual(["d", "s", "n"]);
    const read = (book["rows"] as (string | null)[][]).slice(1, -1);
    expect(read).toEqual(plain.map((text, i) => ["2024-09-01 00:00:00", text, `-${i}.25`]));
  });

  it("finds the sheets, the charts, the frozen header and the filter", async () => {
    expect(await open("report.xlsx", "Cost analysis")).toMatchObject({
      sheets: [
        ["Summary", 6],
        ["Cost analysis", 0],
        ["Chart data", 0],
        ["About this export", 0],
      ],
      frozen: "A2",
      filter: "A1:E401",
    });
  });
});

describe.skipIf(office === undefined)("LibreOffice (skipped where it is not installed)", () => {
  it("opens the workbook and gives the table back", { timeout: 120_000 }, async () => {
    // Comma, double quote, UTF-8, texts quoted, cells as shown: off, formulas: off, and of all sheets the second.
    const filter = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,false,false,false,false,2";
    const profile = `-env:UserInstallation=file://${join(folder, "profile")}`;
    await run(office ?? "", [
      profile,
      "--headless",
      "--convert-to",
      filter,
      "--outdir",
      folder,
      join(folder, "nasty.xlsx"),
    ]);
    const records = parse(await readFile(join(folder, "nasty-Costs.csv")), { relax_column_count: true });
    expect(records[0]).toEqual(["Day", "Text", "Billed cost (USD)"]);
    expect(records.slice(1, -1).map((record) => record[1])).toEqual(plain);
    expect(records.slice(1, -1).map((record) => Number(record[2]))).toEqual(plain.map((_, i) => -i - 0.25));
  });
});
