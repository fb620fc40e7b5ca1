import type { InputFile } from "./load.ts";

/** An upload kept aside until its import is over. */
export interface SpooledFile extends InputFile {
  /** Removes it; does nothing the second time. */
  dispose(): Promise<void>;
}

/** Keeps what can be read only once (an upload, standard input) so that an importer may read it again. */
export interface Spool {
  /**
   * Stores the content, pulling as it writes.
   * @param name as the user knows it, for reports and errors; never used as a path
   * @throws what the content throws; nothing is kept then
   */
  store(name: string, content: AsyncIterable<Uint8Array>): Promise<SpooledFile>;
}
