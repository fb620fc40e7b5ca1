import { Hono } from "hono";
import { cors } from "hono/cors";
import type { Services } from "../app/services.ts";
import { routeList } from "../contract/routes.ts";
import { asDomainError } from "../core/errors/errors.ts";
import { type AuthOptions, authenticator } from "./auth.ts";
import type { HttpEnv, RequestOrigin } from "./env.ts";
import { handlers } from "./handlers/handlers.ts";
import { errorFields, type Logger, silentLogger } from "./logger.ts";
import type { LostErrors } from "./lost-errors.ts";
import { pages } from "./pages/pages.ts";
import { problemResponse, statusOf } from "./problem.ts";
import { Refusals } from "./refusals.ts";
import { type Pipeline, serve } from "./serve.ts";
import { EXPOSED_HEADERS, observe } from "./observe.ts";
import { methodsOf, unknownRoute } from "./unknown-route.ts";

export type { HttpEnv, RequestOrigin };

export interface HttpOptions {
  services: Services;
  auth: AuthOptions;
  /** Default: no log. */
  logger?: Logger;
  /** Each request becomes work of it, which its lost errors fail. */
  lostErrors?: LostErrors;
  /** Browsers on these origins may call the API; none may when not given. */
  cors?: { origins: readonly string[] } | undefined;
  /** Most bytes of a JSON body; 1 MiB when not given. */
  maxJsonBytes?: number;
  /** Most bytes of an upload; 20 GiB when not given, since it is streamed to disk. */
  maxUploadBytes?: number;
  /** Base URL under which clients reach the service, for the OpenAPI document and the examples. */
  publicUrl?: string | undefined;
}

/**
 * The service as one function from Request to Response (`app.fetch`), for every runtime. Routes come from the
 * contract's table; what is not in it, apart from the pages `/` and `/docs`, answers 404.
 */
export function createApp(options: HttpOptions): Hono<HttpEnv> {
  const { services, logger = silentLogger, lostErrors } = options;
  const pipeline: Pipeline = {
    services,
    logger,
    authenticate: authenticator(options.auth, services.clock),
    refusals: new Refusals(),
    settings: {
      maxJsonBytes: options.maxJsonBytes ?? 1_048_576,
      maxUploadBytes: options.maxUploadBytes ?? 20 * 1024 ** 3,
      stallSeconds: services.limits.stallSeconds,
      openApi: once(() => openApiText(services.version, options.publicUrl)),
    },
  };
  const app = new Hono<HttpEnv>();
  app.use(observe(services, logger));
  if (lostErrors !== undefined) app.use((c, next) => lostErrors.run(c.get("requestId"), next));
  if (options.cors !== undefined) app.use(corsFor(options.cors.origins));
  // Fixed paths first: `/v1/reports/templates` is no report's id.
  const routes = routeList().sort((a, b) => Number(a.path.includes("{")) - Number(b.path.includes("{")));
  for (const route of routes) {
    const path = route.path.replace(/\{(\w+)\}/g, ":$1");
    app.on(route.method, path, (c) =>
      serve(pipeline, route, handlers[route.id], {
        request: c.req.raw,
        params: c.req.param(),
        requestId: c.get("requestId"),
        // Absent where the app is called without.
        origin: (c.env as RequestOrigin | undefined) ?? {},
        onPrincipal: ({ role, tenant }) => c.set("who", { role, ...(tenant !== undefined && { tenant }) }),
      }),
    );
  }
  app.route("/", pages(services, options.publicUrl));
  app.on("OPTIONS", "*", (c) => {
    const allow = methodsOf(c.req.path);
    if (allow.length === 0) throw unknownRoute(c.req.method, c.req.path);
    return new Response(null, { status: 204, headers: { Allow: allow.join(", ") } });
  });
  app.notFound((c) => {
    const error = unknownRoute(c.req.method, c.req.path);
    const response = problemResponse(error, { requestId: c.get("requestId"), instance: c.req.path });
    if (error.code === "request.method-not-allowed")
      response.headers.set("Allow", methodsOf(c.req.path).join(", "));
    return response;
  });
  app.onError((thrown, c) => {
    const requestId = c.get("requestId");
    const error = asDomainError(thrown);
    if (statusOf(error) >= 500) logger.error({ requestId, error: errorFields(thrown) }, "request failed");
    return problemResponse(error, { requestId, instance: c.req.path });
  });
  return app;
}

function corsFor(origins: readonly string[]): ReturnType<typeof cors> {
  return cors({
    origin: [...origins],
    allowMethods: ["GET", "POST", "PUT", "DELETE"],
    allowHeaders: ["Authorization", "Content-Type", "If-Match", "If-None-Match", "X-Request-Id"],
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: 600,
  });
}

/** Loaded when somebody asks for it, since most requests never do, and kept. */
async function openApiText(version: string, server: string | undefined): Promise<string> {
  const { openApiDocument } = await import("../contract/openapi.ts");
  return JSON.stringify(openApiDocument({ version, ...(server !== undefined && { server }) }));
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
