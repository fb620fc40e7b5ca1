import type { Digest } from "../../core/reports/manifest.ts";

/** Characters of one text; a logo is a text of 300,000. */
const MAX_TEXT = 400;
/** Characters of the JSON of one value. An item of DynamoDB holds 400 KB, and an entry some values. */
const MAX_JSON = 16_000;

/**
 * A value as the log keeps it: JSON, with long texts shortened and told by their hash. Nothing is null.
 * @param digest gives a new SHA-256
 */
export function boundedJson(value: unknown, digest: () => Digest): unknown {
  if (value === undefined) return null;
  const text = JSON.stringify(value, (_, part: unknown) =>
    typeof part === "string" && part.length > MAX_TEXT ? shortened(part, digest(), part.slice(0, 40)) : part,
  );
  if (text.length <= MAX_JSON) return JSON.parse(text) as unknown;
  return shortened(text, digest());
}

function shortened(text: string, digest: Digest, begins?: string): object {
  digest.update(text);
  return { ...(begins !== undefined && { begins }), characters: text.length, sha256: digest.hex() };
}
