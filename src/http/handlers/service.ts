import type { DependencyCheck } from "../../app/services.ts";
import { ACTIONS, may } from "../../core/access/access.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { Handlers } from "../call.ts";
import { errorFields } from "../logger.ts";
import { json } from "../respond.ts";

/** Milliseconds after which a dependency that does not answer counts as failed. */
const CHECK_TIMEOUT = 5_000;

export const serviceHandlers: Pick<Handlers, "health" | "openapi" | "identity"> = {
  health: async ({ services, logger, requestId }) => {
    const dependencies = await Promise.all(
      services.checks.map(async (check) => {
        const { error, ...state } = await timed(check);
        if (error === undefined) return state;
        logger.error({ requestId, dependency: check.name, error: errorFields(error) }, "dependency failed");
        return { ...state, error: error instanceof DomainError ? error.code : "check.failed" };
      }),
    );
    const failed = dependencies.some((dependency) => dependency.status === "failed");
    const { version, environment, clock } = services;
    const body = {
      status: failed ? "failed" : "ok",
      version,
      environment,
      time: clock.now().toISOString(),
      dependencies,
    };
    return json(body, failed ? 503 : 200, failed ? { "Retry-After": "5" } : {});
  },

  openapi: async ({ settings }) =>
    new Response(await settings.openApi(), {
      headers: { "Content-Type": "application/json", "Cache-Control": "no-cache" },
    }),

  identity: (call) => {
    const { principal } = call;
    const tenant = principal.tenant === undefined ? null : call.tenant.tenant;
    return json({
      subject: principal.subject,
      role: principal.role,
      tenant:
        tenant === null ? null : { id: tenant.id, name: tenant.name, zone: tenant.zone, demo: tenant.demo },
      actions: ACTIONS.filter((action) => may(principal.role, action)),
    });
  },
};

async function timed(
  check: DependencyCheck,
): Promise<{ name: string; status: "ok" | "failed"; latencyMs: number; error?: unknown }> {
  const started = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new DomainError(
          "check.timeout",
          "unavailable",
          `${check.name} did not answer within ${CHECK_TIMEOUT} ms`,
        ),
      );
    }, CHECK_TIMEOUT);
  });
  const took = (): number => Math.round((performance.now() - started) * 10) / 10;
  try {
    await Promise.race([check.check(), timeout]);
    return { name: check.name, status: "ok", latencyMs: took() };
  } catch (error) {
    return { name: check.name, status: "failed", latencyMs: took(), error };
  } finally {
    clearTimeout(timer);
  }
}
