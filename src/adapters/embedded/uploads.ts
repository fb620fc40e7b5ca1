import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { KEEP_UPLOAD_MS, type UploadStore } from "../../ports/uploads.ts";
import { incompleteUpload } from "../shared/incomplete-upload.ts";
import { pathSegment } from "./export-files.ts";
import { storedFile, storeFile } from "./spool.ts";

/** Files in `uploads/OWNER/ID` of the data folder. */
export function createUploads(directory: string): UploadStore {
  return {
    forOwner(tenant) {
      const folderOf = (upload: string): string =>
        join(uploadsFolder(directory), pathSegment(tenant ?? ""), pathSegment(upload));
      return {
        write: (upload, index, name, content) => storeFile(folderOf(upload), String(index), name, content),
        address: (upload, index) =>
          Promise.resolve({
            url: `/v1/uploads/${encodeURIComponent(upload)}/files/${index}`,
            method: "PUT",
            headers: {},
            authorize: true,
          }),
        async files(upload, files) {
          const found = files.map(async ({ name, size }, index) => {
            const path = join(folderOf(upload), String(index));
            const there = await stat(path).catch(() => undefined);
            if (there?.size !== size) throw incompleteUpload(name, size, there?.size);
            return storedFile(path, name, size);
          });
          return Promise.all(found);
        },
        async remove(upload) {
          await rm(folderOf(upload), { recursive: true, force: true });
        },
      };
    },
  };
}

function uploadsFolder(directory: string): string {
  return join(directory, "uploads");
}

/** Removes uploads that nobody imported. Call it only as the folder's one owner. */
export async function sweepUploads(directory: string, now: Date): Promise<void> {
  const folder = uploadsFolder(directory);
  for (const owner of await readdir(folder).catch(() => []))
    for (const upload of await readdir(join(folder, owner))) {
      const path = join(folder, owner, upload);
      const { mtimeMs } = await stat(path);
      if (mtimeMs < now.getTime() - KEEP_UPLOAD_MS) await rm(path, { recursive: true, force: true });
    }
}
