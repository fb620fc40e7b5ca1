import { DomainError } from "../../core/errors/errors.ts";

/** A file whose bytes are not what they should be. @param what is wrong with them */
export function damaged(file: { name: string }, what: string, cause?: unknown): DomainError {
  return importError("damaged", file, `is damaged: ${what}`, {
    fix: "Fetch the file again; nothing was loaded.",
    cause,
  });
}

/** A file that cannot be imported; nothing of the command was loaded. */
export function importError(
  code: string,
  file: { name: string },
  what: string,
  details: { fix: string; field?: string; cause?: unknown },
): DomainError {
  return new DomainError(`import.${code}`, "unprocessable", `${file.name} ${what}`, details);
}
