import type { SyncReport, SyncRun } from "../../core/connections/sync-run.ts";
import type { Services } from "../services.ts";
import { timeIsUp } from "./out-of-time.ts";
import type { SyncOptions } from "./options.ts";
import { SyncTask } from "./sync-task.ts";

/**
 * Pulls a connection in this process: what is new or changed is loaded, delivery by delivery, each remembered once it
 * is stored. When one fails, those before it stay loaded and are not pulled again. The command line calls this.
 * @throws DomainError `connection.not-found`, `sync.*`, `import.*`, `tenant.not-found`; the signal's reason
 */
export async function runSync(
  services: Services,
  id: string,
  options: SyncOptions = {},
): Promise<SyncReport> {
  const task = await SyncTask.begin(services, id, options);
  const outcome = await task.perform(options.signal ?? new AbortController().signal);
  if (outcome.status === "done") return outcome.report;
  throw timeIsUp();
}

/**
 * Claims a connection and has a job pull it, for who answers before that is done: the API and a schedule.
 * @param onFailure told why the job failed, where it runs in this process; the run itself remembers it anyway
 * @throws DomainError `sync.running`, `connection.not-found`, `sync.not-offered`; what the job runner throws
 */
export async function startSync(
  services: Services,
  id: string,
  options: SyncOptions,
  onFailure: (error: unknown) => void,
): Promise<SyncRun> {
  const task = await SyncTask.begin(services, id, options);
  try {
    await services.jobs.start(
      task.run.id,
      async (signal) => {
        await task.perform(signal).catch(onFailure);
      },
      task.next,
    );
  } catch (error) {
    await task.fail(error);
    throw error;
  }
  return task.run;
}
