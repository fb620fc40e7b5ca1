import { frameworkName, parseRequirement } from "../../core/compliance/frameworks.ts";
import type { FindingControl } from "../shared/finding-values.ts";
import { type Fields, fieldsAt, firstText, isFields, listAt, textAt } from "../shared/fields.ts";

/**
 * The controls a finding's check stands for. Security Hub names them in three ways: requirements of many frameworks
 * (`Compliance.RelatedRequirements`), the enabled standards that contain the check (`AssociatedStandards`, with the
 * check's own id), and before 2023 the one standard the finding was made for (`ProductFields`).
 */
export function asffControls(record: Fields, title: string | null): FindingControl[] {
  const compliance = fieldsAt(record, "Compliance");
  const controls: FindingControl[] = [];
  for (const line of listAt(compliance, "RelatedRequirements")) {
    if (typeof line !== "string") continue;
    for (const requirement of parseRequirement(line)) controls.push({ ...requirement, title: null });
  }
  const named = new Set(controls.map((control) => control.framework));
  for (const found of [...associated(compliance, title), ...ofProduct(record, title)]) {
    // The requirement's own number says more than the check's id, where both are given.
    if (!named.has(found.framework)) controls.push(found);
  }
  return controls;
}

function associated(compliance: Fields, title: string | null): FindingControl[] {
  const control = textAt(compliance, "SecurityControlId");
  if (control === null) return [];
  return listAt(compliance, "AssociatedStandards").flatMap((standard) => {
    const id = isFields(standard) ? textAt(standard, "StandardsId") : null;
    return id === null ? [] : [{ framework: frameworkName(id), control, title: ownTitle(control, title) }];
  });
}

function ofProduct(record: Fields, title: string | null): FindingControl[] {
  const fields = fieldsAt(record, "ProductFields");
  const standard = firstText(textAt(fields, "StandardsArn"), textAt(fields, "StandardsGuideArn"));
  const control = firstText(textAt(fields, "ControlId"), textAt(fields, "RuleId"));
  if (standard === null || control === null) return [];
  return [{ framework: frameworkName(standard), control, title: ownTitle(control, title) }];
}

/** `1.1 Avoid the use of the "root" account` without the control's number in front. */
function ownTitle(control: string, title: string | null): string | null {
  return title?.startsWith(`${control} `) === true ? title.slice(control.length + 1).trim() : title;
}
