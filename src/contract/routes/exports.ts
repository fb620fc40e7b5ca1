import * as z from "zod/mini";
import { routes, SEE_OTHER } from "../route.ts";
import { idParams, pageOf, pageQuery } from "../schemas/common.ts";
import { exportJobSchema, feedbackSchema, newFeedbackSchema } from "../schemas/exports.ts";

export const EXPORT_MEDIA = [
  "text/csv",
  "application/json",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  "application/pdf",
] as const;

/** The manifest of a file, in the headers of its response. */
export const EXPORT_HEADERS = {
  "Content-Disposition": "The file's name.",
  "X-Rows-Written": "Rows in the file's detail table.",
  "X-Rows-Total": "Rows there are in all.",
  "X-Complete": "`true` when every row is in the file and every section could be computed.",
  "X-Failed-Sections":
    "Sections that could not be computed as JSON, each with its id and why; not sent when all could, or when too long for a header.",
  "X-Dataset-Hash": "SHA-256 over the rows, the same in every format.",
  "X-Totals": "Totals of the detail table as JSON, one entry a currency or unit.",
  "X-Range": "The days `from/to` and the time zone.",
  "X-Generated-At": "When the file was made.",
  "X-Data-As-Of": "When the newest load behind it was made.",
  "X-Demo": "`true` for generated demo data.",
} as const;

export const exportRoutes = routes({
  listExports: {
    method: "GET",
    path: "/v1/exports",
    tag: "Exports",
    summary: "List exports",
    description: "The tenant's export jobs, newest first.",
    access: "view",
    query: z.strictObject(pageQuery),
    ok: { status: 200, description: "A page of jobs.", schema: pageOf(exportJobSchema) },
    problems: [],
    examples: [{ name: "The last ten", query: { limit: "10" } }],
  },
  getExport: {
    method: "GET",
    path: "/v1/exports/{id}",
    tag: "Exports",
    summary: "Get an export",
    description: "A job: its progress and, when done, its manifest.",
    access: "view",
    params: idParams("export"),
    ok: { status: 200, description: "The job.", schema: exportJobSchema },
    problems: ["export.not-found"],
    examples: [{ name: "Ask", params: { id: "0191f3a8-5b1c-7d0e-9a7c-3f2b1c0d9e8f" } }],
  },
  downloadExport: {
    method: "GET",
    path: "/v1/exports/{id}/download",
    tag: "Exports",
    summary: "Download an export",
    description: "The file of a finished job.",
    access: "view",
    limit: "queries",
    countsAsQuestion: true,
    audit: { action: "export.download", object: "export" },
    params: idParams("export"),
    ok: { status: 200, description: "The file.", media: EXPORT_MEDIA, headers: EXPORT_HEADERS },
    also: [SEE_OTHER],
    problems: ["export.not-found", "export.not-ready", "export.failed"],
    examples: [{ name: "Download", params: { id: "0191f3a8-5b1c-7d0e-9a7c-3f2b1c0d9e8f" } }],
  },
  giveFeedback: {
    method: "POST",
    path: "/v1/exports/{id}/feedback",
    tag: "Exports",
    summary: "Give feedback on an export",
    description:
      "A score from 1 to 5 and a few words on what an export was like. Giving it again replaces it.",
    access: "view",
    limit: "report-changes",
    audit: { action: "export.feedback", object: "export" },
    params: idParams("export"),
    body: { kind: "json", schema: newFeedbackSchema },
    ok: { status: 201, description: "The feedback.", schema: feedbackSchema },
    problems: ["export.not-found"],
    examples: [
      {
        name: "Well done",
        params: { id: "0191f3a8-5b1c-7d0e-9a7c-3f2b1c0d9e8f" },
        body: { score: 5, text: "Just what the auditors asked for." },
      },
    ],
  },
  deleteExport: {
    method: "DELETE",
    path: "/v1/exports/{id}",
    tag: "Exports",
    summary: "Delete an export",
    description: "Deletes one's own export that has ended, with its file; an admin may delete anybody's.",
    access: "export",
    audit: { action: "export.delete", object: "export" },
    params: idParams("export"),
    ok: { status: 204, description: "It is gone." },
    problems: ["export.not-found", "export.not-ready"],
    examples: [{ name: "Delete", params: { id: "0191f3a8-5b1c-7d0e-9a7c-3f2b1c0d9e8f" } }],
  },
});
