import { LOAD_PHASES } from "../../core/jobs/load-phases.ts";
import type { Connection } from "../../core/connections/connection.ts";
import type { SyncState } from "../../core/connections/sync-run.ts";
import type { LoadOptions } from "../../ports/metric-store.ts";
import type { Services } from "../services.ts";
import type { SyncTarget } from "./target.ts";

/** How to pull; survives JSON. */
export interface SyncChoices {
  /** Reads, checks and sums everything, and changes nothing; nothing is remembered either. */
  dryRun?: boolean;
  /** Loads a bill although it is there from another source. */
  force?: boolean;
  /** Takes Cost Explorer's figures of a bill out when its export is loaded. */
  replaceEstimates?: boolean;
  /** Loads deliveries again that did not change. */
  again?: boolean;
}

export interface SyncOptions extends SyncChoices {
  signal?: AbortSignal;
  /** What is being done, for people. */
  onProgress?: (text: string) => void;
}

/** What loading a delivery needs to know. */
export interface LoadContext {
  services: Services;
  connection: Connection;
  target: SyncTarget;
  options: SyncOptions & { signal: AbortSignal };
  marks: SyncState;
  progress: (text: string) => void;
}

export function loadOptions({ options, progress }: LoadContext): LoadOptions {
  return {
    signal: options.signal,
    onProgress: ({ phase, rows }) =>
      progress(`${LOAD_PHASES[phase]}${rows === undefined ? "" : ` ${rows.toLocaleString("en-US")} rows`}`),
  };
}
