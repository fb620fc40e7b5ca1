import type { SpooledFile } from "../../ports/spool.ts";
import { KEEP_UPLOAD_MS, type UploadFile, type UploadStore } from "../../ports/uploads.ts";
import { incompleteUpload } from "../shared/incomplete-upload.ts";
import { inParallel } from "./dynamo.ts";
import type { ObjectStore } from "./object-store.ts";

const UPLOADS = "uploads/";

/** Files in `uploads/OWNER/ID/` of the bucket; the operator's owner is empty. */
export function createUploads(objects: ObjectStore): UploadStore {
  return {
    forOwner(tenant) {
      const prefixOf = (upload: string): string => `${UPLOADS}${tenant ?? ""}/${encodeURIComponent(upload)}/`;
      const keyOf = (upload: string, index: number): string => prefixOf(upload) + String(index);
      const stored = (upload: string, index: number, { name, size }: UploadFile): SpooledFile => ({
        name,
        size,
        open: () => read(objects, keyOf(upload, index), name, size),
        dispose: () => objects.remove(keyOf(upload, index)),
      });
      return {
        async write(upload, index, name, content) {
          const size = await objects.write(keyOf(upload, index), content);
          return stored(upload, index, { name, size });
        },
        async address(upload, index, { size }, seconds) {
          const url = await objects.uploadLink(keyOf(upload, index), size, seconds);
          return { url, method: "PUT", headers: {}, authorize: false };
        },
        async files(upload, files) {
          return inParallel([...files.entries()], 8, async ([index, file]) => {
            const size = await objects.size(keyOf(upload, index));
            if (size !== file.size) throw incompleteUpload(file.name, file.size, size);
            return stored(upload, index, file);
          });
        },
        async remove(upload) {
          for (const key of await objects.keys(prefixOf(upload))) await objects.remove(key);
        },
      };
    },
  };
}

async function* read(
  objects: ObjectStore,
  key: string,
  name: string,
  size: number,
): AsyncGenerator<Uint8Array> {
  const content = await objects.read(key);
  if (content === undefined) throw incompleteUpload(name, size, undefined);
  yield* content;
}

/** Removes uploads that nobody imported. @returns files removed */
export async function sweepUploads(objects: ObjectStore, now: Date): Promise<number> {
  const old = await objects.keys(UPLOADS, new Date(now.getTime() - KEEP_UPLOAD_MS));
  for (const key of old) await objects.remove(key);
  return old.length;
}
