import { startExport } from "../../app/exports/export.ts";
import { getExport, listExports, readExport, removeExport } from "../../app/exports/exports.ts";
import { giveFeedback } from "../../app/exports/feedback.ts";
import { reportOfQuery } from "../../app/reports/query-report.ts";
import { definitionOf } from "../../app/reports/reports.ts";
import { invalid } from "../../core/errors/errors.ts";
import { checkDefinition } from "../../core/reports/check.ts";
import type { ReportDefinition } from "../../core/reports/definition.ts";
import { checkParameters } from "../../core/reports/parameters.ts";
import type { Call, Handlers } from "../call.ts";
import { file, json } from "../respond.ts";
import { optionsOf } from "./reports.ts";

/** Seconds after which to ask for a job that was just started. */
const POLL_SECONDS = 2;

export const exportHandlers: Pick<
  Handlers,
  "export" | "listExports" | "getExport" | "downloadExport" | "giveFeedback" | "deleteExport"
> = {
  export: async (call) => {
    const { tenant, body } = call;
    const { format, options = {}, delivery = "auto" } = body;
    const recipe = { definition: await requested(call), options: optionsOf(body) };
    const started = await startExport(tenant, { recipe, format, options, delivery });
    if (started.kind === "stream") return file(call, started);
    return json(started.job, 202, {
      Location: `/v1/exports/${started.job.id}`,
      "Retry-After": String(POLL_SECONDS),
    });
  },

  listExports: async ({ tenant, query }) => json(await listExports(tenant, query)),

  getExport: async ({ tenant, params }) => json(await getExport(tenant, params.id)),

  downloadExport: async (call) => {
    const { job, mediaType, body } = await readExport(call.tenant, call.params.id);
    const { fileName, manifest, bytes } = job;
    return file(call, { fileName, manifest, bytes, mediaType, body });
  },

  giveFeedback: async ({ tenant, params, body }) => json(await giveFeedback(tenant, params.id, body), 201),

  deleteExport: async ({ tenant, params }) => {
    await removeExport(tenant, params.id);
    return new Response(null, { status: 204 });
  },
};

/** The report an export asks for, in whichever way. */
async function requested({ tenant, body }: Call<"export">): Promise<ReportDefinition> {
  const { query, report, definition, parameters } = body;
  const given = [query, report, definition].filter((each) => each !== undefined);
  if (given.length !== 1) {
    throw invalid(
      "request.ambiguous",
      `The body has ${given.length === 0 ? "none" : given.length} of query, report and definition`,
      {
        field: "query",
        allowed: ["query", "report", "definition"],
        fix: "Give exactly one of them.",
      },
    );
  }
  if (report !== undefined) return definitionOf(tenant, report, parameters);
  if (parameters !== undefined) checkParameters([], parameters, "What is no template");
  const now = tenant.services.clock.now();
  if (definition !== undefined) return checkDefinition(definition, now);
  if (query === undefined) throw new Error("unreachable: one of three is given");
  const made = reportOfQuery(query, now, tenant.tenant.zone);
  return body.title === undefined ? made : { ...made, title: body.title };
}
