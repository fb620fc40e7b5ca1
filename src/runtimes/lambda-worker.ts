import { tmpdir } from "node:os";
import { checkEngine } from "./lambda/engine-check.ts";

const ENGINE_CHECK = "engine_check";

/**
 * The entry point of the worker: `worker.handler` in the package. It takes direct invocations:
 * `{"action":"engine_check"}` opens the engine that reads files.
 */
export async function handler(event: unknown): Promise<{ statusCode: number; body: unknown }> {
  const action = typeof event === "object" && event !== null && "action" in event ? event.action : undefined;
  if (action === ENGINE_CHECK) return { statusCode: 200, body: await checkEngine(tmpdir()) };
  const detail = "The worker does not know this event";
  const fix = `Invoke it with {"action":"${ENGINE_CHECK}"}.`;
  return { statusCode: 400, body: { code: "action.unknown", detail, allowed: [ENGINE_CHECK], fix } };
}
