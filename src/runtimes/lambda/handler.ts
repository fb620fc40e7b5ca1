import type { Logger } from "../../http/logger.ts";
import { errorFields } from "../../http/logger.ts";
import { LostErrors } from "../../http/lost-errors.ts";
import { logLost } from "../last-defence.ts";
import type { Environment } from "../runtime.ts";
import { InvocationMeter, jsonLogger, metricLine, type Observation, type Out } from "./observe.ts";
import { type LambdaSettings, readSettings } from "./settings.ts";

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

/** What a function is put together from. */
export interface Setup {
  settings: LambdaSettings;
  logger: Logger;
  meter: InvocationMeter;
  version: string;
  lostErrors: LostErrors;
}

/** One invocation, for whoever answers it. */
export interface Invocation<C> {
  /** What is needed, put together at the first invocation and kept while the instance lives. */
  ready: () => Promise<C>;
  logger: Logger;
  /** Filled in for the metrics. */
  observed: Observed;
  /** Milliseconds left. */
  remaining: () => number;
}

export type Observed = Pick<Observation, "route" | "status" | "report" | "pull" | "feedback">;

/** What one of the functions does. */
export interface FunctionRole<C> {
  compose: (setup: Setup) => Promise<C>;
  answer: (event: unknown, invocation: Invocation<C>) => Promise<unknown>;
}

/**
 * Makes the handler of a function from its role.
 * @throws DomainError `config.missing` at once, so that a wrong deployment fails when it starts
 */
export function createHandler<C>(options: HandlerOptions, role: FunctionRole<C>): LambdaHandler {
  const settings = readSettings(options.env);
  const meter = new InvocationMeter();
  let current: { awsRequestId?: string } = {};
  const logger = jsonLogger(options.out, () => current);
  const lostErrors = new LostErrors();
  options.onLostRejection((reason) => logLost(lostErrors, logger, reason));
  const setup: Setup = { settings, logger, meter, version: options.version, lostErrors };
  let composed: Promise<C> | undefined;
  let coldStart = true;
  const ready = (): Promise<C> => {
    composed ??= role.compose(setup).catch((error: unknown) => {
      // The next invocation tries again: the Parameter Store may only have been busy.
      composed = undefined;
      throw error;
    });
    return composed;
  };
  return async (event, context) => {
    current = { awsRequestId: context.awsRequestId };
    const started = performance.now();
    const observed: Observed = { route: "unknown", status: 500, report: false };
    const remaining = (): number => context.getRemainingTimeInMillis();
    try {
      const invocation = { ready, logger, observed, remaining };
      return await lostErrors.run(context.awsRequestId, () => role.answer(event, invocation));
    } catch (error) {
      logger.error({ error: errorFields(error) }, "invocation failed");
      throw error;
    } finally {
      const durationMs = Math.round((performance.now() - started) * 10) / 10;
      const { environment } = settings;
      const line = { ...observed, environment, durationMs, coldStart, usage: meter.take() };
      options.out(metricLine(line, new Date()));
      coldStart = false;
    }
  };
}

/** How a function of this package is told of lost rejections and where its log goes. */
export function handlerOptions(version: string): HandlerOptions {
  return {
    env: process.env,
    version,
    out: (line) => process.stdout.write(`${line}\n`),
    // The managed runtime ends the instance on one. It may come late, from a request that was answered long ago, when the
    // instance serves another: that one is not to fail for it. On exceptions that nobody caught, ending it is right.
    onLostRejection: (listener) => {
      process.removeAllListeners("unhandledRejection").on("unhandledRejection", listener);
    },
  };
}
