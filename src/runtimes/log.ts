import { pino } from "pino";
import { shorten } from "../core/errors/bounded.ts";
import { invalid } from "../core/errors/errors.ts";
import type { Logger } from "../http/logger.ts";

const LEVELS = ["silent", "error", "warn", "info"];

/**
 * Structured JSON lines on stderr. The level is `SECUREBASE_LOG` (`silent`, `error`, `warn`, `info`); warnings and
 * errors when not given.
 */
export function createLogger(level: string | undefined): Logger {
  const chosen = level !== undefined && LEVELS.includes(level) ? level : "warn";
  return pino({ level: chosen, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
}

/** @throws DomainError `config.invalid-level` */
export function checkLevel(level: string): void {
  if (LEVELS.includes(level)) return;
  throw invalid("config.invalid-level", `SECUREBASE_LOG is "${shorten(level)}", which is no level`, {
    field: "SECUREBASE_LOG",
    allowed: LEVELS,
    fix: `Set it to one of ${LEVELS.join(", ")}, or leave it out.`,
  });
}
