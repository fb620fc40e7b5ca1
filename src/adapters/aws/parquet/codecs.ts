import * as zlib from "node:zlib";
import type { ParquetCodec } from "../../../core/parquet/footer.ts";
import { unpackLz4 } from "./lz4.ts";
import { damaged, unsupported } from "./problem.ts";
import { unpackSnappy } from "./snappy.ts";
import { unpackZstd } from "./zstd.ts";

/** @param size bytes of the result; another number is an error */
export type Unpack = (packed: Uint8Array, size: number) => Uint8Array;

/** @throws ParquetProblem for a codec that is not known here */
export async function unpacker(codec: ParquetCodec | undefined): Promise<Unpack> {
  const unpack = await plainUnpacker(codec);
  return (packed, size) => {
    let bytes: Uint8Array;
    try {
      bytes = unpack(packed, size);
    } catch (error) {
      throw damaged(`its ${codec ?? ""} compressed data cannot be unpacked`, error);
    }
    if (bytes.length !== size) throw damaged("a page does not have the size it is said to have");
    return bytes;
  };
}

async function plainUnpacker(codec: ParquetCodec | undefined): Promise<Unpack> {
  switch (codec) {
    case "UNCOMPRESSED":
      return (packed) => packed;
    case "SNAPPY":
      return unpackSnappy;
    case "LZ4_RAW":
      return unpackLz4;
    case "GZIP":
      // Most writers mean gzip, some zlib.
      return (packed, size) => zlib.unzipSync(packed, { maxOutputLength: size });
    case "BROTLI":
      return (packed, size) => zlib.brotliDecompressSync(packed, { maxOutputLength: size });
    case "ZSTD":
      return unpackZstd();
    case "LZO":
    case "LZ4":
    case undefined:
      throw unsupported(codec === undefined ? "an unknown compression" : `${codec} compression`);
  }
}
