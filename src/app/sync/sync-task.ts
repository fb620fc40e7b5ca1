import type { StoredConnection, SyncReport, SyncRun } from "../../core/connections/sync-run.ts";
import type { SyncWork } from "../../ports/jobs.ts";
import type { Services } from "../services.ts";
import { getConnection } from "./connections.ts";
import { CurrentRun } from "./current-run.ts";
import type { SyncOptions } from "./options.ts";
import { deliveries, endedByTime, outOfTime } from "./out-of-time.ts";
import { PullTally, pullAll } from "./pull-all.ts";
import { syncRuns } from "./runs.ts";

/**
 * Processes one run may be spread over. Lambda ends a chain of invocations that cause each other after sixteen ("Use
 * Lambda recursive loop detection to prevent infinite loops"), and the one that was asked for the pull is the first.
 */
export const MAX_PARTS = 12;

/** How a process leaves a run: at its end, or to the next part of it. */
export type SyncOutcome = { status: "done"; report: SyncReport } | { status: "continued"; part: number };

/** A pull that holds its connection and has yet to be performed. */
export class SyncTask {
  readonly #services: Services;
  readonly #stored: StoredConnection;
  readonly #options: SyncOptions;
  readonly #current: CurrentRun;
  /** What this part has loaded, also when it fails. */
  readonly tally: PullTally;

  private constructor(
    services: Services,
    stored: StoredConnection,
    options: SyncOptions,
    current: CurrentRun,
  ) {
    this.#services = services;
    this.#stored = stored;
    this.#options = options;
    this.#current = current;
    this.tally = new PullTally(current.soFar);
  }

  /**
   * Claims the connection for a new run.
   * @param until when this process ends whatever it does, where that is known: the claim then ends with it
   * @throws DomainError `sync.running`, `connection.not-found`, `sync.not-offered`
   */
  static async begin(services: Services, id: string, options: SyncOptions, until?: Date): Promise<SyncTask> {
    const stored = await getConnection(services, id);
    const current = await CurrentRun.begin(syncRuns(services), services, stored.connection, {
      dryRun: options.dryRun === true,
      ...(until !== undefined && { until }),
    });
    return new SyncTask(services, stored, options, current);
  }

  /**
   * Claims the connection for the next part of a run that another process began.
   * @throws DomainError `sync.running` when the part is under way already, `sync.lost` when the run is over,
   *   `connection.not-found`, `sync.not-offered`
   */
  static async resume(services: Services, work: SyncWork, until?: Date): Promise<SyncTask> {
    const stored = await getConnection(services, work.connection);
    const { run, part } = work;
    const current = await CurrentRun.resume(syncRuns(services), services, stored, {
      ...{ run, part },
      ...(until !== undefined && { until }),
    });
    return new SyncTask(services, stored, work.options, current);
  }

  get run(): SyncRun {
    return this.#current.run;
  }

  /** What a process needs to know to go on with the run. */
  get next(): SyncWork {
    const { dryRun, force, replaceEstimates, again } = this.#options;
    return {
      kind: "sync",
      connection: this.#stored.connection.id,
      run: this.#current.run.id,
      part: this.#current.part + 1,
      options: {
        ...(dryRun !== undefined && { dryRun }),
        ...(force !== undefined && { force }),
        ...(replaceEstimates !== undefined && { replaceEstimates }),
        ...(again !== undefined && { again }),
      },
    };
  }

  /**
   * Pulls to the end, or for as long as there is time. A part that ran out of time but has loaded something hands the
   * run over to the next part; how a pull failed is on record as well as thrown.
   * @throws DomainError `sync.*`, `import.*`, `tenant.not-found`; the signal's reason
   */
  async perform(outer: AbortSignal): Promise<SyncOutcome> {
    const current = this.#current;
    const signal = AbortSignal.any([outer, current.lost]);
    const { tally } = this;
    try {
      const options = { ...this.#options, signal };
      const report = await current.during(() =>
        pullAll(this.#services, this.#stored, options, { current, tally }),
      );
      await current.finish(report);
      return { status: "done", report };
    } catch (error) {
      const failure = endedByTime(outer, error) ? await this.#goOn(error) : asError(error);
      if (failure === undefined) return { status: "continued", part: current.part + 1 };
      await current.fail(failure, outer.aborted);
      throw failure;
    }
  }

  /** Remembers that the run failed before it could be performed. */
  async fail(error: unknown): Promise<void> {
    await this.#current.fail(error, false);
  }

  /** Has another process go on. @returns why the run ends here, undefined when it does not */
  async #goOn(cause: unknown): Promise<Error | undefined> {
    const { loadedNow, delivery, soFar } = this.tally;
    const loaded = soFar.deliveries.length;
    const { id } = this.#stored.connection;
    const { environment } = this.#services;
    const progressed = loadedNow > 0;
    const failure = outOfTime({ connection: id, environment, delivery, loaded, progressed }, cause);
    if (!progressed || this.#current.part >= MAX_PARTS) return failure;
    try {
      const work = this.next;
      await this.#current.handOver(`Out of time after ${deliveries(loaded)}; goes on in part ${work.part}`);
      await startPart(this.#services, work);
      return undefined;
    } catch (error) {
      return asError(error);
    }
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Has the job runner perform a part of a run, here or in another process. */
async function startPart(services: Services, work: SyncWork): Promise<void> {
  await services.jobs.start(
    work.run,
    async (signal) => {
      const task = await SyncTask.resume(services, work);
      await task.perform(signal);
    },
    work,
  );
}
