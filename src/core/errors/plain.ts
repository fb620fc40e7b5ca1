import { DomainError, type ErrorDetails, type ErrorKind } from "./errors.ts";

/** An error as plain data that can be sent to another process; `code` is absent for errors other than DomainError. */
export interface PlainError extends Omit<ErrorDetails, "cause"> {
  code?: string;
  kind?: ErrorKind;
  message: string;
  /** For the log. */
  cause?: string;
}

export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message } = error;
  if (!(error instanceof DomainError)) return { message, cause: error.stack ?? message };
  const { code, kind, fix, field, allowed, retryAfter, cause } = error;
  return {
    code,
    kind,
    message,
    ...(fix !== undefined && { fix }),
    ...(field !== undefined && { field }),
    ...(allowed !== undefined && { allowed }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(cause !== undefined && { cause: cause instanceof Error ? cause.message : JSON.stringify(cause) }),
  };
}

export function errorOfPlain({ code, kind, message, cause, ...details }: PlainError): Error {
  const origin = cause === undefined ? {} : { cause: new Error(cause) };
  if (code === undefined || kind === undefined) return new Error(message, origin);
  return new DomainError(code, kind, message, { ...details, ...origin });
}
