import { asDomainError } from "../../core/errors/errors.ts";
import type { Logger } from "../../http/logger.ts";
import { errorFields } from "../../http/logger.ts";
import { LostErrors } from "../../http/lost-errors.ts";
import { problemResponse } from "../../http/problem.ts";
import { actionOf, runAction } from "./actions.ts";
import { type Composed, compose } from "./compose.ts";
import { type HttpEvent, type HttpResult, isHttpEvent, toRequest } from "./events.ts";
import { InvocationMeter, jsonLogger, metricLine, type Observation, type Out } from "./observe.ts";
import { respond } from "./respond.ts";
import { routeNamer } from "./routes.ts";
import { logLost } from "../last-defence.ts";
import type { Environment } from "../runtime.ts";
import { readSettings } from "./settings.ts";

/** The context object Lambda hands over, as far as it is read. */
export interface LambdaContext {
  awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

export type LambdaHandler = (event: unknown, context: LambdaContext) => Promise<unknown>;

export interface HandlerOptions {
  env: Environment;
  version: string;
  /** Writes a log line. */
  out: Out;
  /** Listens to rejections that nobody handled, in place of the managed runtime. */
  onLostRejection: (listener: (reason: unknown) => void) => void;
}

/**
 * The function: HTTP events of both API Gateway formats, scheduled events and direct invocations. What is needed is
 * put together at the first invocation and kept while the instance lives.
 * @throws DomainError `config.missing` at once, so that a wrong deployment fails when it starts
 */
export function createHandler(options: HandlerOptions): LambdaHandler {
  const settings = readSettings(options.env);
  const meter = new InvocationMeter();
  let current: { awsRequestId?: string } = {};
  const logger = jsonLogger(options.out, () => current);
  const lost = new LostErrors();
  options.onLostRejection((reason) => logLost(lost, logger, reason));
  let composed: Promise<Composed> | undefined;
  let coldStart = true;
  const ready = (): Promise<Composed> => {
    composed ??= compose(settings, logger, meter, options.version, lost).catch((error: unknown) => {
      // The next invocation tries again: the Parameter Store may only have been busy.
      composed = undefined;
      throw error;
    });
    return composed;
  };
  const nameRoute = routeNamer();
  return async (event, context) => {
    current = { awsRequestId: context.awsRequestId };
    const started = performance.now();
    const seen: Seen = { route: "unknown", status: 500, report: false };
    try {
      const tools = { ready, logger, nameRoute, seen };
      return await lost.run(context.awsRequestId, () => answer(event, context, tools));
    } finally {
      const durationMs = Math.round((performance.now() - started) * 10) / 10;
      const { environment } = settings;
      const line = { ...seen, environment, durationMs, coldStart, usage: meter.take() };
      options.out(metricLine(line, new Date()));
      coldStart = false;
    }
  };
}

type Seen = Pick<Observation, "route" | "status" | "report" | "pull">;

interface Tools {
  ready: () => Promise<Composed>;
  logger: Logger;
  nameRoute: (method: string, path: string) => string;
  seen: Seen;
}

async function answer(event: unknown, context: LambdaContext, tools: Tools): Promise<unknown> {
  const { ready, logger, seen } = tools;
  if (isHttpEvent(event)) return answerHttp(event, tools);
  const name = actionOf(event);
  seen.route = `action ${name ?? "unknown"}`;
  seen.report = name === "export";
  try {
    const { services, store, app } = await ready();
    const result = await runAction(
      {
        ...{ services, store, logger },
        onPull: (count) => (seen.pull = count),
        fetch: async (request) => app.fetch(request),
        remaining: () => context.getRemainingTimeInMillis(),
      },
      name ?? "",
      event,
    );
    seen.status = result.statusCode;
    return result;
  } catch (error) {
    logger.error({ error: errorFields(error) }, "action failed");
    throw error;
  }
}

async function answerHttp(event: HttpEvent, { ready, logger, nameRoute, seen }: Tools): Promise<HttpResult> {
  const { app, store } = await ready();
  const request = toRequest(event);
  const { pathname } = new URL(request.url);
  seen.route = nameRoute(request.method, pathname);
  seen.report = /\/(?:export|run|preview)$/.test(pathname);
  const response = await app.fetch(request);
  seen.status = response.status;
  try {
    return await respond(event, response, store.objects);
  } catch (error) {
    // The body broke off while it was made: no answer has gone out yet, so it can still be an error.
    logger.error({ error: errorFields(error) }, "response failed");
    const requestId = request.headers.get("x-request-id") ?? "";
    const problem = problemResponse(asDomainError(error), { requestId, instance: pathname });
    seen.status = problem.status;
    return respond(event, problem, store.objects);
  }
}
