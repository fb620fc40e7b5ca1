import type { ImportReport } from "../../runtimes/input.ts";
import type { Effects } from "../effects.ts";
import { textTable } from "../output.ts";

/** Prints what an import did, for people or with `json` for machines. */
export async function printImport(effects: Effects, report: ImportReport, json: boolean): Promise<void> {
  if (json) return effects.out(`${JSON.stringify(report)}\n`);
  const count = (n: number): string => n.toLocaleString("en-US");
  const out = (text: string): Promise<void> => effects.out(text);
  const what = `${report.format} ${report.version}`.trim();
  await out(`${report.dryRun ? "Checked" : "Loaded"} ${report.files.join(", ")} (${what})\n`);
  await out(
    `rows: ${count(report.rowsRead)} read, ${count(report.rowsAccepted)} accepted, ${count(report.rowsRejected)} rejected\n`,
  );
  for (const { file, line, row, field, reason } of report.rejections) {
    const place = line === null ? `row ${row ?? "?"}` : `line ${line}`;
    await out(`  rejected ${file}, ${place}${field === null ? "" : `, ${field}`}: ${reason}\n`);
  }
  if (report.rowsRejected > report.rejections.length) {
    await out(`  … and ${count(report.rowsRejected - report.rejections.length)} more\n`);
  }
  const facts = report.datasets.map(({ dataset, facts: stored }) => `${count(stored)} ${dataset}`);
  if (facts.length > 0) await out(`facts: ${facts.join(", ")}\n`);
  if (report.totals.length > 0) await out(`\n${totalsTable(report)}`);
  if (report.partitions.length > 0) await out(`\n${partitionTable(report)}`);
  if (report.unassigned.length > 0) {
    const rows = report.unassigned.reduce((sum, entry) => sum + entry.rows, 0);
    const some = report.unassigned.slice(0, 5).map((entry) => entry.account);
    const list = some.join(", ") + (report.unassigned.length > some.length ? ", …" : "");
    effects.err(
      `note: ${count(report.unassigned.length)} accounts (${count(rows)} rows) belong to no tenant and are kept under "unassigned": ${list}\n` +
        "  fix: securebase tenants add ID --name NAME --account ACCOUNT moves them to their tenant.\n",
    );
  }
  for (const warning of report.warnings) effects.err(`warning: ${warning}\n`);
  if (report.rowsRead === 0) effects.err("warning: the files hold no rows\n");
}

function totalsTable(report: ImportReport): string {
  const measures = [...new Set(report.totals.flatMap((total) => Object.keys(total.source)))];
  const rows = report.totals.flatMap((total) =>
    measures.map((measure) => {
      const source = total.source[measure] ?? null;
      const loaded = total.loaded[measure] ?? null;
      return [total.currency, measure, source, loaded, source === loaded ? "equal" : "differs"];
    }),
  );
  const right = "right" as const;
  const columns = [
    { label: "Currency" },
    { label: "Total" },
    { label: "Source", align: right },
    { label: "Loaded", align: right },
    { label: "" },
  ];
  return textTable(columns, rows);
}

const SHOWN_PARTITIONS = 20;

function partitionTable(report: ImportReport): string {
  const shown = report.partitions.slice(0, SHOWN_PARTITIONS);
  const rows = shown.map((p) => [
    p.dataset,
    p.tenant,
    p.period,
    p.source,
    String(p.rows),
    String(p.replacedRows),
  ]);
  const right = "right" as const;
  const columns = [
    { label: "Dataset" },
    { label: "Tenant" },
    { label: "Period" },
    { label: "Source" },
    { label: "Rows", align: right },
    { label: "Replaced", align: right },
  ];
  const more = report.partitions.length - shown.length;
  return textTable(columns, rows) + (more > 0 ? `… and ${more} more partitions\n` : "");
}
