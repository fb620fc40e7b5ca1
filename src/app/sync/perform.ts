import { syncLost } from "../../core/connections/errors.ts";
import type { StoredConnection, SyncState, SyncRun, SyncSoFar } from "../../core/connections/sync-run.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { plainError } from "../../core/errors/plain.ts";
import { endedByTime, isLeftToOthers } from "../../core/jobs/job.ts";
import type { JobContext, Performed } from "../jobs/handler.ts";
import type { Services } from "../services.ts";
import { connectionRecords, getConnection } from "./connections.ts";
import type { SyncChoices } from "./options.ts";
import { deliveryOutOfTime } from "./out-of-time.ts";
import { pullAll, PullTally } from "./pull-all.ts";

/** What the job of a pull needs to know. The connection's run has the job's id. */
export interface SyncInput {
  connection: string;
  options: { [K in keyof SyncChoices]: SyncChoices[K] | undefined };
}

const NOTHING: SyncSoFar = { deliveries: [], calls: {}, warnings: [] };

/**
 * Pulls a connection to the end, or for as long as there is time: when that is up after some deliveries, another
 * process goes on behind them. How the pull went is noted on its connection.
 * @throws DomainError `sync.*`, `import.*`, `tenant.not-found`; the signal's reason
 */
export async function performSync({ services, job, signal, report }: JobContext): Promise<Performed> {
  const { connection: id, options } = job.input as SyncInput;
  const tally = new PullTally((job.result as SyncSoFar | null) ?? NOTHING);
  const run = new NotedRun(services, id, job.id);
  try {
    const stored = await getConnection(services, id);
    const progress = {
      say: (text: string): void => report({ phase: text, rows: tally.rowsNow }),
      remember: (marks: SyncState) => run.note({}, marks),
    };
    const pulled = await pullAll(services, stored, { ...given(options), signal }, { run: progress, tally });
    await run.end({ status: "done", report: pulled });
    return { done: true, result: pulled };
  } catch (error) {
    let failure = error;
    if (endedByTime(signal, error)) {
      if (tally.loadedNow > 0) return { done: false, result: tally.soFar };
      const { delivery, soFar } = tally;
      const { environment } = services;
      const loaded = soFar.deliveries.length;
      failure = deliveryOutOfTime({ connection: id, environment, delivery, loaded }, error);
    }
    if (!isLeftToOthers(signal)) await run.end({ status: "failed", error: runError(failure, signal) });
    throw failure;
  }
}

function given(options: SyncInput["options"]): SyncChoices {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** A run as its connection has it. */
class NotedRun {
  readonly #services: Services;
  readonly #connection: string;
  readonly #id: string;

  constructor(services: Services, connection: string, id: string) {
    this.#services = services;
    this.#connection = connection;
    this.#id = id;
  }

  /** @throws DomainError `sync.lost` when the run is no longer the connection's current one, or the connection is gone */
  async note(outcome: Partial<SyncRun>, marks: SyncState = {}): Promise<void> {
    const noted = await connectionRecords(this.#services).change(this.#connection, (stored) =>
      isCurrent(stored, this.#id)
        ? {
            ...stored,
            lastRun: { ...stored.lastRun, ...outcome },
            marks: { ...stored.marks, ...marks },
          }
        : undefined,
    );
    if (noted === undefined) throw syncLost(this.#connection);
  }

  async end(outcome: Pick<SyncRun, "status"> & Partial<SyncRun>): Promise<void> {
    const finishedAt = this.#services.clock.now().toISOString();
    // A run that is no longer the current one has nowhere to be noted.
    await this.note({ ...outcome, finishedAt }).catch((error: unknown) => {
      if (!(error instanceof DomainError) || error.code !== "sync.lost") throw error;
    });
  }
}

function isCurrent(stored: StoredConnection, run: string): stored is StoredConnection & { lastRun: SyncRun } {
  return stored.lastRun?.id === run;
}

/** The reason a pull was stopped for explains more than the error it then failed with. */
function runError(thrown: unknown, signal: AbortSignal): NonNullable<SyncRun["error"]> {
  const error: unknown = signal.aborted && !(thrown instanceof DomainError) ? signal.reason : thrown;
  const { code, message, fix = null } = plainError(error);
  if (code !== undefined) return { code, message, fix };
  return { code: "service.internal", message: "The service failed to pull", fix };
}
