import * as z from "zod/mini";
import { routes } from "../route.ts";
import { doc } from "../schemas/registry.ts";
import { importParams, loadRecordSchema, loadReportSchema } from "../schemas/imports.ts";

export const importRoutes = routes({
  createImport: {
    method: "POST",
    path: "/v1/imports",
    tag: "Imports",
    summary: "Import files",
    description:
      "Loads cost, findings, compliance or API usage files; their format is found from their content. A load replaces what it names (tenant, dataset, source, billing period or snapshot day) as a whole or not at all; loading a file twice changes nothing. An operator's facts go to the tenants that claim their accounts, or all to `tenant`; an admin's go to the admin's own tenant.",
    access: "import",
    query: importParams,
    body: {
      kind: "upload",
      description:
        "The file as it is, or `multipart/form-data` with one or several files. It is streamed to disk and may be large.",
    },
    ok: { status: 200, description: "What was done.", schema: loadReportSchema },
    problems: [
      "import.no-file",
      "import.unknown-format",
      "import.invalid-format",
      "import.mixed-formats",
      "import.missing-column",
      "import.encoding",
      "import.damaged",
      "import.unclosed-quote",
      "import.conflict",
      "request.malformed-multipart",
      "tenant.not-found",
    ],
    examples: [
      { name: "Try without changing anything", query: { dryRun: "true", name: "focus-2024-09.csv" } },
    ],
  },
  listImports: {
    method: "GET",
    path: "/v1/imports",
    tag: "Imports",
    summary: "List imports",
    description:
      "The loads behind the current facts, newest first: an operator sees all, an admin the own tenant's.",
    access: "import",
    query: z.strictObject({
      limit: z.exactOptional(
        doc(z.int().check(z.minimum(1), z.maximum(1000)), "How many; 100 when not given."),
      ),
    }),
    ok: { status: 200, description: "The loads.", schema: z.object({ items: z.array(loadRecordSchema) }) },
    problems: [],
    examples: [{ name: "The last five", query: { limit: "5" } }],
  },
});
