import { createHash } from "node:crypto";
import type { Digest } from "../core/reports/manifest.ts";

/** A new SHA-256 (FIPS 180-4) over UTF-8 text. */
export function sha256(): Digest {
  const hash = createHash("sha256");
  return {
    update: (text) => void hash.update(text, "utf8"),
    hex: () => hash.digest("hex"),
  };
}
