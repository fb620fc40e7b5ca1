import { DomainError } from "../../../core/errors/errors.ts";

/** What is wrong with a Parquet file, told by code that does not know its name. */
export class ParquetProblem extends Error {
  readonly kind: "damaged" | "unsupported";

  /** @param what for `damaged` completes "… is damaged: ", for `unsupported` "… has " */
  constructor(kind: "damaged" | "unsupported", what: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

export function damaged(what: string, cause?: unknown): ParquetProblem {
  return new ParquetProblem("damaged", what, cause);
}

export function unsupported(what: string): ParquetProblem {
  return new ParquetProblem("unsupported", what);
}

/**
 * The error to show for whatever was thrown while a file was read. Broken metadata and values show as a `RangeError` of
 * a read beyond the bytes there are.
 */
export function translateProblem(file: string, error: unknown): unknown {
  const problem = error instanceof RangeError ? damaged("its Parquet data cannot be read", error) : error;
  if (!(problem instanceof ParquetProblem)) return error;
  if (problem.kind === "damaged") {
    return new DomainError("import.damaged", "unprocessable", `${file} is damaged: ${problem.message}`, {
      fix: "Fetch the file again; nothing was loaded.",
      cause: problem.cause ?? problem,
    });
  }
  return new DomainError(
    "import.unsupported",
    "unprocessable",
    `${file} has ${problem.message}, which cannot be read`,
    {
      fix: "Export it again as Parquet with Snappy, gzip or Zstandard compression, or as CSV; nothing was loaded.",
      cause: problem,
    },
  );
}
