import * as z from "zod/mini";
import { instant } from "./common.ts";
import { doc, named } from "./registry.ts";

export const healthSchema = named(
  "Health",
  "Whether the service and what it needs can do their work.",
  z.object({
    status: z.enum(["ok", "failed"]),
    version: z.string(),
    environment: z.string(),
    time: instant("The service's clock."),
    dependencies: z.array(
      z.object({
        name: z.string(),
        status: z.enum(["ok", "failed"]),
        latencyMs: doc(z.number(), "How long the check took, in milliseconds."),
        error: z.exactOptional(doc(z.string(), "A stable code of what failed.")),
      }),
    ),
  }),
);

export const problemSchema = named(
  "Problem",
  "Problem details (RFC 9457). `code` is stable: switch on it. `fix` says what to do.",
  z.object({
    type: doc(z.string(), "Where the code is documented."),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: doc(z.string(), "The path asked for."),
    code: z.string(),
    requestId: z.string(),
    fix: z.exactOptional(z.string()),
    field: z.exactOptional(doc(z.string(), "The field that is wrong, e.g. `filters[0].field`.")),
    allowed: z.exactOptional(doc(z.array(z.string()), "The values the field may take.")),
    retryAfter: z.exactOptional(doc(z.number(), "Seconds after which a retry may succeed.")),
    errors: z.exactOptional(
      doc(
        z.array(
          z.object({
            code: z.string(),
            detail: z.string(),
            field: z.string(),
            fix: z.exactOptional(z.string()),
            allowed: z.exactOptional(z.array(z.string())),
          }),
        ),
        "Every field that is wrong, where there are several.",
      ),
    ),
  }),
);

export const identitySchema = named(
  "Identity",
  "Who the token says is asking, and what that role may do.",
  z.object({
    subject: z.string(),
    role: z.string(),
    tenant: z.nullable(z.object({ id: z.string(), name: z.string(), zone: z.string(), demo: z.boolean() })),
    actions: z.array(z.string()),
  }),
);
