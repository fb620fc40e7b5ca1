import { DomainError } from "../core/errors/errors.ts";

/** The files need more memory than reading may take. */
export function outOfMemory(cause: unknown): DomainError {
  return new DomainError(
    "import.out-of-memory",
    "unprocessable",
    "Reading the files takes more memory than an import may use",
    { fix: "Nothing was loaded. Split the files, or leave out columns and tags that are not needed.", cause },
  );
}

/** The files made what reads them fail. */
export function readerFailed(cause: unknown): DomainError {
  return new DomainError(
    "import.reader-failed",
    "unprocessable",
    "The files cannot be read: what they hold made the program that reads them fail",
    { fix: "Nothing was loaded. Export the files again; if it stays, report it with the file.", cause },
  );
}
