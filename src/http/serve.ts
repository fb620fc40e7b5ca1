import { questionsOfRequest } from "../app/analytics/questions.ts";
import { setMaxListeners } from "node:events";
import { askAgain } from "../app/analytics/snapshots.ts";
import type { Services, TenantContext } from "../app/services.ts";
import { findTenant } from "../app/tenants/registry.ts";
import { decodeParams } from "../contract/params.ts";
import type { RouteSpec } from "../contract/route.ts";
import type { RouteId } from "../contract/routes.ts";
import { check } from "../contract/validate.ts";
import { type Principal, requireAccess } from "../core/access/access.ts";
import { shorten } from "../core/errors/bounded.ts";
import { asDomainError, DomainError } from "../core/errors/errors.ts";
import { RequestAudit } from "./audit.ts";
import type { Authenticate } from "./auth.ts";
import { readJson } from "./body.ts";
import type { Call, Handler, HttpSettings } from "./call.ts";
import type { RequestOrigin } from "./env.ts";
import { errorFields, type Logger, traceOf } from "./logger.ts";
import { problemResponse, statusOf } from "./problem.ts";
import { spend, UsedBudgets } from "./rate-limit.ts";
import type { Refusals } from "./refusals.ts";

/** What every request passes through. */
export interface Pipeline {
  services: Services;
  logger: Logger;
  authenticate: Authenticate;
  refusals: Refusals;
  settings: HttpSettings;
}

/** The request as the runtime gave it, with what the router found out. */
export interface Incoming {
  request: Request;
  /** Path parameters, decoded. */
  params: Readonly<Record<string, string>>;
  requestId: string;
  origin: RequestOrigin;
  /** Told who asked, for the log. */
  onPrincipal(principal: Principal): void;
}

/**
 * Answers one request of one route: who asks, may they, how often, is it well-formed; then the handler. Whatever is
 * thrown on the way becomes problem details, with the rate limit's headers where it was counted.
 */
export async function serve<K extends RouteId>(
  pipeline: Pipeline,
  route: RouteSpec & { id?: string },
  handler: Handler<K>,
  incoming: Incoming,
): Promise<Response> {
  const course: Course = {
    used: new UsedBudgets(),
    failed: new AbortController(),
    audit: new RequestAudit(pipeline, route, incoming),
  };
  const { audit } = course;
  let response: Response;
  try {
    const makeCall = await prepare<K>(pipeline, route, incoming, course);
    response = isQuestion(route) ? await askAgain(() => handler(makeCall())) : await handler(makeCall());
    await audit.done(response);
  } catch (thrown) {
    await audit.failed(thrown);
    response = failure(pipeline, incoming, thrown);
    // What other parts of the answer still ask is of no use to anybody.
    course.failed.abort(thrown);
  }
  course.used.tell(response.headers);
  // The router drops the body of an answer to HEAD; its source has to be told.
  if (incoming.request.method === "HEAD") await response.body?.cancel();
  return response;
}

/** What a request does in its course. */
interface Course {
  used: UsedBudgets;
  /** Aborted when the request has failed. */
  failed: AbortController;
  audit: RequestAudit;
}

/** Whether a route only reads before it answers, and may so be carried out again. What changes something is done once. */
function isQuestion({ limit }: RouteSpec): boolean {
  return limit === "queries" || limit === "exports";
}

function failure(pipeline: Pipeline, { request, requestId }: Incoming, thrown: unknown): Response {
  const error =
    request.signal.aborted && !(thrown instanceof DomainError)
      ? new DomainError("request.aborted", "invalid", "The client went away", { cause: thrown })
      : asDomainError(thrown);
  if (statusOf(error) >= 500) {
    pipeline.logger.error({ requestId, error: errorFields(error) }, "request failed");
  }
  return problemResponse(error, { requestId, instance: new URL(request.url).pathname });
}

/** Gives the call to answer, each time anew: it holds what the data was when it was asked. */
async function prepare<K extends RouteId>(
  pipeline: Pipeline,
  route: RouteSpec,
  incoming: Incoming,
  course: Course,
): Promise<() => Call<K>> {
  const { settings, logger } = pipeline;
  const { audit, used } = course;
  const { services } = audit;
  const { request, requestId } = incoming;
  const who = await identify(pipeline, route, incoming, course);
  // Questions are counted as they are asked.
  if (route.limit === "queries" && route.countsAsQuestion !== true)
    used.note("queries", services.limits.rates.queries);
  else if (route.limit !== undefined) {
    await spend(services, route.limit, who?.tenant?.tenant.id ?? who?.principal.subject ?? "", used);
  }
  const { searchParams } = new URL(request.url);
  const parts = {
    params: route.params === undefined ? undefined : check(route.params, incoming.params, "path"),
    query:
      route.query === undefined
        ? undefined
        : check(route.query, decodeParams(route.query, searchParams), "query"),
    body: await readBody(route, request, settings),
  };
  audit.asked(parts);
  return () => {
    const tenant = who?.tenant && { ...who.tenant };
    return {
      ...(parts as Pick<Call<K>, "params" | "query" | "body">),
      request,
      requestId,
      services,
      settings,
      logger,
      signal: request.signal,
      get principal() {
        if (who === undefined) throw new Error(`${route.path} is public: nobody is asking`);
        return who.principal;
      },
      get tenant() {
        if (tenant !== undefined) return tenant;
        throw new DomainError("access.forbidden", "forbidden", "An operator's token belongs to no tenant", {
          fix: "Use a token of one of the tenant's roles.",
        });
      },
    };
  };
}

/** Who asks, whether they may, and for whom: the tenant is the verified token's customer and nobody else's. */
async function identify(
  pipeline: Pipeline,
  route: RouteSpec,
  incoming: Incoming,
  { used, failed, audit }: Course,
): Promise<{ principal: Principal; tenant: TenantContext | undefined } | undefined> {
  if (route.access === "public") return undefined;
  const { logger } = pipeline;
  const { services } = audit;
  const principal = await pipeline.authenticate(incoming.request.headers.get("authorization") ?? undefined);
  incoming.onPrincipal(principal);
  audit.by(principal);
  if (route.access !== "any") requireAccess(principal, route.access);
  if (principal.tenant === undefined) return { principal, tenant: undefined };
  const id = principal.tenant;
  const tenant = await findTenant(services, id);
  if (tenant !== undefined) {
    const trace = traceOf(logger, incoming.requestId);
    const signal = AbortSignal.any([incoming.request.signal, failed.signal]);
    // Each part of a dashboard listens to it.
    setMaxListeners(0, signal);
    const questions = questionsOfRequest(services, tenant.id, (taken, rate) =>
      used.note("queries", rate, taken),
    );
    return { principal, tenant: { services, tenant, principal, signal, trace, questions } };
  }
  throw new DomainError(
    "auth.unknown-customer",
    "forbidden",
    `The token's customer "${shorten(id)}" is not registered`,
    {
      fix: "Ask the operator to add it: securebase tenants add ID --name NAME.",
    },
  );
}

async function readBody(
  route: RouteSpec,
  request: Request,
  { maxJsonBytes: maxBytes, stallSeconds }: HttpSettings,
): Promise<unknown> {
  if (route.body?.kind !== "json") return undefined;
  const body = await readJson(request, { maxBytes, stallSeconds });
  if (body === undefined && route.body.optional === true) return undefined;
  if (body === undefined) {
    throw new DomainError("request.missing-body", "invalid", "The request has no body", {
      fix: "Send one as JSON; /docs shows an example.",
    });
  }
  return check(route.body.schema, body, "body");
}
