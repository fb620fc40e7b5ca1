import { must } from "../../core/errors/must.ts";
import { importError } from "../shared/errors.ts";
import { columnsOf, type Importer, tableOf } from "../shared/importer.ts";
import { REQUIRED } from "./columns.ts";
import { curMapping } from "./mapping.ts";

/** Columns of CUR 2.0 that no legacy report has: its maps, and the names of accounts. */
const ONLY_2_0 = ["resource_tags", "cost_category", "discount", "product", "bill_payer_account_name"];

export const curImporter: Importer = {
  format: "cur",
  title: "AWS Cost and Usage Report, legacy and 2.0 (CSV, gzip, Parquet)",
  detect(sample) {
    if (sample.kind !== "csv" && sample.kind !== "parquet") return undefined;
    const names = (columnsOf(sample) ?? []).map((name) => name.toLowerCase());
    // Enough to recognize it, even when a required column is missing.
    if (names.filter((name) => /^(lineitem\/|line_item_)/.test(name)).length < 2) return undefined;
    const columns = new Set(names);
    const slashed = names.some((name) => name.startsWith("lineitem/"));
    const missing = Object.values(REQUIRED)
      .filter((spelled) => !spelled.some((name) => columns.has(name.toLowerCase())))
      .map(([legacy, snake]) => (slashed ? legacy : snake));
    if (missing.length > 0) {
      throw importError(
        "missing-column",
        sample.file,
        `is a Cost and Usage Report without ${missing.join(", ")}`,
        {
          fix: "Export it again with these columns.",
          field: must(missing[0], "a missing column"),
        },
      );
    }
    const version = !slashed && ONLY_2_0.some((name) => columns.has(name)) ? "2.0" : "legacy";
    const mapping = curMapping(version);
    return { format: "cur", version, dataset: "cost", mapping, table: tableOf(sample) };
  },
};
