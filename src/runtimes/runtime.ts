import { readFileSync } from "node:fs";
import type { ImportOptions } from "../app/imports/import-files.ts";
import type { ImportReport } from "../app/imports/report.ts";
import type { Services } from "../app/services.ts";
import type { RequestOrigin } from "../http/app.ts";
import type { InputFile } from "../ports/load.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The whole service in this process, wherever its data is. */
export interface Runtime {
  services: Services;
  /** Answers an API request. @param origin where it comes from; this process when not given */
  fetch: (request: Request, origin?: RequestOrigin) => Promise<Response>;
  /** Imports files as an operator who sits at the machine. @throws DomainError `import.*` */
  importFiles(files: readonly InputFile[], options: ImportOptions): Promise<ImportReport>;
  /** Stops jobs and closes the store. */
  close(): Promise<void>;
}

export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
