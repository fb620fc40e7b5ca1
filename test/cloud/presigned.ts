import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { TEST_CREDENTIALS } from "./dynamo-emulator.ts";

/**
 * Checks the signature of a presigned address as S3 does: Signature Version 4 in query parameters,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 * @param path as it was sent, still encoded
 * @returns the code S3 refuses it with; undefined when it is good, or no presigned address
 */
export function refusalOf(
  method: string,
  path: string,
  query: URLSearchParams,
  headers: IncomingHttpHeaders,
  now = Date.now(),
): string | undefined {
  const signature = query.get("X-Amz-Signature");
  if (signature === null) return undefined;
  const date = query.get("X-Amz-Date") ?? "";
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, "$1-$2-$3:$4:$5"));
  if (!(now < at + Number(query.get("X-Amz-Expires")) * 1_000)) return "AccessDenied";
  const scope = (query.get("X-Amz-Credential") ?? "").split("/").slice(1);
  const names = (query.get("X-Amz-SignedHeaders") ?? "").split(";");
  const canonical = [
    method,
    path,
    [...query]
      .filter(([name]) => name !== "X-Amz-Signature")
      .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
      .sort()
      .join("&"),
    ...names.map((name) => `${name}:${String(headers[name] ?? "").trim()}`),
    "",
    names.join(";"),
    "UNSIGNED-PAYLOAD",
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", date, scope.join("/"), sha256(canonical)].join("\n");
  const key = scope.reduce<Buffer | string>(
    (secret, part) => hmac(secret, part),
    `AWS4${TEST_CREDENTIALS.secretAccessKey}`,
  );
  const expected = hmac(key, text);
  const given = Buffer.from(signature, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected)
    ? undefined
    : "SignatureDoesNotMatch";
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: Buffer | string, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** As RFC 3986 has it, with a slash escaped too. */
function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
