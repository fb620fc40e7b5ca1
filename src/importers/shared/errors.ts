import { DomainError } from "../../core/errors/errors.ts";

/** A file that cannot be imported; nothing of the command was loaded. */
export function importError(
  code: string,
  file: { name: string },
  what: string,
  details: { fix: string; field?: string; cause?: unknown },
): DomainError {
  return new DomainError(`import.${code}`, "unprocessable", `${file.name} ${what}`, details);
}
