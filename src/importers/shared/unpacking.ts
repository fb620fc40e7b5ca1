import type { ImportLimits } from "../../core/limits/limits.ts";
import { tooLarge } from "../../core/limits/too-large.ts";
import type { InputFile } from "../../ports/load.ts";

/** Unpacked bytes of an import that are allowed however small its files are. */
const FREE_BYTES = 2 ** 30;

/**
 * Files whose unpacked bytes are counted together, and refused when they are more than an import may have, or more than
 * any real files of that size hold.
 * @throws DomainError `import.too-large` for files that are too large as they are; the same while they are unpacked
 */
export function limitedFiles(
  files: readonly InputFile[],
  { unpackedBytes, unpackedRatio }: ImportLimits,
): InputFile[] {
  const packed = files.reduce((sum, { size = 0 }) => sum + size, 0);
  if (packed > unpackedBytes) throw tooLarge(`The files have ${packed} bytes`, unpackedBytes, "bytes");
  const most = Math.min(unpackedBytes, Math.max(FREE_BYTES, packed * unpackedRatio));
  let unpacked = 0;
  return files.map((file) => ({
    ...file,
    onUnpacked: (bytes) => {
      unpacked += bytes;
      if (unpacked > most) {
        const why = most < unpackedBytes ? `, more than ${unpackedRatio} times what they have packed` : "";
        throw tooLarge(`With ${file.name} the files unpack to over ${most} bytes${why}`, most, "bytes");
      }
    },
  }));
}
