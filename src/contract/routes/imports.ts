import * as z from "zod/mini";
import { routes } from "../route.ts";
import {
  importParams,
  loadListParams,
  loadListSchema,
  loadReportSchema,
  removalParams,
  removalSchema,
} from "../schemas/imports.ts";
import { jobSchema, newUploadSchema, uploadSchema } from "../schemas/jobs.ts";
import { doc } from "../schemas/registry.ts";

export const importRoutes = routes({
  createImport: {
    method: "POST",
    path: "/v1/imports",
    tag: "Imports",
    summary: "Import files",
    limit: "imports",
    description:
      "Loads cost, findings, compliance or API usage files; their format is found from their content. A load replaces what it names (tenant, dataset, source, billing period or snapshot day) as a whole or not at all; loading a file twice changes nothing. An operator's facts go to the tenants that claim their accounts, or all to `tenant`; an admin's go to the admin's own tenant.",
    access: "import",
    audit: { action: "import.start", object: "job" },
    query: importParams,
    body: {
      kind: "upload",
      optional: true,
      description:
        "The file as it is, or `multipart/form-data` with one or several files; none with `upload`. It is streamed to disk and may be large; on AWS the limit is 6 MB, larger files go through `POST /v1/uploads`.",
    },
    ok: { status: 200, description: "What was done.", schema: loadReportSchema },
    also: [
      {
        status: 202,
        description: "The import takes longer: its job, whose `result` is the report once it is done.",
        schema: jobSchema,
        headers: { Location: "The job.", "Retry-After": "Seconds after which to ask for it." },
      },
    ],
    problems: [
      "upload.not-found",
      "upload.incomplete",
      "import.no-file",
      "import.unknown-format",
      "import.invalid-format",
      "import.mixed-formats",
      "import.missing-column",
      "import.encoding",
      "import.damaged",
      "import.unclosed-quote",
      "import.too-large",
      "import.tenant-full",
      "import.conflict",
      "import.owners-changed",
      "request.malformed-multipart",
      "date.invalid",
      "date.out-of-reach",
      "tenant.not-found",
    ],
    examples: [
      { name: "Try without changing anything", query: { dryRun: "true", name: "focus-2024-09.csv" } },
      { name: "Load what was sent before", query: { upload: "0191f3a8-5b1c-7d0e-9a7c-3f2b1c0d9e8f" } },
    ],
  },
  createUpload: {
    method: "POST",
    path: "/v1/uploads",
    tag: "Imports",
    summary: "Prepare an upload",
    limit: "imports",
    description:
      "Returns an address for each file, so that files of any size can be sent before they are imported; on AWS the addresses are presigned. Send each file, then `POST /v1/imports` with `upload`. Uploads that are not imported within a day are deleted.",
    access: "import",
    audit: { action: "upload.open", object: "upload" },
    body: { kind: "json", schema: newUploadSchema },
    ok: { status: 201, description: "The addresses.", schema: uploadSchema },
    problems: ["upload.too-many-bytes"],
    examples: [
      {
        name: "Two parts of a month",
        body: {
          files: [
            { name: "a.csv.gz", size: 81234567 },
            { name: "b.csv.gz", size: 7654321 },
          ],
        },
      },
    ],
  },
  putUpload: {
    method: "PUT",
    path: "/v1/uploads/{id}/files/{file}",
    tag: "Imports",
    summary: "Send a file of an upload",
    description:
      "Receives a file where the service stores uploads itself. Use the addresses that `POST /v1/uploads` returns.",
    access: "import",
    params: z.strictObject({
      id: doc(z.string(), "Id of the upload."),
      file: doc(z.string(), "Its place in the upload, from 0."),
    }),
    body: { kind: "upload", description: "The file." },
    ok: { status: 204, description: "The file has arrived." },
    problems: ["upload.not-found", "upload.unknown-file", "upload.incomplete"],
    examples: [{ name: "Send the first", params: { id: "0191f3a8-5b1c-7d0e-9a7c-3f2b1c0d9e8f", file: "0" } }],
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
      "Takes loads out again: those of one tenant, dataset and source, and of one period when it is named. All of them go at once or none does, findings and their controls together; what is asked from then on is answered without them. A bill that came in two formats, which an import warns of, is put right by removing one of them. Importing the files again brings them back.",
    access: "import",
    audit: { action: "import.remove", object: "load" },
    query: removalParams,
    ok: { status: 200, description: "What went.", schema: removalSchema },
    problems: ["import.nothing-to-remove", "import.conflict", "tenant.not-found"],
    examples: [
      {
        name: "See what would go",
        query: {
          dataset: "cost",
          source: "focus:AWS:999999999999",
          period: "2024-09",
          dryRun: "true",
        },
      },
    ],
  },
});
