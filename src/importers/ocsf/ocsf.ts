import { shorten } from "../../core/errors/bounded.ts";
import { fieldsAt, isFields, numberAt, textAt } from "../shared/fields.ts";
import { observedFinding } from "../shared/finding-values.ts";
import type { Sample } from "../shared/importer.ts";
import { readJsonFile } from "../shared/json-format.ts";
import { type Normalized, type RecordFormat, refuse } from "../shared/record-format.ts";
import { ocsfDetails, ocsfKey } from "./finding.ts";
import { apiCall } from "./api-activity.ts";

/** Security, Vulnerability, Compliance and Detection Finding; Prowler writes its checks as the last. */
const FINDING_CLASSES = [2001, 2002, 2003, 2004];
const API_ACTIVITY = 6003;

/**
 * Open Cybersecurity Schema Framework events, versions 1.0 to 1.5: findings of classes 2001 to 2004 and API Activity
 * (6003), mixed as they come. https://schema.ocsf.io/
 */
export const ocsfFormat: RecordFormat = {
  id: "ocsf",
  title: "OCSF findings and API activity",
  what: "OCSF finding or API activity",
  detect: detectOcsf,
  read: (file) => readJsonFile(file, ["events", "Events", "findings", "Findings", "records", "Records"]),
  normalize: (record) => [normalizeOcsf(record)],
};

function detectOcsf(sample: Sample): string | undefined {
  if (sample.kind !== "json") return undefined;
  const classes = /"class_uid"\s*:\s*(\d+)/.exec(sample.text);
  const isOcsf =
    classes !== null || (/"type_uid"\s*:/.test(sample.text) && /"category_uid"\s*:/.test(sample.text));
  if (!isOcsf) return undefined;
  return /"version"\s*:\s*"(1\.\d+\.\d+(?:-[a-z0-9.]+)?)"/.exec(sample.text)?.[1] ?? "unknown";
}

function normalizeOcsf(record: unknown): Normalized {
  if (!isFields(record)) return refuse(null, "is not an object");
  const version = textAt(fieldsAt(record, "metadata"), "version");
  if (version !== null && !version.startsWith("1.")) {
    return refuse("metadata.version", `is OCSF ${shorten(version, 20)}; versions 1.0 to 1.5 are supported`);
  }
  // `type_uid` is class x 100 + activity, and stands in where a producer leaves the class out.
  const type = numberAt(record, "type_uid");
  const code = numberAt(record, "class_uid") ?? (type === undefined ? undefined : Math.floor(type / 100));
  if (code === undefined) return refuse("class_uid", "has no class_uid");
  if (code === API_ACTIVITY) return apiCall(record);
  if (!FINDING_CLASSES.includes(code)) {
    const name = textAt(record, "class_name");
    return refuse(
      "class_uid",
      `is of class ${code}${name === null ? "" : ` (${shorten(name, 60)})`}, which is neither a finding nor API activity`,
    );
  }
  const key = ocsfKey(record);
  return "kind" in key ? key : observedFinding(key, () => ocsfDetails(record, code));
}
