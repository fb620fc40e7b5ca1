import { pino } from "pino";
import type { Logger } from "../http/logger.ts";

/**
 * Structured JSON lines on stderr. The level is `SECUREBASE_LOG` (`silent`, `error`, `warn`, `info`); warnings and
 * errors when not given.
 */
export function createLogger(level: string | undefined): Logger {
  const levels = ["silent", "error", "warn", "info"];
  const chosen = level !== undefined && levels.includes(level) ? level : "warn";
  return pino({ level: chosen, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
}
