import { type Command, Option } from "commander";
import type { CallInput } from "../../contract/client.ts";
import {
  type InputFile,
  inputFiles,
  type LoadReport,
  multipart,
  standardInput,
} from "../../runtimes/input.ts";
import { type Connection, dataFolder, withConnection } from "../connect.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import type { Effects } from "../effects.ts";
import { textTable } from "../output.ts";
import { type Progress, startProgress } from "../progress.ts";
import { common, type CommonOptions } from "./options.ts";

export const IMPORT_FORMATS = ["auto", "focus"] as const;

interface ImportOptions extends CommonOptions {
  format: string;
  tenant?: string;
  dryRun?: boolean;
}

export function importCommand(program: Command, effects: Effects, exit: (code: ExitCode) => void): void {
  common(program.command("import"))
    .description("load files; a load replaces what it names as a whole, loading a file twice changes nothing")
    .argument("<file|dir|->", "files, folders, or - for standard input")
    .argument("[more...]")
    .addOption(new Option("--format <format>", "of the files").choices(IMPORT_FORMATS).default("auto"))
    .option("--tenant <id>", "load everything for this tenant instead of by account")
    .option("--dry-run", "read, check and sum, and change nothing")
    .action(async (first: string, more: string[], options: ImportOptions) => {
      const files = await openFiles([first, ...more], effects);
      await withConnection(effects, dataFolder(effects, options.data), async (connection) => {
        const progress = startProgress(effects, options.quiet);
        try {
          const report = await load(connection, files, options, effects, progress);
          progress.done();
          await print(effects, report, options.json === true);
          if (report.rowsRejected > 0 && report.rowsAccepted === 0) exit(EXIT.failed);
        } finally {
          progress.done();
        }
      });
    });
}

async function openFiles(names: readonly string[], effects: Effects): Promise<InputFile[]> {
  const paths = names.filter((name) => name !== "-");
  const files = await inputFiles(paths);
  return names.includes("-") ? [...files, standardInput(effects.input)] : files;
}

/** Hands the files to the store of this process, or uploads them to the server that has it open. */
async function load(
  connection: Connection,
  files: readonly InputFile[],
  options: ImportOptions,
  effects: Effects,
  progress: Progress,
): Promise<LoadReport> {
  const { tenant, format, dryRun } = options;
  const { signal } = effects;
  if (connection.runtime !== undefined) {
    return connection.runtime.importFiles(files, {
      format,
      signal,
      dryRun: dryRun === true,
      ...(tenant !== undefined && { tenant }),
      onProgress: ({ phase, fraction, rows }) => {
        progress.update(
          `${PHASES[phase]}${rows === undefined ? "" : ` ${rows.toLocaleString("en-US")} rows`}`,
          fraction,
        );
      },
    });
  }
  const upload = multipart(files, (sent, total) => {
    const fraction = total === undefined ? undefined : sent / total;
    progress.update(`Sending to the server ${Math.round(sent / 1e6)} MB`, fraction);
  });
  const query: CallInput<"createImport">["query"] = {
    format,
    ...(tenant !== undefined && { tenant }),
    ...(dryRun === true && { dryRun }),
  };
  return connection.as("operator").call("createImport", { query, upload, signal });
}

const PHASES = { reading: "Reading", checking: "Checking", storing: "Storing" } as const;

async function print(effects: Effects, report: LoadReport, json: boolean): Promise<void> {
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
  if (report.totals.length > 0) await out(`\n${totalsTable(report)}`);
  if (report.partitions.length > 0) await out(`\n${partitionTable(report)}`);
  if (report.unassigned.length > 0) {
    const rows = report.unassigned.reduce((sum, entry) => sum + entry.rows, 0);
    const some = report.unassigned.slice(0, 5).map((entry) => entry.account);
    const list = some.join(", ") + (report.unassigned.length > some.length ? ", …" : "");
    effects.err(
      `note: ${count(report.unassigned.length)} accounts (${count(rows)} rows) belong to no tenant and wait under "unassigned": ${list}\n` +
        "  fix: securebase tenants add ID --name NAME --account ACCOUNT moves them to their tenant.\n",
    );
  }
  for (const warning of report.warnings) effects.err(`warning: ${warning}\n`);
  if (report.rowsRead === 0) effects.err("warning: the files hold no rows\n");
}

function totalsTable(report: LoadReport): string {
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

function partitionTable(report: LoadReport): string {
  const shown = report.partitions.slice(0, SHOWN_PARTITIONS);
  const rows = shown.map((p) => [p.tenant, p.period, p.source, String(p.rows), String(p.replacedRows)]);
  const right = "right" as const;
  const columns = [
    { label: "Tenant" },
    { label: "Period" },
    { label: "Source" },
    { label: "Rows", align: right },
    { label: "Replaced", align: right },
  ];
  const more = report.partitions.length - shown.length;
  return textTable(columns, rows) + (more > 0 ? `… and ${more} more partitions\n` : "");
}
