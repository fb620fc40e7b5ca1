import { routes } from "../route.ts";
import {
  importParams,
  loadListParams,
  loadListSchema,
  loadReportSchema,
  removalParams,
  removalSchema,
} from "../schemas/imports.ts";

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
      "date.invalid",
      "date.out-of-reach",
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
    query: loadListParams,
    ok: { status: 200, description: "The loads.", schema: loadListSchema },
    problems: ["tenant.not-found"],
    examples: [
      { name: "The last five", query: { limit: "5" } },
      { name: "The last five, with what they add up to", query: { limit: "5", totals: "true" } },
    ],
  },
  removeImports: {
    method: "DELETE",
    path: "/v1/imports",
    tag: "Imports",
    summary: "Remove imports",
    description:
      "Takes loads out again: those of one tenant, dataset and source, and of one period when it is named. All of them go at once or none does, findings and their controls together; what is asked from then on is answered without them. A bill that came in two formats, which an import warns of, is mended by removing one of them. Importing the files again brings them back.",
    access: "import",
    query: removalParams,
    ok: { status: 200, description: "What went.", schema: removalSchema },
    problems: ["import.nothing-to-remove", "import.conflict", "tenant.not-found"],
    examples: [
      {
        name: "See what would go",
        query: {
          ...{ dataset: "cost", source: "focus:AWS:999999999999", period: "2024-09" },
          dryRun: "true",
        },
      },
    ],
  },
});
