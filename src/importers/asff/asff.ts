import { fieldsAt, isFields, listAt } from "../shared/fields.ts";
import { observedFinding } from "../shared/finding-values.ts";
import type { Sample } from "../shared/importer.ts";
import { readJsonFile } from "../shared/json-format.ts";
import { type Normalized, type RecordFormat, refuse } from "../shared/record-format.ts";
import { asffDetails, asffKey } from "./finding.ts";

const SCHEMA = /"SchemaVersion"\s*:\s*"(\d{4}-\d{2}-\d{2})"/;

/**
 * AWS Security Finding Format, as Security Hub and everything that reports to it write it: `GetFindings` answers
 * (`Findings`), bare lists, one finding a line, and EventBridge events that carry findings in their `detail`.
 * https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html
 */
export const asffFormat: RecordFormat = {
  id: "asff",
  title: "AWS Security Hub findings (ASFF)",
  what: "Security Hub finding",
  detect: detectAsff,
  read: (file) => readJsonFile(file, ["Findings", "findings"]),
  normalize: normalizeAsff,
};

function detectAsff(sample: Sample): string | undefined {
  // A CloudTrail log may quote findings that were sent to Security Hub.
  if (sample.kind !== "json" || /^\{\s*"Records"/.test(sample.text)) return undefined;
  const version = SCHEMA.exec(sample.text)?.[1];
  if (version !== undefined) return version;
  // A first finding may be longer than the sample or leave its version out; these three never stand together elsewhere.
  const marks = [/"ProductArn"\s*:/, /"AwsAccountId"\s*:/, /"GeneratorId"\s*:/];
  if (marks.every((mark) => mark.test(sample.text))) return "2018-10-08";
  return /^\{\s*"[Ff]indings"\s*:\s*\[\s*\]/.test(sample.text) ? "2018-10-08" : undefined;
}

function normalizeAsff(record: unknown): readonly Normalized[] {
  if (!isFields(record)) return [refuse(null, "is not an object")];
  const inEvent = listAt(fieldsAt(record, "detail"), "findings");
  if (inEvent.length > 0) return inEvent.map(normalizeOne);
  return [normalizeOne(record)];
}

function normalizeOne(record: unknown): Normalized {
  if (!isFields(record)) return refuse(null, "is not an object");
  const key = asffKey(record);
  return "kind" in key ? key : observedFinding(key, () => asffDetails(record));
}
