import { shorten } from "../../errors/bounded.ts";
import { DomainError } from "../../errors/errors.ts";
import { unknownNameFix } from "../../errors/suggest.ts";
import { CHARGEBACK } from "./chargeback.ts";
import { COMPLIANCE } from "./compliance.ts";
import { COST_ANALYSIS } from "./cost-analysis.ts";
import { EXECUTIVE_SUMMARY } from "./executive-summary.ts";
import { SECURITY_POSTURE } from "./security-posture.ts";
import type { ReportTemplate } from "./template.ts";
import { USAGE } from "./usage.ts";

export { definitionFrom, type ReportTemplate, sampleDefinition } from "./template.ts";

/** The built-in reports, one file each, in the order they are listed. */
export const TEMPLATES: readonly ReportTemplate[] = [
  COST_ANALYSIS,
  CHARGEBACK,
  SECURITY_POSTURE,
  COMPLIANCE,
  USAGE,
  EXECUTIVE_SUMMARY,
];

/** @throws DomainError `report.unknown-template` */
export function templateOf(id: string): ReportTemplate {
  const template = TEMPLATES.find((candidate) => candidate.id === id);
  if (template !== undefined) return template;
  const allowed = TEMPLATES.map((t) => t.id);
  throw new DomainError("report.unknown-template", "not-found", `There is no template "${shorten(id)}"`, {
    field: "template",
    allowed,
    fix: unknownNameFix(id, allowed),
  });
}
