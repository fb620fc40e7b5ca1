import type { Command } from "commander";
import { DomainError } from "../../core/errors/errors.ts";
import { pull, type SyncOptions, type SyncReport } from "../../runtimes/sync.ts";
import { type OpenService, dataPlace, withService } from "../connect.ts";
import { allPages } from "../pages.ts";
import type { Effects } from "../effects.ts";
import { describeFailure, EXIT, type ExitCode } from "../errors.ts";
import { textTable } from "../output.ts";
import { pause } from "../../core/jobs/pause.ts";
import { type Progress, startProgress } from "../progress.ts";
import { common, type CommonOptions } from "./options.ts";

interface RunOptions extends CommonOptions {
  dryRun?: boolean;
  force?: boolean;
  replaceEstimates?: boolean;
  again?: boolean;
}

/** A pull that went well, or why it did not. */
type Outcome = { report: SyncReport } | { connection: string; error: ReturnType<typeof describeFailure> };

/** How often a server is asked how a pull goes. */
const POLL_MS = 1_000;

export function syncRunCommand(sync: Command, effects: Effects, exit: (code: ExitCode) => void): void {
  common(sync.command("run"))
    .description("pull connections, all of them when none is named; what did not change is not read again")
    .argument("[id...]")
    .option("--dry-run", "read, check and sum everything, and change nothing")
    .option("--force", "load a bill that is there from another source; it then counts twice")
    .option("--replace-estimates", "take Cost Explorer's figures of a bill out when its export is loaded")
    .option("--again", "load deliveries again that did not change")
    .action(async (ids: string[], options: RunOptions) => {
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const named = ids.length > 0 ? ids : await allIds(service);
        if (named.length === 0) effects.err("No connections yet. Add one with: securebase sync add KIND\n");
        const outcomes: Outcome[] = [];
        for (const id of named) outcomes.push(await runOne(service, id, options, effects));
        if (options.json === true) await effects.out(`${JSON.stringify(outcomes.map(asJson))}\n`);
        const worst = outcomes.map((outcome) => ("error" in outcome ? outcome.error.exit : EXIT.done));
        if (worst.length > 0) exit(Math.max(...worst) as ExitCode);
      });
    });
}

async function allIds(service: OpenService): Promise<string[]> {
  const client = service.as("operator");
  const items = await allPages((query) => client.call("listConnections", { query }));
  return items.map(({ id }) => id);
}

/** One that fails does not keep the others from being pulled; Ctrl-C does. */
async function runOne(
  service: OpenService,
  id: string,
  options: RunOptions,
  effects: Effects,
): Promise<Outcome> {
  effects.signal.throwIfAborted();
  const progress = startProgress(effects, options.quiet);
  try {
    const report = await perform(service, id, options, effects, progress);
    progress.done();
    if (options.json !== true) await print(effects, report);
    return { report };
  } catch (error) {
    progress.done();
    if (effects.signal.aborted) throw interrupted(service, id);
    const failure = describeFailure(error);
    effects.err(`error ${failure.code}: ${id}: ${failure.message}\n`);
    if (failure.fix !== undefined) effects.err(`  fix: ${failure.fix}\n`);
    return { connection: id, error: failure };
  } finally {
    progress.done();
  }
}

/** Pulls in this process, or has the server do it that has the store open. */
async function perform(
  service: OpenService,
  id: string,
  options: RunOptions,
  effects: Effects,
  progress: Progress,
): Promise<SyncReport> {
  const { dryRun, force, replaceEstimates, again } = options;
  const how: SyncOptions = {
    ...(dryRun === true && { dryRun }),
    ...(force === true && { force }),
    ...(replaceEstimates === true && { replaceEstimates }),
    ...(again === true && { again }),
  };
  const { signal } = effects;
  const onProgress = (text: string): void => progress.update(text);
  if (service.runtime !== undefined) return pull(service.runtime, id, { ...how, signal, onProgress });
  const operator = service.as("operator");
  const begun = await operator.call("runConnection", { params: { id }, body: how, signal });
  for (;;) {
    await pause(POLL_MS, signal);
    const { lastRun } = await operator.call("getConnection", { params: { id }, signal });
    if (lastRun === null || lastRun.id !== begun.id) throw takenOver(id);
    if (lastRun.progress !== null) onProgress(lastRun.progress);
    if (lastRun.report !== null) return lastRun.report;
    if (lastRun.error !== null) {
      const { code, message, fix } = lastRun.error;
      throw new DomainError(code, "unavailable", message, { ...(fix !== null && { fix }) });
    }
  }
}

function takenOver(id: string): DomainError {
  return new DomainError("sync.lost", "conflict", `Another pull of "${id}" took over`, {
    fix: "List the connections to see how it went.",
  });
}

/** Other than most commands, a pull may have stored something by now, or go on without us. */
function interrupted(service: OpenService, id: string): DomainError {
  const fix =
    service.server === undefined
      ? "What was loaded before stays; run it again to go on from there."
      : "The server goes on pulling; see how it went with: securebase sync list";
  return new DomainError("sync.interrupted", "unavailable", `Interrupted while ${id} was pulled`, { fix });
}

function asJson(outcome: Outcome): unknown {
  if ("report" in outcome) return outcome.report;
  const { code, message, fix, field } = outcome.error;
  return { connection: outcome.connection, error: { code, message, fix, field } };
}

async function print(effects: Effects, report: SyncReport): Promise<void> {
  const count = (n: number): string => n.toLocaleString("en-US");
  await effects.out(`${report.dryRun ? "Checked" : "Pulled"} ${report.connection}\n`);
  for (const { title, status, loads } of report.deliveries) {
    await effects.out(`  ${status.padEnd(9)} ${title}\n`);
    const rows = loads.flatMap((load) => {
      const { dataset, rowsAccepted, rowsRejected, totals } = load;
      const first = [dataset, count(rowsAccepted), count(rowsRejected)];
      if (totals.length === 0) return [[...first, null, null, null]];
      return totals.map(({ currency, billed, effective }) => [...first, currency, billed, effective]);
    });
    const right = "right" as const;
    const columns = [
      ...[{ label: "Dataset" }, { label: "Rows", align: right }, { label: "Rejected", align: right }],
      ...[{ label: "Currency" }, { label: "Billed", align: right }, { label: "Effective", align: right }],
    ];
    if (rows.length > 0)
      await effects.out(textTable(columns, rows).replace(/^/gm, "    ").replace(/ +$/, ""));
  }
  const unassigned = Math.max(
    0,
    ...report.deliveries.flatMap(({ loads }) => loads.map((load) => load.unassigned)),
  );
  if (unassigned > 0)
    effects.err(
      `note: ${count(unassigned)} accounts belong to no tenant and wait under "unassigned"\n` +
        "  fix: securebase tenants add ID --name NAME --account ACCOUNT moves them to their tenant.\n",
    );
  for (const warning of report.warnings) effects.err(`warning: ${warning}\n`);
}
