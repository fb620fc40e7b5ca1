import { appendAudit } from "../app/audit/log.ts";
import { watchRecords } from "../app/audit/watch.ts";
import type { Services } from "../app/services.ts";
import { findTenant } from "../app/tenants/registry.ts";
import type { RouteSpec } from "../contract/route.ts";
import type { Principal } from "../core/access/access.ts";
import type { AuditedChange, AuditEvent } from "../core/audit/entry.ts";
import { shorten } from "../core/errors/bounded.ts";
import { DomainError } from "../core/errors/errors.ts";
import { UNASSIGNED } from "../core/tenants/tenant.ts";
import type { RequestOrigin } from "./env.ts";
import { errorFields, type Logger } from "./logger.ts";
import { statusOf } from "./problem.ts";
import type { Refusals } from "./refusals.ts";

/** How the command line calls itself. */
const CLI_AGENT = "securebase-cli";
const MAX_AGENT = 200;

interface Asked {
  params: unknown;
  query: unknown;
  body: unknown;
}

/**
 * Writes down what a request did, as the contract says of its operation, and whatever was refused. What it changed is
 * taken from the writes themselves.
 */
export class RequestAudit {
  readonly #services: Services;
  readonly #logger: Logger;
  readonly #refusals: Refusals;
  readonly #operation: RouteSpec & { id?: string };
  readonly #request: Request;
  readonly #requestId: string;
  readonly #origin: RequestOrigin;
  readonly #changes: AuditedChange[] = [];
  #principal: Principal | undefined;
  #asked: Asked = { params: undefined, query: undefined, body: undefined };
  /** For the handler: its changes are told. */
  readonly services: Services;

  constructor(
    { services, logger, refusals }: { services: Services; logger: Logger; refusals: Refusals },
    operation: RouteSpec & { id?: string },
    { request, requestId, origin }: { request: Request; requestId: string; origin: RequestOrigin },
  ) {
    this.#services = services;
    this.#logger = logger;
    this.#refusals = refusals;
    this.#operation = operation;
    this.#request = request;
    this.#requestId = requestId;
    this.#origin = origin;
    const { records } = services;
    this.services =
      operation.audit === undefined
        ? services
        : { ...services, records: watchRecords(records, (change) => this.#changes.push(change)) };
  }

  /** Who asks, once that is known. */
  by(principal: Principal): void {
    this.#principal = principal;
  }

  /** What is asked for, once it is known to be well-formed. */
  asked(asked: Asked): void {
    this.#asked = asked;
  }

  /** After the handler has answered. */
  async done(response: Response): Promise<void> {
    const { audit } = this.#operation;
    if (audit === undefined || response.status >= 400) return;
    await this.#write({ action: audit.action, outcome: "done", problem: null });
  }

  /** After an error: refusals are written down, and what had been changed before it. */
  async failed(thrown: unknown): Promise<void> {
    const problem = thrown instanceof DomainError ? thrown.code : "service.internal";
    if (thrown instanceof DomainError && statusOf(thrown) === 403) await this.#refused(problem);
    else if (this.#operation.audit !== undefined && this.#changes.length > 0)
      await this.#write({ action: this.#operation.audit.action, outcome: "failed", problem });
  }

  async #refused(problem: string): Promise<void> {
    const unwritten = this.#refusals.take(this.#principal?.tenant ?? "");
    if (unwritten === undefined) return;
    const asked = unwritten === 0 ? this.#asked : { ...this.#asked, refusalsNotWritten: unwritten };
    await this.#write({ action: "access.refused", outcome: "refused", problem }, asked);
  }

  async #write(
    what: Pick<AuditEvent, "action" | "outcome" | "problem">,
    asked: unknown = this.#asked,
  ): Promise<void> {
    const principal = this.#principal;
    if (principal === undefined) return;
    const agent = this.#request.headers.get("user-agent");
    const event: AuditEvent = {
      ...what,
      actor: { subject: principal.subject, role: principal.role },
      from: {
        ip: this.#origin.ip ?? null,
        agent: agent === CLI_AGENT ? "cli" : agent === null ? null : shorten(agent, MAX_AGENT),
      },
      operation: this.#operation.id ?? null,
      object: this.#object(),
      asked,
      // A job is told by its id: what it holds is for those who carry it out.
      changes: this.#changes.filter(({ kind }) => kind !== "job" && kind !== "upload"),
      requestId: this.#requestId,
    };
    try {
      for (const log of await this.#logs(principal)) await appendAudit(this.#services, log, event);
    } catch (error) {
      // What was done cannot be taken back, and an error would have it done again.
      this.#logger.error(
        { requestId: this.#requestId, event, error: errorFields(error) },
        "audit entry lost",
      );
    }
  }

  /** By the path where it names one, else what was changed first. */
  #object(): AuditEvent["object"] {
    const kind = this.#operation.audit?.object;
    const { id } = (this.#asked.params ?? {}) as { id?: unknown };
    const named = this.#changes.find((change) => change.kind === kind) ?? this.#changes[0];
    if (typeof id === "string")
      return { kind: kind ?? this.#operation.tag.toLowerCase(), id: shorten(id, MAX_AGENT) };
    if (named === undefined) return null;
    // The key of a job begins with its owner.
    return { kind: named.kind, id: named.id.split("/").at(-1) ?? named.id };
  }

  /** The caller's own log; what an operator does to a tenant is in that tenant's, too. */
  async #logs({ tenant }: Principal): Promise<(string | null)[]> {
    if (tenant !== undefined)
      return [(await findTenant(this.#services, tenant)) === undefined ? null : tenant];
    const { params, query } = this.#asked as { params?: { id?: unknown }; query?: { tenant?: unknown } };
    const changed = this.#changes.find(({ kind }) => kind === "tenant")?.id;
    const path = this.#operation.audit?.object === "tenant" ? params?.id : undefined;
    const named = changed ?? path ?? query?.tenant;
    if (typeof named !== "string" || named === UNASSIGNED) return [null];
    return (await findTenant(this.#services, named)) === undefined ? [null] : [null, named];
  }
}
