/** A task as data, for runners that carry it out in another process: it survives JSON. */
export interface JobWork {
  kind: "export";
  tenant: string;
  /** What `resumeExport` needs to do the same as the task would have done. */
  data: unknown;
}

/** A pull as data. */
export interface SyncWork {
  kind: "sync";
  connection: string;
  /** The run that is to go on, and which part of it this is. */
  run: string;
  part: number;
  options: SyncWorkOptions;
}

/** How to pull, as far as it survives JSON. */
export interface SyncWorkOptions {
  dryRun?: boolean;
  force?: boolean;
  replaceEstimates?: boolean;
  again?: boolean;
}

/** Runs work that outlives the request which asked for it. */
export interface JobRunner {
  /**
   * Starts the task; its failure is the task's own business to record.
   * @param work the same task as data; a runner that has another process do it does not call the task
   */
  start(id: string, task: (signal: AbortSignal) => Promise<void>, work?: JobWork | SyncWork): Promise<void>;
  /** Whether the job can still finish; a job of a process that died cannot. */
  isAlive(id: string): boolean;
  /** Aborts what runs and waits until it has stopped. */
  stop(): Promise<void>;
}
