/** Runs work that outlives the request which asked for it. */
export interface JobRunner {
  /** Starts the task; its failure is the task's own business to record. */
  start(id: string, task: (signal: AbortSignal) => Promise<void>): Promise<void>;
  /** Whether the job can still finish; a job of a process that died cannot. */
  isAlive(id: string): boolean;
  /** Aborts what runs and waits until it has stopped. */
  stop(): Promise<void>;
}
