import { serviceName, serviceOfArn, serviceOfResourceType } from "../../core/findings/services.ts";
import { type Severity, severityFromLabel, severityFromOcsf } from "../../core/findings/severity.ts";
import { type ControlStatus, type FindingStatus, verdictOf } from "../../core/findings/status.ts";
import {
  type Fields,
  fieldsAt,
  firstText,
  isFields,
  listAt,
  numberAt,
  tagsJson,
  textAt,
} from "../shared/fields.ts";
import type { FindingDetails, FindingKey } from "../shared/finding-values.ts";
import { type Refused, refuse } from "../shared/record-format.ts";
import { ocsfControls } from "./controls.ts";
import { firstTime, timeAt } from "./times.ts";

/** Reads what every finding event needs: an id, an account and a time. */
export function ocsfKey(record: Fields): FindingKey | Refused {
  const info = infoOf(record);
  const id = firstText(textAt(info, "uid"), textAt(fieldsAt(record, "metadata"), "uid"));
  if (id === null) return refuse("finding_info.uid", "has no finding_info.uid");
  const account = accountOf(record, resourceOf(record));
  if (account === null) return refuse("cloud.account.uid", "has no cloud.account.uid");
  const times = timesOf(record, info);
  if ("kind" in times) return times;
  const product = fieldsAt(record, "metadata", "product");
  const { firstSeen, lastSeen, observedAt } = times;
  return {
    id,
    account,
    product: firstText(textAt(product, "uid"), productName(record)) ?? "unknown",
    firstSeen,
    lastSeen,
    observedAt,
  };
}

/** @param classUid the event's class, which says where its status stands */
export function ocsfDetails(record: Fields, classUid: number): FindingDetails {
  const info = infoOf(record);
  const resource = resourceOf(record);
  const vulnerability = listAt(record, "vulnerabilities")[0];
  const verdict = verdictIn(record);
  return {
    productName: productName(record),
    title: firstText(textAt(info, "title"), textAt(record, "message")),
    severity: severityOf(record),
    status: statusOf(record, classUid, verdict),
    workflow: firstText(textAt(record, "status"), textAt(record, "state")),
    checkId: firstText(
      textAt(fieldsAt(record, "metadata"), "event_code"),
      textAt(fieldsAt(record, "compliance"), "control"),
      textAt(fieldsAt(vulnerability, "cve"), "uid"),
      textAt(fieldsAt(info, "analytic"), "uid"),
    ),
    service: serviceOf(resource),
    region: firstText(textAt(resource, "region"), textAt(fieldsAt(record, "cloud"), "region")),
    resourceId: firstText(textAt(resource, "uid"), textAt(resource, "name")),
    resourceType: textAt(resource, "type"),
    remediation: firstText(
      textAt(fieldsAt(record, "remediation"), "desc"),
      textAt(fieldsAt(info, "remediation"), "desc"),
      textAt(fieldsAt(vulnerability, "remediation"), "desc"),
    ),
    tags: tagsJson(tagsOf(resource)),
    verdict,
    controls: () => ocsfControls(record),
  };
}

/** Class 2001 keeps it under `finding`, later ones under `finding_info`. */
function infoOf(record: Fields): Fields {
  return isFields(record.finding_info) ? record.finding_info : fieldsAt(record, "finding");
}

function productName(record: Fields): string | null {
  const product = fieldsAt(record, "metadata", "product");
  return firstText(textAt(product, "name"), textAt(product, "vendor_name"));
}

/** `resources` is a list; some producers and versions write one `resource`. */
function resourceOf(record: Fields): Fields {
  const first = listAt(record, "resources")[0];
  return isFields(first) ? first : fieldsAt(record, "resource");
}

function accountOf(record: Fields, resource: Fields): string | null {
  return firstText(
    textAt(fieldsAt(record, "cloud", "account"), "uid"),
    textAt(fieldsAt(record, "cloud"), "account_uid"),
    textAt(fieldsAt(resource, "owner", "account"), "uid"),
    textAt(resource, "account_uid"),
  );
}

function timesOf(
  record: Fields,
  info: Fields,
): Pick<FindingKey, "firstSeen" | "lastSeen" | "observedAt"> | Refused {
  const written = timeAt(record, "time");
  if (written === null) return refuse("time", "has an invalid time");
  const seen = firstTime(timeAt(info, "last_seen_time"), timeAt(info, "modified_time"), written);
  if (seen === undefined) return refuse("time", "has no time");
  const first = firstTime(timeAt(info, "first_seen_time"), timeAt(info, "created_time"), seen) ?? seen;
  return { firstSeen: first, lastSeen: seen, observedAt: Math.max(seen, written ?? seen) };
}

function severityOf(record: Fields): Severity | undefined {
  const id = numberAt(record, "severity_id");
  const label = textAt(record, "severity");
  return (
    (id === undefined ? undefined : severityFromOcsf(id)) ??
    (label === null ? undefined : severityFromLabel(label))
  );
}

/** `compliance.status_id`: 1 pass, 2 warning, 3 fail. */
const COMPLIANCE_STATUS: readonly (ControlStatus | undefined)[] = [undefined, "passed", "failed", "failed"];

/** Compliance Findings say it in `compliance`, Prowler in `status_code`. */
function verdictIn(record: Fields): ControlStatus | undefined {
  const compliance = fieldsAt(record, "compliance");
  const id = numberAt(compliance, "status_id");
  const words = [
    textAt(compliance, "status"),
    textAt(compliance, "status_code"),
    textAt(record, "status_code"),
  ];
  const said = words
    .map((word) => (word === null ? undefined : verdictOf(word)))
    .find((word) => word !== undefined);
  return (id === undefined ? undefined : COMPLIANCE_STATUS[id]) ?? said;
}

/** `status_id` (`state_id` in class 2001): 1 new, 2 in progress, 3 suppressed, 4 resolved, 5 archived, 6 deleted. */
function statusOf(record: Fields, classUid: number, verdict: ControlStatus | undefined): FindingStatus {
  const id = classUid === 2001 ? numberAt(record, "state_id") : numberAt(record, "status_id");
  const word = firstText(textAt(record, "state"), textAt(record, "status"))?.toLowerCase();
  if (id === 3 || word === "suppressed") return "suppressed";
  if (id === 4 || id === 5 || id === 6 || word === "resolved" || word === "archived") return "resolved";
  // Activity 3 closes a finding.
  if (numberAt(record, "activity_id") === 3) return "resolved";
  return verdict === "passed" || verdict === "not_available" ? verdict : "open";
}

function serviceOf(resource: Fields): string | null {
  const group = textAt(fieldsAt(resource, "group"), "name");
  if (group !== null) return serviceName(group);
  const type = textAt(resource, "type");
  if (type !== null && type !== "Other") return serviceOfResourceType(type);
  const uid = textAt(resource, "uid");
  return firstText(uid === null ? null : (serviceOfArn(uid) ?? null), type);
}

/** Tags come as `{name, value}` objects or as labels `key:value`. */
function* tagsOf(resource: Fields): Generator<readonly [string, unknown]> {
  for (const tag of listAt(resource, "tags")) {
    if (isFields(tag) && typeof tag.name === "string") yield [tag.name, tag.value ?? ""];
  }
  for (const label of listAt(resource, "labels")) {
    if (typeof label !== "string") continue;
    const colon = label.indexOf(":");
    yield colon < 0 ? [label, ""] : [label.slice(0, colon), label.slice(colon + 1)];
  }
}
