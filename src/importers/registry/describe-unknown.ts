import { shorten } from "../../core/errors/bounded.ts";
import { must } from "../../core/errors/must.ts";
import { columnsOf, type Sample } from "../shared/importer.ts";

/** A kind of file that no importer takes, so that the error can say more than "unknown format". */
interface KnownShape {
  /** Completes "looks like …". */
  name: string;
  matches: (sample: Sample) => boolean;
}

const LATIN = new TextDecoder("latin1");

const startsWith =
  (...beginnings: string[]) =>
  (sample: Sample): boolean =>
    sample.kind === "other" &&
    beginnings.some((beginning) => LATIN.decode(sample.bytes.subarray(0, beginning.length)) === beginning);

const text =
  (pattern: RegExp) =>
  (sample: Sample): boolean => {
    if (sample.kind === "json") return pattern.test(sample.text);
    return sample.kind === "other" && pattern.test(LATIN.decode(sample.bytes).trimStart());
  };

const json =
  (pattern: RegExp) =>
  (sample: Sample): boolean =>
    sample.kind === "json" && pattern.test(sample.text);

const columns =
  (...patterns: RegExp[]) =>
  (sample: Sample): boolean => {
    const names = columnsOf(sample);
    return names !== undefined && patterns.every((pattern) => names.some((name) => pattern.test(name)));
  };

/** The first that matches counts, so the particular come before the general. */
const KNOWN_SHAPES: readonly KnownShape[] = [
  {
    name: "an Excel workbook (XLSX)",
    matches: (sample) => startsWith("PK\x03\x04")(sample) && text(/xl\/|\[Content_Types\]\.xml/)(sample),
  },
  { name: "a ZIP archive", matches: startsWith("PK\x03\x04", "PK\x05\x06") },
  { name: "an old Excel workbook (XLS)", matches: startsWith("\xd0\xcf\x11\xe0") },
  { name: "a PDF document", matches: startsWith("%PDF") },
  { name: "an HTML page", matches: text(/^<(!doctype html|html|head|body)/i) },
  { name: "an XML document", matches: text(/^<(\?xml|[a-z])/i) },
  { name: "a bzip2 archive", matches: startsWith("BZh") },
  { name: "an xz archive", matches: startsWith("\xfd7zXZ") },
  { name: "a 7-Zip archive", matches: startsWith("7z\xbc\xaf") },
  { name: "an ORC file", matches: startsWith("ORC") },
  { name: "an Avro file", matches: startsWith("Obj\x01") },
  { name: "an encrypted Parquet file", matches: startsWith("PARE") },
  { name: "a SQLite database", matches: startsWith("SQLite format 3") },
  { name: "OCSF events", matches: json(/"class_uid"\s*:/) },
  {
    name: "AWS Security Hub findings (ASFF)",
    matches: json(/"Findings"\s*:\s*\[|"SchemaVersion"\s*:\s*"2018-10-08"/i),
  },
  { name: "CloudTrail records", matches: json(/"eventVersion"\s*:[^]*"eventSource"|"eventSource"\s*:/) },
  {
    name: "a delivery's manifest, not its data",
    matches: json(/"(reportKeys|assemblyId|dataFiles|manifestVersion)"\s*:/),
  },
  { name: "a JSON document", matches: (sample) => sample.kind === "json" },
  {
    name: "a Cost and Usage Report (CUR)",
    matches: columns(/^(lineItem\/|line_item_)/i),
  },
  { name: "Prowler findings (CSV)", matches: columns(/^(CHECK_ID|CheckID)$/, /^(STATUS|Status)$/) },
  { name: "an Azure cost export", matches: columns(/^(costInBillingCurrency|pretaxCost)$/i) },
  { name: "a table", matches: columns(/./) },
];

/** Describes a file that no importer takes; undefined when nothing is recognized. */
export function describeUnknown(sample: Sample): string | undefined {
  const found = KNOWN_SHAPES.find(({ matches }) => matches(sample));
  if (found?.name !== "a table") return found?.name;
  const names = must(columnsOf(sample), "the columns of a table");
  const some = names.slice(0, 5).map((name) => shorten(name, 40));
  return `a table with the columns ${some.join(", ")}${names.length > some.length ? ", …" : ""}`;
}
