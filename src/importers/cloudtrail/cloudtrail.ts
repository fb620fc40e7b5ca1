import { serviceName } from "../../core/findings/services.ts";
import { type Fields, fieldsAt, firstText, isFields, textAt } from "../shared/fields.ts";
import type { Sample } from "../shared/importer.ts";
import { noInstant, parseInstant } from "../shared/instants.ts";
import { readJsonFile } from "../shared/json-format.ts";
import {
  type ApiCall,
  type Normalized,
  type RecordFormat,
  type Refused,
  refuse,
} from "../shared/record-format.ts";

/**
 * AWS CloudTrail log files (`Records`), event histories (`Events`, whose entries carry the event as text), and single
 * events as EventBridge delivers them in their `detail`.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export const cloudtrailFormat: RecordFormat = {
  id: "cloudtrail",
  title: "AWS CloudTrail events",
  what: "CloudTrail event",
  detect: detectCloudTrail,
  read: (file) => readJsonFile(file, ["Records", "Events"]),
  normalize: (record) => [normalizeCloudTrail(record)],
};

function detectCloudTrail(sample: Sample): string | undefined {
  if (sample.kind !== "json") return undefined;
  const { text } = sample;
  const isEvent = /\\?"eventSource\\?"\s*:/.test(text) && /\\?"eventName\\?"\s*:/.test(text);
  if (!isEvent && !/^\{\s*"Records"\s*:\s*\[\s*\]/.test(text)) return undefined;
  return /\\?"eventVersion\\?"\s*:\s*\\?"([\d.]+)/.exec(text)?.[1] ?? "unknown";
}

function normalizeCloudTrail(record: unknown): Normalized {
  if (!isFields(record)) return refuse(null, "is not an object");
  return callOf(eventOf(record));
}

/** The event itself, out of what carries it. */
function eventOf(record: Fields): Fields {
  if (typeof record.CloudTrailEvent === "string") {
    try {
      const event: unknown = JSON.parse(record.CloudTrailEvent);
      return isFields(event) ? event : {};
    } catch {
      return {};
    }
  }
  const detail = fieldsAt(record, "detail");
  return "eventSource" in detail ? detail : record;
}

function callOf(event: Fields): ApiCall | Refused {
  const source = textAt(event, "eventSource");
  if (source === null) return refuse("eventSource", "has no eventSource");
  const account = firstText(
    textAt(event, "recipientAccountId"),
    textAt(fieldsAt(event, "userIdentity"), "accountId"),
  );
  if (account === null) return refuse("recipientAccountId", "has no recipientAccountId");
  const time = textAt(event, "eventTime");
  if (time === null) return refuse("eventTime", "has no eventTime");
  const at = parseInstant(time);
  if (at === undefined) return refuse("eventTime", `eventTime ${noInstant(time)}`);
  return {
    kind: "api-call",
    account,
    region: textAt(event, "awsRegion"),
    service: serviceName(source.replace(/\.amazonaws\.com(?:\.cn)?$/, "")),
    at,
    id: textAt(event, "eventID"),
  };
}
