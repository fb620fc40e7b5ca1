import type { CapacityMeter } from "../../adapters/aws/config.ts";
import type { CacheMeter } from "../../adapters/aws/query-cache.ts";
import type { Logger } from "../../http/logger.ts";

/** Writes one line. */
export type Out = (line: string) => void;

/** Names of log fields that may hold secrets or people; their values are never written. */
const HIDDEN = /^(?:authorization|token|secret|password|cookie|set-cookie|recipients?|to|cc|bcc|email)$/i;
const BEARER = /\bBearer\s+[\w.~+/-]+=*/gi;
const JWT = /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g;

/** One JSON object a line, as CloudWatch Logs Insights reads them. Tokens and recipients never get through. */
export function jsonLogger(out: Out, shared: () => Readonly<Record<string, unknown>>): Logger {
  const write = (level: string, fields: Readonly<Record<string, unknown>>, message: string): void => {
    const line = { level, time: new Date().toISOString(), message, ...shared(), ...fields };
    out(JSON.stringify(line, redact));
  };
  return {
    info: (fields, message) => write("info", fields, message),
    warn: (fields, message) => write("warn", fields, message),
    error: (fields, message) => write("error", fields, message),
  };
}

function redact(key: string, value: unknown): unknown {
  if (HIDDEN.test(key)) return "[hidden]";
  return typeof value === "string"
    ? value.replace(BEARER, "Bearer [hidden]").replace(JWT, "[hidden]")
    : value;
}

/** What one invocation used. */
export interface Usage {
  readUnits: number;
  writeUnits: number;
  items: number;
  throttles: number;
  cacheHits: number;
  cacheMisses: number;
}

/** Adds up what an invocation uses. A function instance runs one at a time, so one meter is enough. */
export class InvocationMeter implements CapacityMeter, CacheMeter {
  #usage: Usage = none();

  consumed(use: { read: number; write: number; items: number }): void {
    this.#usage.readUnits += use.read;
    this.#usage.writeUnits += use.write;
    this.#usage.items += use.items;
  }

  throttled(): void {
    this.#usage.throttles += 1;
  }

  hit(): void {
    this.#usage.cacheHits += 1;
  }

  miss(): void {
    this.#usage.cacheMisses += 1;
  }

  /** What was used since the last call. */
  take(): Usage {
    const usage = this.#usage;
    this.#usage = none();
    return usage;
  }
}

function none(): Usage {
  return { readUnits: 0, writeUnits: 0, items: 0, throttles: 0, cacheHits: 0, cacheMisses: 0 };
}

const NAMESPACE = "SecureBase/Analytics";

export interface Observation {
  environment: string;
  /** `GET /v1/reports/{id}`, `action health_check`, … */
  route: string;
  status: number;
  durationMs: number;
  coldStart: boolean;
  usage: Usage;
  /** Whether the request made a report or an export. */
  report: boolean;
  /** What a pull loaded. */
  pull?: { deliveries: number; rows: number };
  /** The score that somebody gave an export. */
  feedback?: number;
}

const UNITS = {
  Count: "Count",
  Errors: "Count",
  Duration: "Milliseconds",
  ReportGenerationTime: "Milliseconds",
  PulledDeliveries: "Count",
  PulledRows: "Count",
  Feedback: "Count",
  FeedbackScore: "None",
  CacheHits: "Count",
  CacheMisses: "Count",
  ReadCapacity: "Count",
  WriteCapacity: "Count",
  Throttles: "Count",
  ColdStart: "Count",
} as const;

/** Metrics as a log line that CloudWatch turns into metrics ("Embedded metric format specification"). */
export function metricLine(seen: Observation, now: Date): string {
  const { usage } = seen;
  const values: Partial<Record<keyof typeof UNITS, number>> = {
    Count: 1,
    Errors: seen.status >= 500 ? 1 : 0,
    Duration: seen.durationMs,
    ...(seen.report && { ReportGenerationTime: seen.durationMs }),
    ...(seen.pull !== undefined && {
      PulledDeliveries: seen.pull.deliveries,
      PulledRows: seen.pull.rows,
    }),
    ...(seen.feedback !== undefined && { Feedback: 1, FeedbackScore: seen.feedback }),
    CacheHits: usage.cacheHits,
    CacheMisses: usage.cacheMisses,
    ReadCapacity: usage.readUnits,
    WriteCapacity: usage.writeUnits,
    Throttles: usage.throttles,
    ColdStart: seen.coldStart ? 1 : 0,
  };
  const names = Object.keys(values) as (keyof typeof UNITS)[];
  return JSON.stringify({
    _aws: {
      Timestamp: now.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: NAMESPACE,
          Dimensions: [["environment"], ["environment", "route"]],
          Metrics: names.map((name) => ({ Name: name, Unit: UNITS[name] })),
        },
      ],
    },
    environment: seen.environment,
    route: seen.route,
    status: seen.status,
    items: usage.items,
    ...values,
  });
}
