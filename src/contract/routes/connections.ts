import * as z from "zod/mini";
import { routes } from "../route.ts";
import { idParams, pageOf, pageQuery } from "../schemas/common.ts";
import {
  connectionSchema,
  newConnectionSchema,
  syncOptionsSchema,
  syncRunSchema,
} from "../schemas/connections.ts";

export const connectionRoutes = routes({
  listConnections: {
    method: "GET",
    path: "/v1/connections",
    tag: "Connections",
    summary: "List connections",
    description: "Every connection to a cloud account, with its last pull.",
    access: "connections",
    query: z.strictObject(pageQuery),
    ok: { status: 200, description: "A page of connections by id.", schema: pageOf(connectionSchema) },
    problems: ["sync.not-offered"],
    examples: [{ name: "List" }],
  },
  addConnection: {
    method: "POST",
    path: "/v1/connections",
    tag: "Connections",
    summary: "Add a connection",
    description:
      "Remembers where to pull what from, and as whom. Nothing is called yet. Only names of roles and profiles are kept, never keys.",
    access: "connections",
    audit: { action: "connection.add", object: "connection" },
    body: { kind: "json", schema: newConnectionSchema },
    ok: {
      status: 201,
      description: "The connection.",
      schema: connectionSchema,
      headers: { Location: "The connection." },
    },
    problems: [
      "connection.exists",
      "connection.unknown-kind",
      "connection.invalid",
      "connection.secret",
      "tenant.not-found",
      "sync.not-offered",
    ],
    examples: [
      {
        name: "A cost export in a bucket",
        body: {
          kind: "s3-cost-export",
          region: "eu-west-1",
          roleArn: "arn:aws:iam::111122223333:role/securebase-read",
          externalId: "acme-42",
          settings: { bucket: "acme-billing", prefix: "exports/focus" },
        },
      },
    ],
  },
  getConnection: {
    method: "GET",
    path: "/v1/connections/{id}",
    tag: "Connections",
    summary: "Get a connection",
    description: "A connection with the pull that runs, or its last one.",
    access: "connections",
    params: idParams("connection"),
    ok: { status: 200, description: "The connection.", schema: connectionSchema },
    problems: ["connection.not-found", "sync.not-offered"],
    examples: [{ name: "Get", params: { id: "s3-cost-export" } }],
  },
  removeConnection: {
    method: "DELETE",
    path: "/v1/connections/{id}",
    tag: "Connections",
    summary: "Remove a connection",
    description: "Forgets a connection. What it loaded stays; a pull that runs stops.",
    access: "connections",
    audit: { action: "connection.remove", object: "connection" },
    params: idParams("connection"),
    ok: { status: 204, description: "It is gone." },
    problems: ["connection.not-found", "sync.not-offered"],
    examples: [{ name: "Remove", params: { id: "s3-cost-export" } }],
  },
  runConnection: {
    method: "POST",
    path: "/v1/connections/{id}/run",
    tag: "Connections",
    summary: "Pull a connection",
    description:
      "Starts a pull and answers at once; the connection's `lastRun` shows its progress. Deliveries that did not change are not read again.",
    access: "connections",
    audit: { action: "connection.pull", object: "connection" },
    params: idParams("connection"),
    body: { kind: "json", schema: syncOptionsSchema, optional: true },
    ok: { status: 202, description: "The pull that has begun.", schema: syncRunSchema },
    problems: ["connection.not-found", "sync.running", "sync.not-offered"],
    examples: [
      { name: "Pull", params: { id: "s3-cost-export" } },
      { name: "Try", params: { id: "s3-cost-export" }, body: { dryRun: true } },
    ],
  },
});
