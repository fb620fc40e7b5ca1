import type { Trace } from "../app/services.ts";

/** Where the service writes its log: fields first, then the message, as pino and its kin take them. */
export interface Logger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export const silentLogger: Logger = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Logs what fails within an answer as what fails a whole request is logged. */
export function traceOf(logger: Logger, requestId: string): Trace {
  return {
    id: requestId,
    onFault: (error, part) => logger.error({ requestId, part, error: errorFields(error) }, "a part failed"),
  };
}

/** An error with its causes as plain fields, for a structured log. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    message: error.message,
    ...(code !== undefined && { code }),
    stack: error.stack,
    ...(error.cause !== undefined && { cause: errorFields(error.cause) }),
  };
}
