import { LOAD_PHASES } from "../../core/jobs/load-phases.ts";
import { type Command, Option } from "commander";
import type { CallInput } from "../../contract/client.ts";
import { checkDate } from "../../core/time/dates.ts";
import {
  ALL_FORMATS,
  type InputFile,
  inputFiles,
  type ImportReport,
  multipart,
  standardInput,
} from "../../runtimes/input.ts";
import { type OpenService, dataPlace, withService } from "../connect.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import type { Effects } from "../effects.ts";
import { followJob } from "../jobs.ts";
import { printImport } from "./import-report.ts";
import { type Progress, startProgress } from "../progress.ts";
import { common, type CommonOptions } from "./options.ts";

interface ImportOptions extends CommonOptions {
  format: string;
  tenant?: string;
  dryRun?: boolean;
  snapshot?: string;
}

export function importCommand(program: Command, effects: Effects, exit: (code: ExitCode) => void): void {
  common(program.command("import"))
    .description("load files; a load replaces what it names as a whole, loading a file twice changes nothing")
    .argument("<file|dir|->", "files, folders, or - for standard input")
    .argument("[more...]")
    .addOption(new Option("--format <format>", "of the files").choices(ALL_FORMATS).default("auto"))
    .option("--tenant <id>", "load everything for this tenant instead of by account")
    .option("--snapshot <date>", "the day findings are a snapshot of (default: the newest observation's)")
    .option("--dry-run", "read, check and sum, and change nothing")
    .action(async (first: string, more: string[], options: ImportOptions) => {
      const files = await openFiles([first, ...more], effects);
      await withService(effects, dataPlace(effects, options.data, "make"), async (service) => {
        const progress = startProgress(effects, options.quiet);
        try {
          const report = await load(service, files, options, effects, progress);
          progress.done();
          await printImport(effects, report, options.json === true);
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
  service: OpenService,
  files: readonly InputFile[],
  options: ImportOptions,
  effects: Effects,
  progress: Progress,
): Promise<ImportReport> {
  const { tenant, format, dryRun, snapshot } = options;
  if (snapshot !== undefined) checkDate(snapshot, "--snapshot");
  const { signal } = effects;
  if (service.runtime !== undefined) {
    return service.runtime.importFiles(files, {
      format,
      signal,
      dryRun: dryRun === true,
      ...(tenant !== undefined && { tenant }),
      ...(snapshot !== undefined && { snapshot }),
      onProgress: ({ phase, fraction, rows }) => {
        progress.update(
          `${LOAD_PHASES[phase]}${rows === undefined ? "" : ` ${rows.toLocaleString("en-US")} rows`}`,
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
    ...(snapshot !== undefined && { snapshot }),
    ...(dryRun === true && { dryRun }),
  };
  const response = await service.as("operator").open("createImport", { query, upload, signal });
  if (response.status === 200) return (await response.json()) as ImportReport;
  const { id } = (await response.json()) as { id: string };
  return (await followJob(service, id, effects, progress)).result as ImportReport;
}
