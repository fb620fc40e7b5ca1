import type { Hono } from "hono";
import { readParameter } from "../../adapters/aws/secrets.ts";
import { ROUTES } from "../../contract/routes.ts";
import { asDomainError } from "../../core/errors/errors.ts";
import { createApp, type HttpEnv } from "../../http/app.ts";
import type { AuthOptions } from "../../http/auth.ts";
import { errorFields } from "../../http/logger.ts";
import { problemResponse } from "../../http/problem.ts";
import { secretBytes } from "../auth-settings.ts";
import { groupLimit } from "../group-limit.ts";
import { refusingLoader } from "../refusing-loader.ts";
import { actionOf, runAction } from "./actions.ts";
import { type Composed, compose } from "./compose.ts";
import { type HttpEvent, type HttpResult, isHttpEvent, sourceIp, toRequest } from "./events.ts";
import type { FunctionRole, Invocation, Setup } from "./handler.ts";
import { respond } from "./respond.ts";
import { routeNamer } from "./routes.ts";
import type { LambdaSettings } from "./settings.ts";

/** API Gateway takes bodies up to 10 MB, and a function's event 6 MB. "Amazon API Gateway quotas". */
const MAX_UPLOAD_BYTES = 6_000_000;

interface ComposedApi extends Composed {
  app: Hono<HttpEnv>;
}

/** The function that answers the API: HTTP events of both API Gateway formats, scheduled events, direct invocations. */
export function apiRole(): FunctionRole<ComposedApi> {
  const nameRoute = routeNamer();
  return {
    compose: composeApi,
    answer: (event, invocation) =>
      isHttpEvent(event) ? answerHttp(event, invocation, nameRoute) : answerAction(event, invocation),
  };
}

async function composeApi(setup: Setup): Promise<ComposedApi> {
  const { settings, logger, lostErrors } = setup;
  const composed = await compose(setup, {
    loaderOf: refusingLoader,
    groupLimit: groupLimit("export it as a job, which has more memory"),
  });
  const { services } = composed;
  const { publicUrl, corsOrigins } = settings;
  const app = createApp({
    services,
    logger,
    lostErrors,
    auth: await authOptions(settings),
    maxUploadBytes: MAX_UPLOAD_BYTES,
    publicUrl,
    cors: corsOrigins.length === 0 ? undefined : { origins: corsOrigins },
  });
  return { ...composed, app };
}

async function authOptions(settings: LambdaSettings): Promise<AuthOptions> {
  const { region, credentials, endpoints, secretParameter, tokens } = settings;
  if (tokens.secret !== undefined || secretParameter === undefined) return tokens;
  const source = {
    region,
    credentials,
    endpoint: endpoints.ssm,
  };
  const text = await readParameter(source, secretParameter);
  return { ...tokens, secret: secretBytes(`The parameter ${secretParameter}`, text) };
}

async function answerAction(
  event: unknown,
  { ready, logger, observed }: Invocation<ComposedApi>,
): Promise<unknown> {
  const name = actionOf(event);
  observed.route = `action ${name ?? "unknown"}`;
  const { services, store, app } = await ready();
  const fetch = async (request: Request): Promise<Response> => app.fetch(request);
  const result = await runAction({ services, store, logger, fetch }, name ?? "", event);
  observed.status = result.statusCode;
  return result;
}

const FEEDBACK = `${ROUTES.giveFeedback.method} ${ROUTES.giveFeedback.path}`;

async function scoreOf(response: Response): Promise<number> {
  return ((await response.json()) as { score: number }).score;
}

async function answerHttp(
  event: HttpEvent,
  { ready, logger, observed }: Invocation<ComposedApi>,
  nameRoute: (method: string, path: string) => string,
): Promise<HttpResult> {
  const { app, store } = await ready();
  const request = toRequest(event);
  const { pathname } = new URL(request.url);
  observed.route = nameRoute(request.method, pathname);
  observed.report = /\/(?:export|run|preview)$/.test(pathname);
  const response = await app.fetch(request, { ip: sourceIp(event) });
  if (observed.route === FEEDBACK && response.status === ROUTES.giveFeedback.ok.status)
    observed.feedback = await scoreOf(response.clone());
  observed.status = response.status;
  try {
    return await respond(event, response, store.objects);
  } catch (error) {
    // The body broke off while it was made: no answer has gone out yet, so it can still be an error.
    logger.error({ error: errorFields(error) }, "response failed");
    const requestId = request.headers.get("x-request-id") ?? "";
    const problem = problemResponse(asDomainError(error), { requestId, instance: pathname });
    observed.status = problem.status;
    return respond(event, problem, store.objects);
  }
}
