import type { InputFile } from "../ports/load.ts";
import type { Spool, SpooledFile } from "../ports/spool.ts";

/** Gives files as they lie on the local disk: what can be read only once is kept aside until the task has ended. */
export async function withLocalFiles<T>(
  spool: Spool,
  files: readonly InputFile[],
  task: (local: readonly InputFile[]) => Promise<T>,
): Promise<T> {
  const spooled: SpooledFile[] = [];
  try {
    const local: InputFile[] = [];
    for (const file of files) {
      if (file.path !== undefined) local.push(file);
      else {
        const kept = await spool.store(file.name, file.open());
        spooled.push(kept);
        local.push(kept);
      }
    }
    return await task(local);
  } finally {
    for (const file of spooled) await file.dispose();
  }
}
