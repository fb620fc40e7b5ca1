import type { Services } from "../../app/services.ts";
import { startDueSyncs } from "../../app/sync/due.ts";
import { timeIsUp } from "../../app/sync/out-of-time.ts";
import { type SyncOutcome, SyncTask } from "../../app/sync/sync-task.ts";
import { asDomainError, DomainError } from "../../core/errors/errors.ts";
import { errorFields, type Logger } from "../../http/logger.ts";
import { statusOf } from "../../http/problem.ts";
import type { SyncWork } from "../../ports/jobs.ts";

/**
 * How long before the time limit a pull is ended, in milliseconds: what it began is taken back, which takes longer the
 * more it was, and its record says so. 1.7 s were seen for the blocks of 25 s.
 */
function marginOf(left: number): number {
  return Math.min(left / 3, Math.max(5_000, left / 20));
}

/** What a pull loaded, for the metrics. */
export interface PullCount {
  deliveries: number;
  rows: number;
}

export interface SyncContext {
  services: Services;
  logger: Logger;
  /** Milliseconds left of this invocation. */
  remaining: () => number;
  onPull: (count: PullCount) => void;
}

interface SyncResult {
  statusCode: number;
  body: unknown;
}

/**
 * `{"action":"sync"}`: starts the pull of every connection that is due, each in an invocation of its own.
 * `{"action":"sync","connection":ID}`: pulls that one now. With `run` and `part`: goes on with a run.
 * @throws DomainError `sync.out-of-time` when not all pulls could be started: the event is repeated
 */
export async function sync(
  context: SyncContext,
  event: Readonly<Record<string, unknown>>,
): Promise<SyncResult> {
  const { connection, run, part, options } = event;
  if (connection === undefined) return startDue(context);
  if (typeof connection !== "string") return wrong("connection", "the id of a connection");
  if (run === undefined) return pull(context, connection, undefined);
  if (typeof run !== "string" || typeof part !== "number")
    return wrong("run", "the id of a run, with its part");
  const how = (options ?? {}) as SyncWork["options"];
  return pull(context, connection, { kind: "sync", connection, run, part, options: how });
}

function wrong(field: string, what: string): SyncResult {
  const body = {
    code: "action.invalid",
    detail: `"${field}" is not ${what}`,
    fix: "Leave it out, or correct it.",
  };
  return { statusCode: 400, body };
}

async function startDue({ services, logger, remaining }: SyncContext): Promise<SyncResult> {
  const limit = limitOf(remaining());
  try {
    const { started, skipped, failed } = await startDueSyncs(services, limit.signal, () => undefined);
    for (const { connection, error } of failed)
      logger.error({ connection, error: errorFields(error) }, "pull not started");
    logger.info({ started: started.length, skipped: skipped.length, failed: failed.length }, "pulls started");
    const told = failed.map(({ connection, error }) => ({ connection, ...problemOf(error) }));
    return { statusCode: failed.length === 0 ? 202 : 503, body: { started, skipped, failed: told } };
  } finally {
    limit.clear();
  }
}

/** How a pull failed is on its record; Lambda is not to repeat it, as it would for an error that is thrown. */
async function pull(
  { services, logger, remaining, onPull }: SyncContext,
  connection: string,
  work: SyncWork | undefined,
): Promise<SyncResult> {
  const left = remaining();
  const until = new Date(services.clock.now().getTime() + left);
  const limit = limitOf(left);
  const about = { connection, ...(work !== undefined && { run: work.run, part: work.part }) };
  let task: SyncTask | undefined;
  try {
    task =
      work === undefined
        ? await SyncTask.begin(services, connection, {}, until)
        : await SyncTask.resume(services, work, until);
    const outcome = await task.perform(limit.signal);
    const done = outcome.status === "done";
    logger.info({ ...about, ...countOf(task) }, done ? "pulled" : "pull goes on");
    return resultOf(task.run.id, outcome);
  } catch (error) {
    const over = error instanceof DomainError && NOTHING_TO_DO.has(error.code);
    if (over) logger.info({ ...about, code: error.code }, "pull not needed");
    else logger.error({ ...about, ...countOf(task), error: errorFields(error) }, "pull failed");
    return { statusCode: statusOf(asDomainError(error)), body: problemOf(error) };
  } finally {
    limit.clear();
    if (task !== undefined) onPull(countOf(task));
  }
}

function countOf(task: SyncTask | undefined): PullCount {
  return { deliveries: task?.tally.loadedNow ?? 0, rows: task?.tally.rowsNow ?? 0 };
}

/** An event that came twice, or too late: the connection is pulled by somebody else, or gone. */
const NOTHING_TO_DO: ReadonlySet<string> = new Set(["sync.running", "sync.lost", "connection.not-found"]);

function resultOf(run: string, outcome: SyncOutcome): SyncResult {
  if (outcome.status === "done") return { statusCode: 200, body: { run, report: outcome.report } };
  return { statusCode: 202, body: { run, continuedIn: outcome.part } };
}

function problemOf(error: unknown): { code: string; detail: string; fix?: string } {
  const { code, message, fix } = asDomainError(error);
  return { code, detail: message, ...(fix !== undefined && { fix }) };
}

/** Aborted in time to end an orderly death before the invocation's. */
function limitOf(left: number): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(timeIsUp()), Math.max(0, left - marginOf(left)));
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}
