import { frameworkName, parseRequirement } from "../../core/compliance/frameworks.ts";
import type { FindingControl } from "../shared/finding-values.ts";
import { cleanText, type Fields, fieldsAt, isFields, listAt, textAt } from "../shared/fields.ts";

/**
 * The controls behind a finding: Prowler's `unmapped.compliance` (framework -> controls), and the `compliance` object
 * with the standards and requirements it names.
 */
export function ocsfControls(record: Fields): FindingControl[] {
  return [...unmapped(fieldsAt(record, "unmapped", "compliance")), ...named(fieldsAt(record, "compliance"))];
}

function unmapped(compliance: Fields): FindingControl[] {
  return Object.entries(compliance).flatMap(([framework, controls]) => {
    if (!Array.isArray(controls)) return [];
    return (controls as unknown[]).flatMap((control) => {
      const text = typeof control === "string" ? cleanText(control) : null;
      return text === null ? [] : [{ framework: frameworkName(framework), control: text, title: null }];
    });
  });
}

function named(compliance: Fields): FindingControl[] {
  const texts = (name: string): string[] =>
    listAt(compliance, name).flatMap((item) => {
      const text = typeof item === "string" ? cleanText(item) : isFields(item) ? textAt(item, "name") : null;
      return text === null ? [] : [text];
    });
  const standards = texts("standards").map(frameworkName);
  const control = textAt(compliance, "control");
  const found: FindingControl[] = [];
  const loose: string[] = [];
  for (const requirement of texts("requirements")) {
    const parsed = parseRequirement(requirement);
    if (parsed.length > 0) found.push(...parsed.map((item) => ({ ...item, title: null })));
    else loose.push(requirement);
  }
  const covered = new Set(found.map((item) => item.framework));
  const [only] = standards;
  // A requirement without its framework can only be placed when there is one standard it can belong to.
  if (standards.length === 1 && only !== undefined && loose.length > 0) {
    return [...found, ...loose.map((item) => ({ framework: only, control: item, title: null }))];
  }
  if (control === null) return found;
  const rest = standards.filter((standard) => !covered.has(standard));
  return [...found, ...rest.map((framework) => ({ framework, control, title: null }))];
}
