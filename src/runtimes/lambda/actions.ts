import type { AwsStore } from "../../adapters/aws/store.ts";
import { careForJobs } from "../../app/jobs/care.ts";
import { sweepExportFiles } from "../../app/exports/sweep.ts";
import type { Services } from "../../app/services.ts";
import { startDueSyncs } from "../../app/sync/due.ts";
import { startSync } from "../../app/sync/start.ts";
import { shorten } from "../../core/errors/bounded.ts";
import { asDomainError } from "../../core/errors/errors.ts";
import { errorFields, type Logger } from "../../http/logger.ts";
import { statusOf } from "../../http/problem.ts";

export interface ActionContext {
  services: Services;
  store: AwsStore;
  logger: Logger;
  /** Answers an HTTP request; the health check is the API's own. */
  fetch: (request: Request) => Promise<Response>;
}

export interface ActionResult {
  statusCode: number;
  body: unknown;
}

type Action = (context: ActionContext, event: Readonly<Record<string, unknown>>) => Promise<ActionResult>;

/** What the function can be asked besides HTTP requests, by direct invocation or on a schedule. */
const ACTIONS: Readonly<Record<string, Action>> = {
  health_check: async ({ fetch }) => {
    const response = await fetch(new Request("http://localhost/v1/health"));
    return { statusCode: response.status, body: await response.json() };
  },

  /** Daily: finishes what loads and exports left undone. */
  housekeeping: async ({ store, services }) => {
    const done = await store.housekeep();
    return { statusCode: 200, body: { ...done, exportsRemoved: await sweepExportFiles(services) } };
  },

  /** Every minute: a process that ran out of time or memory cannot say what became of its job. */
  jobs: async ({ services }) => ({ statusCode: 200, body: await careForJobs(services, { alone: false }) }),

  /** `{"action":"sync"}` has every connection pulled that is due, `{"action":"sync","connection":ID}` that one. */
  sync: async (context, { connection }) => {
    if (connection === undefined) return startDue(context);
    if (typeof connection === "string") return startOne(context, connection);
    const detail = '"connection" is not the id of a connection';
    const fix = "Leave it out, or correct it.";
    return { statusCode: 400, body: { code: "action.invalid", detail, fix } };
  },
};

async function startDue({ services, logger }: ActionContext): Promise<ActionResult> {
  const { started, skipped, failed } = await startDueSyncs(services);
  for (const { connection, error } of failed)
    logger.error({ connection, error: errorFields(error) }, "pull not started");
  logger.info({ started: started.length, skipped: skipped.length, failed: failed.length }, "pulls started");
  const problems = failed.map(({ connection, error }) => ({ connection, ...problemOf(error) }));
  return { statusCode: failed.length === 0 ? 202 : 503, body: { started, skipped, failed: problems } };
}

async function startOne({ services }: ActionContext, connection: string): Promise<ActionResult> {
  try {
    const { id } = await startSync(services, connection, {}, "direct invocation");
    return { statusCode: 202, body: { connection, run: id } };
  } catch (error) {
    return { statusCode: statusOf(asDomainError(error)), body: problemOf(error) };
  }
}

function problemOf(error: unknown): { code: string; detail: string; fix?: string } {
  const { code, message, fix } = asDomainError(error);
  return { code, detail: message, ...(fix !== undefined && { fix }) };
}

/**
 * The action an event asks for. EventBridge's own scheduled events mean housekeeping, unless their detail says
 * otherwise: `{"source":"aws.scheduler","detail":{"action":"sync"}}`.
 */
export function actionOf(event: unknown): string | undefined {
  if (typeof event !== "object" || event === null) return undefined;
  const { action, source, detail } = event as { action?: unknown; source?: unknown; detail?: unknown };
  if (typeof action === "string") return action;
  if (source !== "aws.events" && source !== "aws.scheduler") return undefined;
  const asked =
    typeof detail === "object" && detail !== null ? (detail as { action?: unknown }).action : undefined;
  return typeof asked === "string" ? asked : "housekeeping";
}

export async function runAction(context: ActionContext, name: string, event: unknown): Promise<ActionResult> {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) {
    const allowed = Object.keys(ACTIONS);
    return {
      statusCode: 400,
      body: {
        code: "action.unknown",
        detail: `"${shorten(name)}" is not an action`,
        allowed,
        fix: `Use one of ${allowed.join(", ")}.`,
      },
    };
  }
  return action(context, event as Readonly<Record<string, unknown>>);
}
