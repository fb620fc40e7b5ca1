import type { Feedback } from "../../core/exports/feedback.ts";
import { FEEDBACK } from "../records/kinds.ts";
import { recordsOf } from "../records/records.ts";
import type { TenantContext } from "../services.ts";
import { getExport } from "./exports.ts";

/**
 * Keeps what somebody says of an export, in place of what they said before; it goes with the export.
 * @throws DomainError `export.not-found`
 */
export async function giveFeedback(
  context: TenantContext,
  id: string,
  { score, text = "" }: { score: number; text?: string },
): Promise<Feedback> {
  const { principal, services } = context;
  const { expiresAt } = await getExport(context, id);
  const createdAt = services.clock.now().toISOString();
  const feedback: Feedback = { export: id, score, text, givenBy: principal.subject, createdAt, expiresAt };
  const kept = recordsOf(context, FEEDBACK);
  const replaced = await kept.change(FEEDBACK.id(feedback), () => feedback);
  if (replaced === undefined) await kept.create(feedback);
  return feedback;
}
