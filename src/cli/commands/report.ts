import { access, chmod, constants, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Command, Option } from "commander";
import { setTimeout } from "node:timers/promises";
import type { CallInput, Client } from "../../contract/client.ts";
import type { AnswerOf } from "../../contract/route.ts";
import type { Routes } from "../../contract/routes.ts";
import { shorten } from "../../core/errors/bounded.ts";
import { DomainError, invalid } from "../../core/errors/errors.ts";
import { EXPORT_FORMATS, type ExportFormat, parseFormat } from "../../core/reports/formats.ts";
import { type Manifest, totalText } from "../../core/reports/manifest.ts";
import { asTenant, dataPlace, withService } from "../connect.ts";
import type { Effects } from "../effects.ts";
import { startProgress } from "../progress.ts";
import {
  collect,
  common,
  type CommonOptions,
  filtersOf,
  rangeOf,
  type RangeOptions,
  rangeOptions,
} from "./options.ts";

interface ReportOptions extends CommonOptions, RangeOptions {
  tenant: string;
  format?: string;
  output: string;
  where: string[];
  param: string[];
  framework?: string;
  manifest?: string;
  bom?: boolean;
  delimiter?: string;
  lines?: boolean;
  page?: "A4" | "letter";
  landscape?: boolean;
}

type Job = AnswerOf<Routes["getExport"]>;
const FIRST_POLL_MS = 10;
const LAST_POLL_MS = 500;

export function reportCommand(program: Command, effects: Effects): void {
  rangeOptions(common(program.command("report")))
    .description("write a report: a template such as cost-analysis, or a saved report by its id")
    .argument("<template|report-id>")
    .requiredOption("--tenant <id>", "whose report")
    .option("--format <format>", `${EXPORT_FORMATS.join(", ")} (default: by the file's ending)`)
    .requiredOption("-o, --output <file>", "where to write it; - is stdout")
    .option("--where <filter>", "keep only …; repeatable, applied to every part of the report", collect, [])
    .option(
      "--param <name=value>",
      "a template's parameter; repeatable, e.g. --param by=tag:team for chargeback",
      collect,
      [],
    )
    .option("--framework <name>", "the framework of the compliance template; short for --param framework=…")
    .option("--manifest <file>", "write the manifest (rows, totals, hash) as JSON beside it")
    .option("--bom", "csv: start with a byte-order mark, which Excel needs to see UTF-8")
    .option("--delimiter <character>", "csv: separator (default comma)")
    .option("--lines", "json: one object a line")
    .addOption(new Option("--page <size>", "pdf: page size").choices(["A4", "letter"]))
    .option("--landscape", "pdf: landscape pages")
    .action(async (name: string, options: ReportOptions) => {
      const format = formatOf(options);
      const body = requestBody(name, format, options);
      await checkFolder(options.output);
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const client = await asTenant(service, "analyst", options.tenant);
        const progress = startProgress(effects, options.quiet);
        try {
          progress.update("Asking the questions of the report");
          const job = await runExport(client, body, effects.signal, progress.update);
          const { id, manifest } = job;
          if (manifest === null) throw new Error(`export ${id} is done and has no manifest`);
          const bytes = await download(effects, client, id, options.output);
          progress.done();
          if (options.manifest !== undefined) {
            await saveManifest(effects, options.manifest, manifest);
          }
          await tell(effects, options, bytes, manifest);
        } finally {
          progress.done();
        }
      });
    });
}

/** @throws DomainError `export.unknown-format`, `export.format-unknown` when neither option nor ending tells */
function formatOf(options: ReportOptions): ExportFormat {
  if (options.format !== undefined) return parseFormat(options.format);
  const ending = /\.(\w+)$/.exec(options.output)?.[1]?.toLowerCase();
  if (ending === "ndjson") return "json";
  const format = EXPORT_FORMATS.find((candidate) => candidate === ending);
  if (format !== undefined) return format;
  throw invalid("export.format-unknown", `The format is not clear from "${options.output}"`, {
    field: "format",
    allowed: EXPORT_FORMATS,
    fix: `Add --format ${EXPORT_FORMATS.join("|")}.`,
  });
}

type ExportBody = CallInput<"export">["body"];

function requestBody(report: string, format: ExportFormat, options: ReportOptions): ExportBody {
  const range = rangeOf(options);
  const { bom, delimiter, page, landscape } = options;
  const lines = options.lines === true || options.output.endsWith(".ndjson");
  if (delimiter !== undefined && delimiter.length !== 1) {
    throw invalid("export.invalid-delimiter", `--delimiter "${shorten(delimiter)}" is not one character`, {
      field: "delimiter",
      fix: "Give one character, for example ;",
    });
  }
  const paged = page !== undefined || landscape === true;
  return {
    format,
    report,
    // As a job, so that the manifest is at hand for every size and format.
    delivery: "job",
    ...(range !== undefined && { range }),
    ...((options.param.length > 0 || options.framework !== undefined) && {
      parameters: {
        ...parametersOf(options.param),
        ...(options.framework !== undefined && { framework: options.framework }),
      },
    }),
    ...(options.where.length > 0 && { filters: filtersOf(options.where) }),
    options: {
      ...(bom === true && { bom }),
      ...(delimiter !== undefined && { delimiter }),
      ...(lines && { lines }),
      ...(paged && {
        page: {
          size: page ?? "A4",
          orientation: landscape === true ? ("landscape" as const) : ("portrait" as const),
        },
      }),
    },
  };
}

/** @throws DomainError `report.invalid-parameter` */
function parametersOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text): [string, string] => {
      const at = text.indexOf("=");
      if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
      throw invalid("report.invalid-parameter", `--param "${shorten(text)}" is not written name=value`, {
        field: "param",
        fix: "Write it like --param by=tag:team.",
      });
    }),
  );
}

/** Starts the export and waits until its file is there. */
async function runExport(
  client: Client,
  body: ExportBody,
  signal: AbortSignal,
  update: (text: string, fraction?: number) => void,
): Promise<Job> {
  let job = (await (await client.open("export", { body, signal })).json()) as Job;
  for (let wait = FIRST_POLL_MS; job.status === "pending" || job.status === "running"; wait *= 2) {
    const { rowsWritten, rowsTotal } = job;
    const fraction = rowsTotal === null || rowsTotal === 0 ? undefined : rowsWritten / rowsTotal;
    update(`Writing rows, ${rowsWritten.toLocaleString("en-US")} so far`, fraction);
    await setTimeout(Math.min(wait, LAST_POLL_MS), undefined, { signal });
    job = await client.call("getExport", { params: { id: job.id }, signal });
  }
  if (job.status === "done") return job;
  const { code, message } = job.error ?? { code: "export.failed", message: "The export failed" };
  throw new DomainError(code, "unavailable", message, {
    fix: "Correct what the message names and run the command again.",
  });
}

/** Saves the export's file and removes the export, whose copy nobody else asked for. @returns its bytes */
async function download(effects: Effects, client: Client, id: string, output: string): Promise<number> {
  try {
    const response = await client.open("downloadExport", { params: { id }, signal: effects.signal });
    return await save(effects, response, output);
  } finally {
    // What cannot be removed now expires like any other export.
    await client.call("deleteExport", { params: { id } }).catch(() => undefined);
  }
}

async function saveManifest(effects: Effects, path: string, manifest: Manifest): Promise<void> {
  const isNew = (await stat(path).catch(() => undefined)) === undefined;
  await writeFile(path, `${JSON.stringify(manifest, null, 2)}\n`);
  const mode = effects.outputMode();
  if (isNew && mode !== undefined) await chmod(path, mode);
}

/** Writes the file beside its place and renames it, so that it is whole or not there. @returns its bytes */
async function save(effects: Effects, response: Response, output: string): Promise<number> {
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> = response.body ?? new ReadableStream<Uint8Array>();
  if (output === "-") {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      await effects.out(chunk);
    }
    return bytes;
  }
  const partial = `${output}.${process.pid}.part`;
  try {
    const file = await open(partial, "w");
    try {
      const mode = effects.outputMode();
      if (mode !== undefined) await file.chmod(mode);
      for await (const chunk of body) {
        bytes += chunk.byteLength;
        await file.writeFile(chunk);
      }
    } finally {
      await file.close();
    }
    await rename(partial, output);
  } catch (error) {
    await rm(partial, { force: true });
    throw unwritable(output, error);
  }
  return bytes;
}

/** Before the work, not after it. @throws DomainError `output.unwritable` */
async function checkFolder(output: string): Promise<void> {
  if (output === "-") return;
  try {
    await access(dirname(output), constants.W_OK);
  } catch (error) {
    throw unwritable(output, error);
  }
}

function unwritable(output: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code !== "string" || !/^E[A-Z]+$/.test(code)) return error;
  const reason = code === "ENOENT" ? "its folder does not exist" : (error as Error).message;
  return new DomainError("output.unwritable", "unprocessable", `${output} cannot be written: ${reason}`, {
    fix: "Name a file in a folder that exists and is writable, or - for stdout.",
    cause: error,
  });
}

async function tell(
  effects: Effects,
  options: ReportOptions,
  bytes: number,
  manifest: Manifest,
): Promise<void> {
  const { output } = options;
  if (options.json === true) {
    // With the report itself on stdout, its summary goes where it does not mix.
    const text = `${JSON.stringify({ file: output, bytes, manifest })}\n`;
    if (output === "-") effects.err(text);
    else await effects.out(text);
    return;
  }
  const totals = manifest.totals.map((total) =>
    Object.entries(total.values)
      .map(([name, value]) => `${name} ${totalText(value, total)}`)
      .join(", "),
  );
  const rows = `${manifest.rowsWritten.toLocaleString("en-US")} of ${manifest.rowsTotal.toLocaleString("en-US")} rows`;
  effects.err(
    `${output === "-" ? "Wrote" : `Wrote ${output}:`} ${rows}, ${bytes.toLocaleString("en-US")} bytes\n`,
  );
  for (const line of totals) effects.err(`total: ${line}\n`);
  effects.err(`dataset: ${manifest.datasetHash}\n`);
  for (const note of manifest.notes) effects.err(`note: ${note}\n`);
}
