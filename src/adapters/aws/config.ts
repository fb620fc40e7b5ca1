import type { GroupLimit } from "../../core/query/group-limit.ts";

/** Where the cloud is and what the service's things are called there. */
export interface AwsConfig {
  region: string;
  names: ResourceNames;
  /** Another endpoint for DynamoDB and SSM, e.g. an emulator's. */
  endpoint?: string | undefined;
  s3Endpoint?: string | undefined;
  credentials?: AwsCredentials | (() => Promise<AwsCredentials>) | undefined;
  retry?: Partial<RetryPolicy>;
  meter?: CapacityMeter | undefined;
  /** Questions are answered in this process's memory; any number of groups when not given. */
  groupLimit?: GroupLimit | undefined;
}

export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** How a client of the SDK is made. */
export interface ClientSettings {
  /** When not given, the one of the shared configuration files' profile. */
  region?: string | undefined;
  endpoint?: string | undefined;
  credentials?: AwsConfig["credentials"];
}

/**
 * The settings as the SDK takes them, which has no undefined ones. Tries are counted
 * by `withRetry`: the SDK's own know neither our deadline nor lost answers.
 */
export function clientOptions({ region, endpoint, credentials }: ClientSettings) {
  return {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    maxAttempts: 1,
  };
}

export interface ResourceNames {
  reports: string;
  schedules: string;
  cache: string;
  metrics: string;
  bucket: string;
}

/** The names of an environment's tables and bucket; DESIGN section 4 and the Terraform module have the same. */
export function resourceNames(environment: string, account: string): ResourceNames {
  const prefix = `securebase-${environment}`;
  return {
    reports: `${prefix}-reports`,
    schedules: `${prefix}-report-schedules`,
    cache: `${prefix}-report-cache`,
    metrics: `${prefix}-metrics`,
    bucket: `${prefix}-reports-${account}`,
  };
}

/** How long a call may take and how often it is tried. Milliseconds. */
export interface RetryPolicy {
  attempts: number;
  /** One try. */
  timeout: number;
  /** All tries of one call and the pauses between them. */
  deadline: number;
  /** The pause before the second try; doubles up to `maxPause`, with full jitter. */
  firstPause: number;
  maxPause: number;
  random: () => number;
  sleep: (milliseconds: number) => Promise<void>;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 8,
  timeout: 5_000,
  deadline: 15_000,
  firstPause: 25,
  maxPause: 2_000,
  random: Math.random,
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/** Told what every DynamoDB call consumed, in capacity units as DynamoDB reports them. */
export interface CapacityMeter {
  consumed(use: { table: string; read: number; write: number; items: number }): void;
  /** A call was throttled and is tried again. */
  throttled?(table: string | undefined): void;
}
