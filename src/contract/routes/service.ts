import * as z from "zod/mini";
import { routes } from "../route.ts";
import { healthSchema, identitySchema } from "../schemas/service.ts";

export const serviceRoutes = routes({
  health: {
    method: "GET",
    path: "/v1/health",
    tag: "Service",
    summary: "Health",
    description:
      "Asks every dependency whether it can do its work. Needs no token, and reveals nothing about tenants. Answers 503 with the same body when one fails.",
    access: "public",
    ok: {
      status: 200,
      description: "All dependencies answer.",
      schema: healthSchema,
      headers: { "X-Instance": "Which process answers, where one serves a data folder." },
    },
    also: [{ status: 503, description: "A dependency failed; the body says which.", schema: healthSchema }],
    problems: [],
    examples: [{ name: "Ask" }],
  },
  openapi: {
    method: "GET",
    path: "/v1/openapi.json",
    tag: "Service",
    summary: "OpenAPI document",
    description: "This API as an OpenAPI 3.1 document, made from the same table that routes the requests.",
    access: "public",
    ok: {
      status: 200,
      description: "The document.",
      schema: z.looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) }),
    },
    problems: [],
    examples: [{ name: "Fetch" }],
  },
  identity: {
    method: "GET",
    path: "/v1/me",
    tag: "Service",
    summary: "Who am I",
    description: "What the token says: the role, the tenant, and the actions open to them.",
    access: "any",
    ok: { status: 200, description: "The verified identity.", schema: identitySchema },
    problems: [],
    examples: [{ name: "Ask" }],
  },
});
