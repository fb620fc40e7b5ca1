import * as z from "zod/mini";
import { doc, named } from "./registry.ts";

/** An instant, RFC 3339 in UTC. */
export const instant = (description: string) =>
  doc(z.string(), description, { examples: ["2024-10-01T08:15:30.000Z"] });

export const nullableInstant = (description: string) =>
  doc(z.nullable(z.string()), description, { examples: ["2024-10-01T08:15:30.000Z"] });

/** A calendar date; its validity is the query language's business, which explains it better than a pattern. */
export const date = (description: string, example = "2024-09-01") =>
  doc(z.string(), description, { examples: [example] });

const problemFields = {
  code: doc(z.string(), "Stable, as of a problem."),
  message: z.string(),
  fix: z.exactOptional(z.string()),
  requestId: z.exactOptional(doc(z.string(), "Of a fault of the service: what it is logged under.")),
};

/** Why something is not there in an answer that is there as a whole. */
export const partProblemSchema = named(
  "PartProblem",
  "Why a part of an answer could not be computed.",
  z.object(problemFields),
);

/** Of a dashboard, whose parts are null where they could not be computed. */
export const partProblems = doc(
  z.array(
    named(
      "FailedPart",
      "A part of an answer that could not be computed.",
      z.object({ part: doc(z.string(), "Its name, e.g. `services`."), ...problemFields }),
    ),
  ),
  "Why parts could not be computed: tables that are null, or figures that are not there. Mostly none.",
);

/** Page parameters of every list: `after` is the id of the last entry of the page before. */
export const pageQuery = {
  limit: z.exactOptional(
    doc(z.int().check(z.minimum(1), z.maximum(200)), "Entries on a page, 1 to 200; 50 when not given."),
  ),
  after: z.exactOptional(
    doc(z.string().check(z.maxLength(200)), "Continue behind this id: `next` of the page before."),
  ),
};

/** A page of a list; `next` is null on the last one. */
export function pageOf<T extends z.ZodMiniType>(item: T) {
  return z.object({
    items: z.array(item),
    next: doc(z.nullable(z.string()), "Give it as `after` for the next page; null on the last page."),
  });
}

export const idParams = (what: string) => z.strictObject({ id: doc(z.string(), `Id of the ${what}.`) });
