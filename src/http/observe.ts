import { shorten } from "../core/errors/bounded.ts";
import type { MiddlewareHandler } from "hono";
import type { Services } from "../app/services.ts";
import { EXPORT_HEADERS } from "../contract/routes/exports.ts";
import type { HttpEnv } from "./env.ts";
import type { Logger } from "./logger.ts";
import { MAX_PATH } from "./problem.ts";

/** Headers that scripts on another origin may read. */
export const EXPOSED_HEADERS: string[] = [
  ...Object.keys(EXPORT_HEADERS),
  ..."ETag Location Retry-After RateLimit RateLimit-Policy X-Request-Id WWW-Authenticate".split(" "),
];

/** A caller's own id is kept when it is one, so that its log and ours can be joined. */
const REQUEST_ID = /^[\w.-]{8,64}$/;

/**
 * Headers every answer carries. Answers are data: nothing in them may be run, framed or guessed at. Pages set a
 * content security policy of their own.
 */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
};

/**
 * Gives each request an id, each answer its security headers, and the log one line a request. The line has the path
 * without its parameters and no header, so no token can get into it.
 */
export function observe(services: Services, logger: Logger): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const started = performance.now();
    const given = c.req.header("x-request-id");
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : services.ids.next();
    c.set("requestId", requestId);
    await next();
    const { headers } = c.res;
    headers.set("X-Request-Id", requestId);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      if (!headers.has(name)) headers.set(name, value);
    }
    const fields = {
      requestId,
      method: c.req.method,
      path: shorten(c.req.path, MAX_PATH),
      status: c.res.status,
      durationMs: Math.round((performance.now() - started) * 10) / 10,
      ...c.get("who"),
    };
    if (c.res.status >= 500) logger.warn(fields, "request");
    else logger.info(fields, "request");
  };
}
