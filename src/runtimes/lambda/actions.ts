import { shorten } from "../../core/errors/bounded.ts";
import type { AwsStore } from "../../adapters/aws/store.ts";
import { resumeExport } from "../../app/exports/resume.ts";
import type { Services } from "../../app/services.ts";
import { traceOf } from "../../http/logger.ts";
import type { ExportEvent } from "./jobs.ts";
import { sync, type SyncContext } from "./sync.ts";

export interface ActionContext extends SyncContext {
  services: Services;
  store: AwsStore;
  /** Answers an HTTP request; the health check is the API's own. */
  fetch: (request: Request) => Promise<Response>;
  /** Milliseconds left of this invocation. */
  remaining: () => number;
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

  housekeeping: async ({ store }) => ({ statusCode: 200, body: await store.housekeep() }),

  export: async ({ services, remaining, logger }, event) => {
    const { work } = event as unknown as ExportEvent;
    await resumeExport(services, work, remaining, (id) => traceOf(logger, id));
    return { statusCode: 200, body: { done: true } };
  },

  sync,
};

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
