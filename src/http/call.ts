import type { Services, TenantContext } from "../app/services.ts";
import type { BodyOf, ParamsOf, QueryOf } from "../contract/route.ts";
import type { RouteId, Routes } from "../contract/routes.ts";
import type { Principal } from "../core/access/access.ts";
import type { Logger } from "./logger.ts";

/** Limits and addresses a handler may need. */
export interface HttpSettings {
  /** Most bytes of a JSON body. */
  maxJsonBytes: number;
  /** Most bytes of one upload, all its files together. */
  maxUploadBytes: number;
  /** Seconds after which a request is given up of which nothing more arrives. */
  stallSeconds: number;
  /** The OpenAPI document as JSON text; made on first use. */
  openApi: () => Promise<string>;
}

/** One request that has passed authentication, the access table, the rate limit and the schemas. */
export interface Call<K extends RouteId = RouteId> {
  params: ParamsOf<Routes[K]>;
  query: QueryOf<Routes[K]>;
  body: BodyOf<Routes[K]>;
  request: Request;
  requestId: string;
  services: Services;
  settings: HttpSettings;
  logger: Logger;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
  /** Who the token says is asking. @throws Error on public routes, which have nobody */
  principal: Principal;
  /** The token's tenant. @throws DomainError `access.forbidden` for an operator, who has none */
  tenant: TenantContext;
}

export type Handler<K extends RouteId> = (call: Call<K>) => Promise<Response> | Response;

/** A handler for every operation of the contract: one too few or too many does not compile. */
export type Handlers = { [K in RouteId]: Handler<K> };
